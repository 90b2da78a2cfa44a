import type { ClientSession } from 'mongodb';
import { Types } from 'mongoose';
import type { AppContext } from '../../context.ts';
import { type BlockBody, type BlockView, MAX_BLOCKS } from '../../contract/blocks.ts';
import type { PageQuery } from '../../contract/pages.ts';
import { AppError, invalidField, notFound } from '../../errors.ts';
import type { BlockRow } from '../../models/block.ts';
import { type Actor, userKey } from '../access/actor.ts';
import { requireRight } from '../access/policy.ts';
import { majority, native, oid } from '../log/collections.ts';
import { type Page, readRows } from '../pages.ts';
import { bumpSetting } from '../settings.ts';
import { inTransaction } from '../transactions.ts';
import { blocksSetting } from './block-list.ts';

function blockView({ _id, key: _, by, ...rest }: BlockRow): BlockView {
  return { id: _id.toHexString(), ...rest, created_by: by.name };
}

const unexpired = (now: number) => ({ $or: [{ expires_at: null }, { expires_at: { $gt: now } }] });

/** Blocks in force, newest first. */
export async function listBlocks(
  ctx: AppContext,
  actor: Actor,
  query: PageQuery,
): Promise<Page<BlockView>> {
  requireRight(ctx.config, actor, 'block_customers', undefined);
  const filter = unexpired(ctx.clock());
  const { rows, total } = await readRows(native(ctx.db.blocks), query, { _id: -1 }, filter);
  return { rows: rows.map(blockView), total };
}

/** Changes the blocks and their version together, and has this process and the others know. */
async function changeBlocks(
  ctx: AppContext,
  change: (session: ClientSession) => Promise<void>,
): Promise<void> {
  await inTransaction(ctx, blocksSetting, async (session) => {
    await bumpSetting(ctx, blocksSetting, session);
    await change(session);
  });
  await ctx.desk.blocks.changed();
}

const inThePast = () => invalidField('expires_at', 'lies in the past', 'too_early');

/**
 * Blocks a customer: they may read, but not open tickets, write, or upload. Known or not: a user id needs no
 * profile and no ticket.
 * @throws AppError CONFLICT where they are blocked already, or too many others
 */
export async function createBlock(
  ctx: AppContext,
  actor: Actor,
  body: BlockBody,
): Promise<BlockView> {
  requireRight(ctx.config, actor, 'block_customers', undefined);
  const now = ctx.clock();
  const expires_at = body.expires_at ?? null;
  if (expires_at !== null && expires_at <= now) throw inThePast();
  const partner = body.partner ?? null;
  const row: BlockRow = {
    _id: new Types.ObjectId(),
    key: userKey('customer', body.user_id, partner),
    user_id: body.user_id,
    partner,
    reason: body.reason,
    expires_at,
    created_at: now,
    by: { key: actor.key, id: actor.id, name: actor.username },
  };
  await changeBlocks(ctx, async (session) => {
    const blocks = native(ctx.db.blocks);
    await blocks.deleteMany({ expires_at: { $lte: now } }, { session });
    if (await blocks.findOne({ key: row.key }, { session, projection: { _id: 1 } })) {
      throw new AppError('CONFLICT', 'this customer is blocked already');
    }
    if ((await blocks.countDocuments({}, { session })) >= MAX_BLOCKS) {
      throw new AppError('CONFLICT', `${MAX_BLOCKS} customers are blocked already`);
    }
    await blocks.insertOne(row, { session });
  });
  return blockView(row);
}

/** @throws AppError NOT_FOUND */
export async function deleteBlock(ctx: AppContext, actor: Actor, id: string): Promise<void> {
  requireRight(ctx.config, actor, 'block_customers', undefined);
  await changeBlocks(ctx, async (session) => {
    const { deletedCount } = await native(ctx.db.blocks).deleteOne({ _id: oid(id) }, { session });
    if (deletedCount === 0) throw notFound('block');
  });
}

/**
 * Takes away a customer's block, if there is one.
 * @param upTo one of a later time stays
 */
export async function forgetBlock(ctx: AppContext, key: string, upTo: number): Promise<void> {
  const block = await readBlock(ctx, key);
  if (!block || block.created_at > upTo) return;
  await changeBlocks(ctx, async (session) => {
    const known = { key, created_at: { $lte: upTo } };
    await native(ctx.db.blocks).deleteOne(known, { session });
  });
}

/** A customer's block; undefined where there is none. */
export async function readBlock(ctx: AppContext, key: string): Promise<BlockRow | undefined> {
  return (await native(ctx.db.blocks).findOne({ key }, { readConcern: majority })) ?? undefined;
}
