import { randomUUID } from 'node:crypto';
import type { ClientSession } from 'mongodb';
import type { AppContext } from '../context.ts';
import type { DueRow } from '../models/consumer.ts';
import type { Database } from '../models/database.ts';
import { backOff, createKeyedQueue } from './consumers/keyed-queue.ts';
import type { HeldLease } from './consumers/lease.ts';
import { createBatchLoader } from './log/batch-loader.ts';
import { native, readAtOnce } from './log/collections.ts';
import { isDuplicateKey } from './mongo-errors.ts';
import { oncePer } from './once-per.ts';

/** Held by the one node that does what is due. */
export const scheduleLease = 'schedule';

const FIRST_BACKOFF_MS = 1000;
const LONGEST_BACKOFF_MS = 10 * 60_000;
const MAX_TRIES = 10;
const AT_ONCE = 4;
/** Rows looked at together. */
const PAGE = 100;

/** Work for a time: of a kind that has a handler, one for each key. */
export interface Work {
  kind: string;
  key: string;
  /** Milliseconds since 1970. */
  at: number;
  /** JSON for the handler. */
  data?: unknown;
}

const idOf = ({ kind, key }: Pick<Work, 'kind' | 'key'>) => `${kind} ${key}`;

function fresh({ kind, key, at, data }: Work) {
  return { kind, key, at, data, tries: 0, problem: null, version: randomUUID(), begun: false };
}

/** Schedules work, in place of what was scheduled under its kind and key. */
export async function scheduleWork(ctx: AppContext, work: Work): Promise<void> {
  await native(ctx.db.due).updateOne(
    { _id: idOf(work) },
    { $set: fresh(work), $setOnInsert: { fence: 0 } },
    { upsert: true },
  );
}

/** Schedules work unless something is scheduled under its kind and key already. */
export async function ensureWork(ctx: AppContext, work: Work): Promise<void> {
  await native(ctx.db.due).updateOne(
    { _id: idOf(work) },
    { $setOnInsert: { ...fresh(work), fence: 0 } },
    { upsert: true },
  );
}

/** Schedules work that nobody has scheduled before, in the transaction that makes it necessary. */
export async function insertWork(
  ctx: AppContext,
  work: Work,
  session: ClientSession,
): Promise<void> {
  const row = { _id: idOf(work), ...fresh(work), fence: 0 };
  await native(ctx.db.due).insertOne(row as DueRow, { session });
}

/** Calls work off; what is under way already is not stopped. */
export async function cancelWork(ctx: AppContext, kind: string, key: string): Promise<void> {
  await native(ctx.db.due).deleteOne({ _id: idOf({ kind, key }) });
}

/** What may still be called off: neither begun, nor given up after it had begun. */
const untouched = { $or: [{ begun: { $ne: true } }, { at: null }] };

/**
 * Schedules work in place of what was scheduled, unless that has begun: compare-and-set, for work that
 * may be called off until the last moment.
 * @returns false where it has begun
 */
export async function scheduleUnlessBegun(ctx: AppContext, work: Work): Promise<boolean> {
  try {
    await native(ctx.db.due).updateOne(
      { _id: idOf(work), ...untouched },
      { $set: fresh(work), $setOnInsert: { fence: 0 } },
      { upsert: true },
    );
    return true;
  } catch (error) {
    if (isDuplicateKey(error)) return false;
    throw error;
  }
}

/**
 * Calls work off unless it has begun.
 * @returns the work called off; undefined where there was none; `begun`
 */
export async function cancelUnlessBegun(
  ctx: AppContext,
  kind: string,
  key: string,
): Promise<DueRow | undefined | 'begun'> {
  const _id = idOf({ kind, key });
  const due = native(ctx.db.due);
  const cancelled = await due.findOneAndDelete({ _id, ...untouched });
  if (cancelled) return cancelled;
  return (await due.countDocuments({ _id }, { limit: 1 })) ? 'begun' : undefined;
}

/**
 * The point of no return of a handler: from here on the work is not called off.
 * @returns false where it was called off, or scheduled anew
 */
export async function beginWork(ctx: AppContext, { _id, version }: DueRow): Promise<boolean> {
  const { matchedCount } = await native(ctx.db.due).updateOne(
    { _id, version },
    { $set: { begun: true } },
  );
  return matchedCount === 1;
}

async function findDueRows(db: Database, ids: readonly string[]): Promise<DueRow[]> {
  return native(db.due)
    .find({ _id: { $in: ids } } as never)
    .toArray();
}

/** Every view of a ticket looks for one row: those of clients that come back at once are read together. */
const dueReaderOf = oncePer((db: Database) =>
  createBatchLoader<string, DueRow>(async (ids) => {
    const query = { find: db.due.collection.collectionName, filter: { _id: { $in: ids } } };
    const rows = await readAtOnce<DueRow>(db, query, {}, ids.length);
    return new Map(rows.map((row) => [String(row._id), row]));
  }),
);

/** What is scheduled of a kind, by key, as it is when asked or later. */
export async function readWork(
  ctx: AppContext,
  kind: string,
  keys: readonly string[],
): Promise<Map<string, DueRow>> {
  const ids = keys.map((key) => idOf({ kind, key }));
  const [only] = ids;
  if (only !== undefined && ids.length === 1) {
    const row = await dueReaderOf(ctx.db)(only);
    return new Map(row ? [[row.key, row]] : []);
  }
  return new Map((await findDueRows(ctx.db, ids)).map((row) => [row.key, row]));
}

/** Work that was given up, with the reason; to be scheduled again or cancelled. */
export function listGivenUpWork(ctx: AppContext, limit: number): Promise<DueRow[]> {
  return native(ctx.db.due).find({ at: null }).limit(limit).toArray();
}

export interface WorkHandler {
  /**
   * Does the work: at least once, since a process may be killed between the doing and its being
   * written down. So it has to be idempotent.
   * @returns when it is due again, milliseconds from now, and with which data; nothing where it is over
   */
  run(
    ctx: AppContext,
    work: DueRow,
    signal: AbortSignal,
  ): Promise<{ again: number; data?: unknown } | undefined>;
  /** Failed tries after which it is given up and reported; by default 10. */
  maxTries?: number;
  /** Work of this kind is always scheduled, under an empty key; it is never given up. */
  recurring?: true;
}

/** What becomes of the row; a run that is not the newest, or under an older lease, changes nothing. */
function own({ _id, version }: DueRow, fence: number) {
  return { _id, version, fence };
}

async function runOne(ctx: AppContext, row: DueRow, handler: WorkHandler, lease: HeldLease) {
  const due = native(ctx.db.due);
  const filter = own(row, lease.fencingToken);
  try {
    const next = await handler.run(ctx, row, lease.signal);
    if (!next) return void (await due.deleteOne(filter));
    const data = 'data' in next ? next.data : row.data;
    const at = ctx.clock.now() + next.again;
    await due.updateOne(filter, { $set: { at, data, tries: 0, problem: null } });
  } catch (error) {
    const tries = row.tries + 1;
    const problem = (error as Error).message;
    const isOver = !handler.recurring && tries >= (handler.maxTries ?? MAX_TRIES);
    const pause = backOff(tries, FIRST_BACKOFF_MS, LONGEST_BACKOFF_MS);
    const at = isOver ? null : ctx.clock.now() + pause;
    ctx.log.warn({ kind: row.kind, key: row.key, tries, reason: problem }, 'due work has failed');
    await due.updateOne(filter, { $set: { at, tries, problem } });
    if (isOver) ctx.reports.report(error, { part: 'schedule', kind: row.kind });
  }
}

/**
 * Does what is due while the lease is held: a few at once, each once, the earliest first, found through
 * an index. What fails is tried again, later and later, and holds up nothing else. Kinds without a
 * handler here wait for a version that has one.
 * @param pollMs how often it is looked for
 */
export function runSchedule(
  ctx: AppContext,
  lease: HeldLease,
  handlers: Readonly<Record<string, WorkHandler>>,
  pollMs = 1000,
): { stop(): Promise<void> } {
  let stopped = false;
  let cancel: () => void = () => undefined;
  const isDue = () => ({ kind: { $in: Object.keys(handlers) }, at: { $lte: ctx.clock.now() } });

  const queue = createKeyedQueue({
    limit: AT_ONCE,
    async run(_id) {
      lease.require();
      const { fencingToken: fence } = lease;
      const row = await native(ctx.db.due).findOneAndUpdate(
        { _id, ...isDue(), fence: { $lte: fence } },
        { $set: { fence } },
        { returnDocument: 'after' },
      );
      const handler = row && handlers[row.kind];
      if (handler) await runOne(ctx, row, handler, lease);
    },
    onError: () => undefined,
  });

  let isSeeded = false;
  const seed = async () => {
    for (const [kind, { recurring }] of Object.entries(handlers)) {
      if (recurring) await ensureWork(ctx, { kind, key: '', at: ctx.clock.now() });
    }
    isSeeded = true;
  };

  const look = async () => {
    try {
      if (!isSeeded) await seed();
      const rows = await native(ctx.db.due)
        .find(isDue(), { projection: { _id: 1 } })
        .sort({ at: 1 })
        .limit(PAGE)
        .toArray();
      for (const { _id } of rows) queue.schedule(_id);
      ctx.health.set('worker', 'ok');
    } catch (error) {
      ctx.health.set('worker', 'degraded', (error as Error).message);
      ctx.log.warn({ reason: (error as Error).message }, 'due work cannot be looked for');
    }
    if (!stopped && lease.isHeld()) cancel = ctx.clock.after(pollMs, () => void look());
  };
  void look();
  return {
    async stop() {
      stopped = true;
      cancel();
      await queue.stop();
    },
  };
}
