import type { EntryRow } from '../../models/entry.ts';
import type { InsertResult } from './insert-results.ts';

/** Inserts rows; answers with one result a row and never throws. */
export type InsertRows = (rows: EntryRow[], ordered: boolean) => Promise<InsertResult[]>;

interface Waiting {
  rows: EntryRow[];
  settle: (results: InsertResult[]) => void;
}

const SLOTS = 3;
const ISOLATED_SLOTS = 8;
const ROWS_IN_A_BATCH = 256;
/** Rows that go at once where a slot is free, without those that may still come in this turn. */
const ENOUGH_ROWS = 32;

/**
 * Group commit: what is waiting when one of the slots is free goes to MongoDB as one command. A lone
 * row goes at once, without a timer; under load each command carries what came while the last ones
 * were under way. As soon as that is enough it goes, in the middle of a turn of the event loop: were all
 * of a turn to go together, all would be answered together and come again together, and the process and
 * MongoDB would wait for each other in turn.
 *
 * A batch is unordered and holds at most one row of a log, so that a refused row never leaves a
 * hole behind it. Several rows of one log go alone, as an ordered batch, for the same reason. What an
 * orphaned transaction may block goes by an isolated lane (a bulkhead), so that it holds up itself only.
 */
export function createBatches(insert: InsertRows) {
  const singles: Waiting[] = [];
  const runs: Waiting[] = [];
  const isolatedRuns: Waiting[] = [];
  let inFlight = 0;
  let isolatedInFlight = 0;
  let scheduled = false;

  const takeBatch = (): { batch: Waiting[]; ordered: boolean } => {
    const run = runs.shift();
    if (run) return { batch: [run], ordered: true };
    return { batch: singles.splice(0, ROWS_IN_A_BATCH), ordered: false };
  };

  const send = async (batch: Waiting[], ordered: boolean) => {
    const rows =
      batch.length === 1 ? (batch[0] as Waiting).rows : batch.flatMap((waiting) => waiting.rows);
    const results = await insert(rows, ordered);
    let from = 0;
    for (const { rows: own, settle } of batch) {
      settle(results.slice(from, from + own.length));
      from += own.length;
    }
  };

  const isWaiting = () => singles.length + runs.length > 0;

  const sendNext = () => {
    const { batch, ordered } = takeBatch();
    inFlight++;
    void send(batch, ordered).then(() => {
      inFlight--;
      if (isWaiting()) schedule();
    });
  };

  const flush = () => {
    scheduled = false;
    while (inFlight < SLOTS && isWaiting()) sendNext();
  };

  const schedule = () => {
    while (inFlight < SLOTS && singles.length >= ENOUGH_ROWS) sendNext();
    if (scheduled || inFlight >= SLOTS || !isWaiting()) return;
    scheduled = true;
    setImmediate(flush);
  };

  const flushIsolated = () => {
    while (isolatedInFlight < ISOLATED_SLOTS && isolatedRuns.length > 0) {
      isolatedInFlight++;
      void send([isolatedRuns.shift() as Waiting], true).then(() => {
        isolatedInFlight--;
        flushIsolated();
      });
    }
  };

  return {
    /** Queues rows of one log, with consecutive seqs; resolves with a result for each. */
    commit(rows: EntryRow[], isolated: boolean): Promise<InsertResult[]> {
      return new Promise((settle) => {
        if (isolated) {
          isolatedRuns.push({ rows, settle });
          flushIsolated();
          return;
        }
        (rows.length > 1 ? runs : singles).push({ rows, settle });
        schedule();
      });
    },
  };
}
