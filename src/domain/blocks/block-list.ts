import type { AppContext } from '../../context.ts';
import { AppError } from '../../errors.ts';
import type { BlockRow } from '../../models/block.ts';
import { type Actor, isStaff } from '../access/actor.ts';
import { majority, native } from '../log/collections.ts';
import { createWatched, type WatchDeps, type Watched } from '../watched.ts';

/** The setting whose version says that the blocks are others than before. */
export const blocksSetting = 'blocks';

/** What is known of a customer who may not write. */
export type Block = Pick<BlockRow, 'reason' | 'expires_at'>;
export type BlockList = Watched<ReadonlyMap<string, Block>>;

/** All blocks, by the customer's key: a message costs a look into memory. */
export function createBlockList(deps: WatchDeps): BlockList {
  return createWatched(deps, blocksSetting, async () => {
    const rows = await native(deps.db.blocks)
      .find({}, { readConcern: majority, projection: { key: 1, reason: 1, expires_at: 1 } })
      .toArray();
    return new Map(rows.map(({ key, reason, expires_at }) => [key, { reason, expires_at }]));
  });
}

/** The block a customer is under now. */
export async function blockOf(ctx: AppContext, actor: Actor): Promise<Block | undefined> {
  if (isStaff(actor)) return undefined;
  const block = (await ctx.desk.blocks.get()).get(actor.key);
  if (!block || (block.expires_at !== null && block.expires_at <= ctx.clock())) return undefined;
  return block;
}

/** 2026-01-31 09:30 UTC */
const shownTime = (at: number) =>
  `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`;

/** The refusal of what a blocked customer wants to write, in words for them. */
export function blockedError({ reason, expires_at }: Block): AppError {
  const until = expires_at === null ? 'any more' : `until ${shownTime(expires_at)}`;
  const message = `you cannot write to us ${until}: ${reason}`;
  return new AppError('FORBIDDEN', message, {
    errors: [
      { location: 'user', message, type: 'blocked', context: { reason, expires_at }, in: 'body' },
    ],
  });
}

/** @throws AppError FORBIDDEN where the actor is blocked */
export async function requireUnblocked(ctx: AppContext, actor: Actor): Promise<void> {
  const block = await blockOf(ctx, actor);
  if (block) throw blockedError(block);
}
