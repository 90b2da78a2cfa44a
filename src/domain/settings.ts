import type { ClientSession } from 'mongodb';
import type { AppContext } from '../context.ts';
import { majority, native } from './log/collections.ts';

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
 * Remembers which of several modes is in force, and since when.
 * @param mode the one that is in force from now on
 * @param first the one that was before any was stored
 * @returns since when it is without a break, milliseconds since 1970; 0 for ever since
 */
export async function enterMode(
  ctx: Pick<AppContext, 'db' | 'clock'>,
  name: string,
  mode: string,
  first: string,
): Promise<number> {
  const row = await native(ctx.db.settings).findOne({ _id: name }, { readConcern: majority });
  const stored = row?.value as { mode: string; since: number } | null | undefined;
  const before = stored ?? { mode: first, since: 0 };
  if (before.mode === mode) return before.since;
  // A clock that was put back must not make the former mode's time the new one's.
  const since = Math.max(ctx.clock(), before.since);
  await storeSetting(ctx, name, { mode, since });
  return since;
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
