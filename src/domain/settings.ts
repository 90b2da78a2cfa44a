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
export async function storeSetting(ctx: AppContext, name: string, value: unknown): Promise<void> {
  await native(ctx.db.settings).updateOne(
    { _id: name },
    { $inc: { version: 1 }, $set: { value, updated_at: ctx.clock() } },
    { upsert: true },
  );
}
