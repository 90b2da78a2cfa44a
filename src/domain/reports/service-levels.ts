import type { ComplianceView } from '../../contract/reports.ts';
import type { Priority } from '../priorities/priorities.ts';
import type { DayTable } from './day-table.ts';
import { openWords, rowsOf, type Whose } from './summarize.ts';

/** What became of a time that a priority gives. */
class Compliance {
  #met = 0;
  #breached = 0;
  #running = 0;

  /**
   * @param took how long it took; not a number where it has not been done
   * @param elapsed how long it has taken so far
   * @param open false where it will not be done any more: then it counts as nothing
   */
  add(took: number, target: number, elapsed: number, open: boolean): void {
    if (!Number.isNaN(took)) {
      if (took <= target) this.#met++;
      else this.#breached++;
    } else if (open) {
      if (elapsed > target) this.#breached++;
      else this.#running++;
    }
  }

  merge(other: Compliance): void {
    this.#met += other.#met;
    this.#breached += other.#breached;
    this.#running += other.#running;
  }

  view(): ComplianceView {
    const [met, breached, running] = [this.#met, this.#breached, this.#running];
    const done = met + breached;
    return { met, breached, running, compliance: done === 0 ? null : met / done };
  }
}

/** Both times of tickets against those of a priority: by the clock, pauses taken off. */
export class ServiceLevels {
  tickets = 0;
  readonly response = new Compliance();
  readonly resolution = new Compliance();

  add(table: DayTable, row: number, priority: Priority, now: number, open: boolean): void {
    const paused = table.paused[row] as number;
    const elapsed = (Number.isNaN(paused) ? now : paused) - (table.clock[row] as number);
    const response = table.response[row] as number;
    const resolution = table.resolution[row] as number;
    this.response.add(response, priority.first_response_ms, elapsed, open);
    this.resolution.add(resolution, priority.resolution_ms, elapsed, open);
  }

  merge(other: ServiceLevels): void {
    this.tickets += other.tickets;
    this.response.merge(other.response);
    this.resolution.merge(other.resolution);
  }
}

/** The service levels of each priority that has tickets, by its name, and of all of them together. */
export function measureLevels(
  days: readonly DayTable[],
  whose: Whose,
  priorities: readonly Priority[],
  now: number,
): { all: ServiceLevels; each: Map<string, ServiceLevels> } {
  const each = new Map<string, ServiceLevels>();
  for (const table of days) {
    const open = openWords(table);
    // What waits for approval waits for nobody of those who answer.
    const waiting = table.words.indexOf('NEW');
    const ofWord = table.words.map((word) => {
      const priority = priorities.find(({ name }) => name === word);
      return priority && { priority, levels: each.get(word) ?? new ServiceLevels() };
    });
    for (const row of rowsOf(table, whose)) {
      const own = ofWord[table.priority[row] as number];
      if (!own) continue;
      const { levels, priority } = own;
      levels.tickets++;
      each.set(priority.name, levels);
      const status = table.status[row] as number;
      if (status !== waiting) levels.add(table, row, priority, now, open[status] as boolean);
    }
  }
  const all = new ServiceLevels();
  for (const levels of each.values()) all.merge(levels);
  return { all, each };
}
