import type { ClientSession } from 'mongodb';
import type { AppContext } from '../context.ts';
import { native } from './log/collections.ts';

/** Gives a setting another version, so that every process reads what belongs to it anew. */
export async function bumpSetting(
  ctx: AppContext,
  name: string,
  session: ClientSession,
): Promise<void> {
  await native(ctx.db.settings).updateOne(
    { _id: name },
    { $inc: { version: 1 }, $set: { updated_at: ctx.clock() } },
    { upsert: true, session },
  );
}

/** Stores a setting's value; null for none. */
export async function storeSetting(
  ctx: Pick<AppContext, 'db' | 'clock'>,
  name: string,
  value: unknown,
): Promise<void> {
  await native(ctx.db.settings).updateOne(
    { _id: name },
    { $inc: { version: 1 }, $set: { value, updated_at: ctx.clock() } },
    { upsert: true },
  );
}

/**
 * Writes a setting that nothing goes by.
 * @returns whether MongoDB has confirmed it in time
 */
export async function confirmWrite(
  ctx: Pick<AppContext, 'db' | 'clock'>,
  timeoutMs: number,
): Promise<boolean> {
  const written = storeSetting(ctx, 'doctor', null).then(
    () => true,
    () => false,
  );
  const late = new Promise<boolean>((resolve) => {
    const off = ctx.clock.after(timeoutMs, () => resolve(false));
    void written.then(off);
  });
  return Promise.race([written, late]);
}
