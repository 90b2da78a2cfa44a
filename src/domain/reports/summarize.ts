import type { ComplianceView, TimesView } from '../../contract/reports.ts';
import type { TicketStatus } from '../../contract/ticket-words.ts';
import type { Priority } from '../priorities/priorities.ts';
import { isOpen } from '../tickets/workflow.ts';
import type { DayTable } from './day-table.ts';

/** Which tickets of a day count: all, or those of some agents. */
export interface Whose {
  /** The keys of the person they are assigned to; all tickets without. */
  keys?: ReadonlySet<string>;
}

/** The codes of a day's agents that count; undefined for all tickets. */
function codesOf({ agents }: DayTable, { keys }: Whose): ReadonlySet<number> | undefined {
  if (!keys) return undefined;
  return new Set(agents.flatMap(({ key }, nth) => (keys.has(key) ? [nth + 1] : [])));
}

/** The rows of a day that count. */
export function* rowsOf(table: DayTable, whose: Whose): Iterable<number> {
  const codes = codesOf(table, whose);
  if (codes?.size === 0) return;
  for (let row = 0; row < table.count; row++) {
    if (!codes || codes.has(table.agent[row] as number)) yield row;
  }
}

export function countClosed(table: DayTable, whose: Whose): number {
  const codes = codesOf(table, whose);
  if (!codes) return table.closed.length;
  return table.closed.reduce((sum, code) => sum + (codes.has(code) ? 1 : 0), 0);
}

const nearestRank = (sorted: Float64Array, share: number) =>
  sorted.length === 0 ? null : (sorted[Math.ceil(share * sorted.length) - 1] as number);

/** Median and 90th percentile by nearest rank. */
export function timesOf(values: readonly number[]): TimesView {
  const sorted = Float64Array.from(values).sort();
  return {
    count: sorted.length,
    median: nearestRank(sorted, 0.5),
    p90: nearestRank(sorted, 0.9),
  };
}

/** How often each name of a column comes. */
export class Counts {
  readonly byName = new Map<string, number>();

  add(name: string): void {
    this.byName.set(name, (this.byName.get(name) ?? 0) + 1);
  }
}

export class Ratings {
  count = 0;
  #sum = 0;

  add(score: number): void {
    if (score === 0) return;
    this.count++;
    this.#sum += score;
  }

  view(): { count: number; average: number | null } {
    const { count } = this;
    return { count, average: count === 0 ? null : this.#sum / count };
  }
}

/** Tickets added up: all that a summary says of them. */
export class Summary {
  total = 0;
  open = 0;
  readonly status = new Counts();
  readonly priority = new Counts();
  readonly category = new Counts();
  readonly channel = new Counts();
  readonly responses: number[] = [];
  readonly resolutions: number[] = [];
  readonly ratings = new Ratings();

  add(table: DayTable, row: number): void {
    const word = (column: Uint16Array) => table.words[column[row] as number] as string;
    this.total++;
    const status = word(table.status) as TicketStatus;
    if (isOpen({ status })) this.open++;
    this.status.add(status);
    this.priority.add(word(table.priority));
    this.category.add(word(table.category));
    this.channel.add(word(table.channel));
    const response = table.response[row] as number;
    const resolution = table.resolution[row] as number;
    if (!Number.isNaN(response)) this.responses.push(response);
    if (!Number.isNaN(resolution)) this.resolutions.push(resolution);
    this.ratings.add(table.rating[row] as number);
  }
}

/** What became of a time that a priority gives. */
export class Compliance {
  #met = 0;
  #breached = 0;
  #running = 0;

  /**
   * @param took how long it took; not a number where it has not been done
   * @param elapsed how long it has taken so far
   * @param over true where it will not be done any more: that counts as late or as nothing
   */
  add(took: number, target: number, elapsed: number, over: boolean): void {
    if (!Number.isNaN(took)) {
      if (took <= target) this.#met++;
      else this.#breached++;
    } else if (!over) {
      if (elapsed > target) this.#breached++;
      else this.#running++;
    }
  }

  view(): ComplianceView {
    const [met, breached, running] = [this.#met, this.#breached, this.#running];
    const done = met + breached;
    return { met, breached, running, compliance: done === 0 ? null : met / done };
  }
}

/** Both times of a ticket against those of its priority: by the clock, pauses taken off. */
export class ServiceLevels {
  readonly response = new Compliance();
  readonly resolution = new Compliance();

  add(table: DayTable, row: number, priority: Priority, now: number): void {
    const status = table.words[table.status[row] as number] as TicketStatus;
    // What waits for approval waits for nobody of those who answer.
    if (status === 'NEW') return;
    const paused = table.paused[row] as number;
    const elapsed = (Number.isNaN(paused) ? now : paused) - (table.clock[row] as number);
    const over = !isOpen({ status });
    const response = table.response[row] as number;
    const resolution = table.resolution[row] as number;
    this.response.add(response, priority.first_response_ms, elapsed, over);
    this.resolution.add(resolution, priority.resolution_ms, elapsed, over);
  }
}
