import type { Log } from '../../infra/log.ts';
import type { Database } from '../../models/database.ts';
import { listRecentHeads, type RecentHead } from './heads.ts';

export interface Sweep {
  /** Looks at once, as after Redis has come back. */
  now(): void;
  /** @returns a function that ends the subscription. */
  onHeads(listener: (heads: RecentHead[]) => void): () => void;
  /** Entries whose id is older than this have been seen by every listener; milliseconds since 1970. */
  settledBefore(): number;
  close(): void;
}

/** Sweeps that must succeed in a row before their window moves on. */
const SETTLE_AFTER = 4;
/** How far the clocks of the processes may differ, in milliseconds. */
const CLOCK_SKEW_MS = 3000;

/**
 * Asks MongoDB every few seconds which logs have grown, so that an entry whose hint was lost is still
 * found. An entry's id is made before it is inserted, at the earliest one write deadline before, and
 * after an outage even later: so the window starts a deadline and a clock skew before the start of
 * the fourth last sweep, and stands still while sweeps fail.
 */
export function createSweep(
  db: Database,
  options: { intervalMs: number; deadlineMs: number },
  log: Log,
): Sweep {
  const listeners = new Set<(heads: RecentHead[]) => void>();
  const overlap = options.deadlineMs + CLOCK_SKEW_MS;
  let starts: number[] = [];
  let settled = Date.now() - overlap;
  let timer: NodeJS.Timeout | undefined;
  let running = false;
  let closed = false;

  const look = async () => {
    const start = Date.now();
    const heads = await listRecentHeads(db, settled);
    for (const listener of listeners) listener(heads);
    starts.push(start);
    if (starts.length > SETTLE_AFTER) settled = (starts.shift() as number) - overlap;
  };

  const run = async () => {
    if (running || closed) return;
    running = true;
    clearTimeout(timer);
    try {
      await look();
    } catch (error) {
      starts = [];
      log.debug({ reason: (error as Error).message }, 'a sweep failed');
    }
    running = false;
    if (!closed) timer = setTimeout(run, options.intervalMs * (0.8 + Math.random() * 0.4)).unref();
  };

  timer = setTimeout(run, options.intervalMs).unref();
  return {
    now: () => void run(),
    onHeads(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    settledBefore: () => settled,
    close() {
      closed = true;
      clearTimeout(timer);
    },
  };
}
