import type { TimesView } from '../../contract/reports.ts';
import type { TicketStatus } from '../../contract/ticket-words.ts';
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
export function rowsOf(table: DayTable, whose: Whose): Uint32Array {
  const codes = codesOf(table, whose);
  if (codes?.size === 0) return new Uint32Array();
  const all = Uint32Array.from({ length: table.count }, (_, row) => row);
  return codes ? all.filter((row) => codes.has(table.agent[row] as number)) : all;
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

/** For each word of a day whether it is a status of tickets that have not ended. */
export function openWords({ words }: DayTable): readonly boolean[] {
  return words.map((word) => isOpen({ status: word as TicketStatus }));
}

/** Tickets added up, whatever they are. */
export class Tally {
  total = 0;
  open = 0;
  readonly responses: number[] = [];
  readonly resolutions: number[] = [];
  #ratings = 0;
  #scores = 0;

  /** @param open those of the day's words that are open statuses */
  add(table: DayTable, row: number, open: readonly boolean[]): void {
    this.total++;
    if (open[table.status[row] as number]) this.open++;
    const response = table.response[row] as number;
    const resolution = table.resolution[row] as number;
    if (!Number.isNaN(response)) this.responses.push(response);
    if (!Number.isNaN(resolution)) this.resolutions.push(resolution);
    const score = table.rating[row] as number;
    if (score > 0) this.#ratings++;
    this.#scores += score;
  }

  merge(other: Tally): void {
    this.total += other.total;
    this.open += other.open;
    for (const time of other.responses) this.responses.push(time);
    for (const time of other.resolutions) this.resolutions.push(time);
    this.#ratings += other.#ratings;
    this.#scores += other.#scores;
  }

  get rating(): { count: number; average: number | null } {
    const count = this.#ratings;
    return { count, average: count === 0 ? null : this.#scores / count };
  }
}

const groups = ['status', 'priority', 'category', 'channel'] as const;
export type Counts = ReadonlyMap<string, number>;

function addCount(counts: Map<string, number>, name: string, count: number): void {
  counts.set(name, (counts.get(name) ?? 0) + count);
}

/** Tickets added up, and counted by what they are. */
export class Summary {
  readonly tally = new Tally();
  readonly status = new Map<string, number>();
  readonly priority = new Map<string, number>();
  readonly category = new Map<string, number>();
  readonly channel = new Map<string, number>();

  addDay(table: DayTable, rows: Uint32Array): void {
    const open = openWords(table);
    for (const row of rows) this.tally.add(table, row, open);
    for (const group of groups) {
      const codes = new Uint32Array(table.words.length);
      const column = table[group];
      for (const row of rows) {
        const code = column[row] as number;
        codes[code] = (codes[code] as number) + 1;
      }
      for (const [code, count] of codes.entries()) {
        if (count > 0) addCount(this[group], table.words[code] as string, count);
      }
    }
  }

  merge(other: Summary): void {
    this.tally.merge(other.tally);
    for (const group of groups) {
      for (const [name, count] of other[group]) addCount(this[group], name, count);
    }
  }
}

/** A day added up. */
export interface DaySummary {
  summary: Summary;
  first_response: TimesView;
  resolution: TimesView;
}

function addUp(table: DayTable, whose: Whose): DaySummary {
  const summary = new Summary();
  summary.addDay(table, rowsOf(table, whose));
  const { responses, resolutions } = summary.tally;
  return { summary, first_response: timesOf(responses), resolution: timesOf(resolutions) };
}

/** A table never changes, so that what all of its tickets add up to is worked out once. */
const known = new WeakMap<DayTable, DaySummary>();

export function summarizeDay(table: DayTable, whose: Whose): DaySummary {
  if (whose.keys) return addUp(table, whose);
  const summary = known.get(table) ?? addUp(table, whose);
  known.set(table, summary);
  return summary;
}

export function summarizeDays(days: readonly DayTable[], whose: Whose): Summary {
  const all = new Summary();
  for (const table of days) all.merge(summarizeDay(table, whose).summary);
  return all;
}
