import { LRUCache } from 'lru-cache';
import type { AppContext } from '../../context.ts';
import { type LogId, logKey, logOfKey } from '../log/entry.ts';
import { createTurns } from '../turns.ts';
import { LeaseLost } from './lease.ts';
import type { createOffsets } from './offsets.ts';

/** Logs whose offset is remembered, to spare a look at those a poll names again. */
const REMEMBERED = 50_000;
/** How long what was dealt with may be unwritten, in milliseconds: what a killed process does again. */
const FLUSH_MS = 2000;

export interface PositionsOptions {
  name: string;
  offsets: ReturnType<typeof createOffsets>;
  /** True where there is something left to do in a log. */
  isOpen(key: string): boolean;
  /** How long a position may be unwritten, in milliseconds; by default two seconds. */
  flushMs?: number | undefined;
}

/**
 * How far a consumer has come in each log: in memory, and written down behind it for many logs at once.
 * What is written is never ahead of what was dealt with, so whoever follows a killed process does the
 * last two seconds again, and leaves nothing out.
 */
export function keepPositions(ctx: AppContext, options: PositionsOptions) {
  const { name, offsets, isOpen } = options;
  const flushMs = Math.min(FLUSH_MS, options.flushMs ?? FLUSH_MS);
  const known = new LRUCache<string, number>({ max: REMEMBERED });
  const unwritten = new Map<string, number>();
  /** Logs whose row says `lagging`, until it was written that they are caught up with. */
  const marked = new Set<string>();
  const turns = createTurns<object>();
  let cancel: (() => void) | undefined;

  const get = (key: string): number | undefined => unwritten.get(key) ?? known.get(key);

  const writeAll = async () => {
    const taken = [...unwritten];
    unwritten.clear();
    const positions = taken.map(([key, seq]) => {
      const open = isOpen(key);
      if (!open) marked.delete(key);
      return { log: logOfKey(key), seq, isOpen: open };
    });
    try {
      if (positions.length > 0) await offsets.commit(positions);
    } catch (error) {
      // A newer lease knows better how far these have come.
      if (error instanceof LeaseLost) return;
      for (const [key, seq] of taken) {
        if (!unwritten.has(key)) unwritten.set(key, seq);
        marked.add(key);
      }
      throw error;
    }
  };
  const flush = () => turns.take(offsets, writeAll);

  const flushLater = () => {
    cancel ??= ctx.clock.after(flushMs, () => {
      cancel = undefined;
      void flush().catch(({ message: reason }: Error) => {
        ctx.log.warn({ consumer: name, reason }, 'offsets are not written');
        flushLater();
      });
    });
  };

  return {
    /** The last entry of a log that is dealt with; undefined where that is not known here. */
    get,
    /** Notes that a log is dealt with up to `seq`. */
    advance(key: string, seq: number): void {
      const before = get(key);
      if (before !== undefined && before >= seq && !marked.has(key)) return;
      const furthest = Math.max(seq, before ?? 0);
      known.set(key, furthest);
      unwritten.set(key, furthest);
      flushLater();
    },
    /**
     * The position of a log that is met for the first time.
     * @param begin says where one begins that has no offset yet
     * @throws LeaseLost
     */
    async claim(log: LogId, begin: () => Promise<number>): Promise<number> {
      const key = logKey(log);
      const row = await offsets.read(log);
      if (row) {
        known.set(key, row.seq);
        if (row.lagging) marked.add(key);
        return row.seq;
      }
      return begin();
    },
    /** @throws LeaseLost */
    async markLagging(logs: readonly LogId[]): Promise<void> {
      await turns.take(offsets, () => offsets.markLagging(logs));
      for (const log of logs) marked.add(logKey(log));
    },
    /** Writes down what is not written yet. */
    flush,
    /** Ends the writing by the clock. */
    stop(): void {
      cancel?.();
    },
  };
}
