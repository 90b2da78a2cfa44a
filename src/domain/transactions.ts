import { setTimeout as sleep } from 'node:timers/promises';
import { type ClientSession, MongoError } from 'mongodb';
import type { AppContext } from '../context.ts';
import type { Database } from '../models/database.ts';
import { isDuplicateKey } from './mongo-errors.ts';

/** How long a transaction may be held up by another's before it is begun anew, in milliseconds. */
const LONGEST_PAUSE_MS = 50;

const hasLabel = (error: unknown, label: string) =>
  error instanceof MongoError && error.hasErrorLabel(label);

/** True where the transaction left nothing behind, and may be begun anew. */
function isTransient(error: unknown): boolean {
  if (hasLabel(error, 'TransientTransactionError')) return true;
  // Two upserts made the same row at the same moment.
  return isDuplicateKey(error) && '_id' in (error.keyPattern ?? {});
}

/** The outcome of a commit is asked for by committing again, which does nothing twice. */
async function commit(session: ClientSession, deadline: number): Promise<void> {
  for (;;) {
    try {
      return await session.commitTransaction();
    } catch (error) {
      const isUnknown = hasLabel(error, 'UnknownTransactionCommitResult');
      if (!isUnknown || performance.now() > deadline) throw error;
      await sleep(LONGEST_PAUSE_MS);
    }
  }
}

const turns = new WeakMap<Database, Map<string, Promise<unknown>>>();

/** One after the other for each key: in one process, transactions on the same row need not collide. */
async function inTurn<T>(db: Database, key: string, work: () => Promise<T>): Promise<T> {
  const waiting = turns.get(db) ?? new Map<string, Promise<unknown>>();
  turns.set(db, waiting);
  const before = waiting.get(key);
  const own = (before ?? Promise.resolve()).then(work, work);
  waiting.set(key, own);
  try {
    return await own;
  } finally {
    if (waiting.get(key) === own) waiting.delete(key);
  }
}

/**
 * Runs some writes in one transaction, again where it meets another's. What is read in it is a snapshot;
 * what has been committed, a majority has on its disks.
 * @param key of what several at once would collide on: a process runs them one by one
 * @param work may run several times, and must put `session` into every operation
 * @throws what `work` throws, after which nothing is written; a storage error where the outcome is unknown
 */
export function inTransaction<T>(
  ctx: AppContext,
  key: string,
  work: (session: ClientSession) => Promise<T>,
): Promise<T> {
  return inTurn(ctx.db, key, () => run(ctx, work));
}

async function run<T>(ctx: AppContext, work: (session: ClientSession) => Promise<T>): Promise<T> {
  const deadline = performance.now() + ctx.config.writeDeadlineMs;
  const session = ctx.db.connection.getClient().startSession();
  try {
    for (;;) {
      try {
        session.startTransaction({
          readConcern: { level: 'snapshot' },
          writeConcern: { w: 'majority', j: true, wtimeoutMS: ctx.config.writeDeadlineMs },
        });
        const result = await work(session);
        await commit(session, deadline);
        return result;
      } catch (error) {
        if (session.inTransaction()) await session.abortTransaction().catch(() => undefined);
        if (!isTransient(error) || performance.now() > deadline) throw error;
        await sleep(Math.random() * LONGEST_PAUSE_MS);
      }
    }
  } finally {
    await session.endSession();
  }
}
