import { BSON } from 'mongodb';
import type { AppContext } from '../../src/context.ts';
import { startWorker } from '../../src/worker-role.ts';
import { quickLease } from './bridge.ts';
import { eventually } from './eventually.ts';
import { laterBy } from './uploads.ts';

/** Where a word still stands: every document of every collection is looked through as the bytes it is. */
export async function findWord({ db }: AppContext, word: string): Promise<string[]> {
  const database = db.connection.db!;
  const found: string[] = [];
  for (const { name } of await database.listCollections().toArray()) {
    for await (const row of database.collection(name).find()) {
      const text = Buffer.from(BSON.serialize(row)).toString('latin1').toLowerCase();
      if (text.includes(word)) found.push(`${name} ${String(row._id)}`);
    }
  }
  return found;
}

/** Runs a worker at another time of day, or with other parts, until a check holds. */
export async function withWorker<T>(
  ctx: AppContext,
  check: () => T | Promise<T>,
  { later = 0, ...parts }: { later?: number } & Partial<AppContext> = {},
): Promise<T> {
  const worker = startWorker({ ...laterBy(ctx, later), ...parts }, quickLease);
  try {
    return await eventually(check, { timeout: 30_000 });
  } finally {
    await worker.stop();
  }
}

/** So much later that what was deleted is looked for once more. */
export const LAST_LOOK = 11 * 60_000;

/** A kill at the nth pass of a point, as far as what passes it can tell. */
export function killedAt(point: string, nth = 1) {
  let left = nth;
  let isDead = false;
  return {
    failpoint(passed: string) {
      if (passed !== point || --left > 0) return;
      isDead = true;
      throw new Error('killed');
    },
    hasDied: () => isDead,
  };
}
