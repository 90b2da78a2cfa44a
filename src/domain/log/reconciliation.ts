import type { Timestamp } from 'mongodb';
import type { Log } from '../../infra/log.ts';
import type { Database } from '../../models/database.ts';
import { clusterTime, readClusterClock } from './cluster-clock.ts';
import { type Stream, type Ticket, toTicket } from './entry.ts';
import { listRecentHeads, listRecentTickets, type RecentHead } from './heads.ts';

/**
 * What MongoDB has taken in lately: some of it for the first time, some of it seen before. A listener
 * has to ask for what is internal by its own name.
 */
export interface RecentChanges {
  /** Public logs that have grown. */
  heads: RecentHead[];
  internalHeads: RecentHead[];
  tickets: RecentTicket[];
}

/** A ticket, and when MongoDB took it in. */
export type RecentTicket = Ticket & { stored: Timestamp };

export interface Reconciliation {
  /** Looks at once, as after Redis has come back. */
  now(): void;
  /** @returns a function that ends the subscription. */
  onChanges(listener: (found: RecentChanges) => void): () => void;
  /**
   * The cluster's time at a moment of this process's clock; or a later one, where all that MongoDB
   * took in before has been found.
   * @param ms milliseconds since 1970
   * @param found up to where that has been found; an earlier answer of this, or how it is now
   */
  watermarkSince(ms: number, found?: Timestamp): Timestamp;
  close(): void;
}

/**
 * How long after MongoDB has given an entry its time the entry may still become visible: an insert
 * waits at most 2.5 s for another's lock, and a closing or a deletion commits within 5 s or not at all.
 */
const LATENCY_SECONDS = 10;
/** How far the clocks of this process and of the cluster may differ, until the cluster has been asked. */
const CLOCK_SKEW_MS = 3000;

/**
 * Reconciliation poll: asks MongoDB every few seconds which logs have grown and which tickets are new,
 * so that what a lost hint told of is still found. It goes by the cluster time of the insert, so neither
 * a process's clock nor an insert that was long on its way can hide one. The watermark moves on with
 * what a majority has, and stands still while there is none.
 * @param onBug told what a listener has thrown
 */
export function createReconciliation(
  db: Database,
  options: { intervalMs: number },
  log: Log,
  onBug: (error: unknown) => void,
): Reconciliation {
  const listeners = new Set<(found: RecentChanges) => void>();
  let watermark = clusterTime(Date.now() - CLOCK_SKEW_MS - LATENCY_SECONDS * 1000);
  let ahead = -CLOCK_SKEW_MS;
  let timer: NodeJS.Timeout | undefined;
  let running = false;
  let closed = false;

  /** All there is since `watermark`, at least up to `committed`, also where another member is primary now. */
  const find = async (committed: Timestamp): Promise<RecentChanges> => {
    const session = db.connection.getClient().startSession();
    try {
      session.advanceOperationTime(committed);
      const rows = await listRecentTickets(db, watermark, session);
      const recent = await listRecentHeads(db, watermark, session);
      const of = (stream: Stream) => recent.filter((head) => head.stream === stream);
      return {
        heads: of('public'),
        internalHeads: of('internal'),
        tickets: rows.map((row) => ({ ...toTicket(row), stored: row.stored })),
      };
    } finally {
      await session.endSession();
    }
  };

  const look = async () => {
    const clock = await readClusterClock(db);
    const found = await find(clock.committed);
    for (const listener of listeners) {
      try {
        listener(found);
      } catch (error) {
        // A bug of one listener keeps nothing from the others, nor from what comes next.
        onBug(error);
      }
    }
    ahead = clock.ahead;
    const next = clusterTime((clock.committed.t - LATENCY_SECONDS) * 1000);
    if (next.greaterThan(watermark)) watermark = next;
  };

  const run = async () => {
    if (running || closed) return;
    running = true;
    clearTimeout(timer);
    try {
      await look();
    } catch (error) {
      log.debug({ reason: (error as Error).message }, 'a reconciliation poll failed');
    }
    running = false;
    if (!closed) timer = setTimeout(run, options.intervalMs * (0.8 + Math.random() * 0.4)).unref();
  };

  timer = setTimeout(run, options.intervalMs).unref();
  return {
    now: () => void run(),
    onChanges(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    watermarkSince(ms, found = watermark) {
      const since = clusterTime(ms + ahead);
      return since.greaterThan(found) ? since : found;
    },
    close() {
      closed = true;
      clearTimeout(timer);
    },
  };
}
