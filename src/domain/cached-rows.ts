import { createHash } from 'node:crypto';
import { Types } from 'mongoose';
import type { AppContext } from '../context.ts';

/** How long another node's change of such rows may go unseen, in milliseconds. */
const FRESH_MS = 5000;

/** The id of a row that is there from the start: the same in every database, whoever puts it in. */
export function seededId(kind: string, name: string): Types.ObjectId {
  const hash = createHash('sha256').update(`${kind} ${name}`).digest('hex');
  return Types.ObjectId.createFromHexString(hash.slice(0, 24));
}

interface Cached<T> {
  rows: Promise<readonly T[]>;
  readAt: number;
}

/**
 * A short list that is read with every change and changes with none: kept in memory for a few seconds
 * (cache-aside). What this node changes itself it sees at once, through `forget`.
 */
export function createRowCache<T>(read: (ctx: AppContext) => Promise<readonly T[]>) {
  const caches = new WeakMap<AppContext['db'], Cached<T>>();
  const forget = (ctx: AppContext) => void caches.delete(ctx.db);
  return {
    forget,
    async list(ctx: AppContext): Promise<readonly T[]> {
      const known = caches.get(ctx.db);
      if (known && performance.now() - known.readAt < FRESH_MS) return known.rows;
      const cached: Cached<T> = { rows: read(ctx), readAt: performance.now() };
      caches.set(ctx.db, cached);
      // A failure is its caller's, and nobody else's.
      cached.rows.catch(() => {
        if (caches.get(ctx.db) === cached) caches.delete(ctx.db);
      });
      return cached.rows;
    },
  };
}
