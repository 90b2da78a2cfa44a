import { Types } from 'mongoose';
import type { AppContext } from '../../context.ts';
import {
  type CannedReplyBody,
  type CannedReplyView,
  type ChangeCannedReplyBody,
  cannedReplySizes,
  type ListCannedRepliesQuery,
} from '../../contract/canned-replies.ts';
import { AppError, notFound } from '../../errors.ts';
import type { CannedReplyRow } from '../../models/canned-reply.ts';
import type { Actor } from '../access/actor.ts';
import { requireRight } from '../access/policy.ts';
import { foldText, startingWith } from '../folding.ts';
import { majority, native, oid } from '../log/collections.ts';
import { isDuplicateKey } from '../mongo-errors.ts';
import { type Page, readRows } from '../pages.ts';
import { readTicket } from '../tickets/read.ts';
import { fillReply } from './fill.ts';

function cannedReplyView({ _id, name_key: _, ...rest }: CannedReplyRow): CannedReplyView {
  return { id: _id.toHexString(), ...rest };
}

function toConflict(error: unknown): unknown {
  if (!isDuplicateKey(error)) return error;
  return new AppError('CONFLICT', 'there is a canned reply of this name already');
}

/** By name, from the index. */
export async function listCannedReplies(
  ctx: AppContext,
  actor: Actor,
  query: ListCannedRepliesQuery,
): Promise<Page<CannedReplyView>> {
  requireRight(ctx.config, actor, 'use_canned_replies', undefined);
  const filter = query.q === undefined ? {} : { name_key: startingWith(foldText(query.q)) };
  const order = { name_key: 1, partner: 1 } as const;
  const { rows, total } = await readRows(native(ctx.db.cannedReplies), query, order, filter);
  return { rows: rows.map(cannedReplyView), total };
}

/** @throws AppError CONFLICT where the partner has the name, or there are as many as there may be */
export async function createCannedReply(
  ctx: AppContext,
  actor: Actor,
  body: CannedReplyBody,
): Promise<CannedReplyView> {
  requireRight(ctx.config, actor, 'use_canned_replies', undefined);
  const replies = native(ctx.db.cannedReplies);
  if ((await replies.estimatedDocumentCount()) >= cannedReplySizes.replies) {
    throw new AppError('CONFLICT', `there are ${cannedReplySizes.replies} canned replies already`);
  }
  const now = ctx.clock();
  const row: CannedReplyRow = {
    _id: new Types.ObjectId(),
    name: body.name,
    name_key: foldText(body.name),
    text: body.text,
    partner: body.partner ?? null,
    created_at: now,
    updated_at: now,
  };
  try {
    await replies.insertOne(row);
  } catch (error) {
    throw toConflict(error);
  }
  return cannedReplyView(row);
}

/**
 * @param ticketId with which ticket's `{customer}` and `{ticket}`, and the actor as `{staff}`, to fill it in
 * @throws AppError NOT_FOUND, for the text and for the ticket
 */
export async function getCannedReply(
  ctx: AppContext,
  actor: Actor,
  id: string,
  ticketId?: string,
): Promise<CannedReplyView> {
  requireRight(ctx.config, actor, 'use_canned_replies', undefined);
  const row = await native(ctx.db.cannedReplies).findOne(
    { _id: oid(id) },
    { readConcern: majority },
  );
  if (!row) throw notFound('canned reply');
  if (ticketId === undefined) return cannedReplyView(row);
  const { ticket } = await readTicket(ctx, actor, ticketId);
  const filled = fillReply(row.text, {
    customer: ticket.username,
    ticket: `#${ticket.number}`,
    staff: actor.username,
  });
  return { ...cannedReplyView(row), filled };
}

/** @throws AppError NOT_FOUND, CONFLICT */
export async function changeCannedReply(
  ctx: AppContext,
  actor: Actor,
  id: string,
  { name, text }: ChangeCannedReplyBody,
): Promise<CannedReplyView> {
  requireRight(ctx.config, actor, 'use_canned_replies', undefined);
  const $set = {
    ...(name !== undefined && { name, name_key: foldText(name) }),
    ...(text !== undefined && { text }),
    updated_at: ctx.clock(),
  };
  try {
    const row = await native(ctx.db.cannedReplies).findOneAndUpdate(
      { _id: oid(id) },
      { $set },
      { returnDocument: 'after' },
    );
    if (!row) throw notFound('canned reply');
    return cannedReplyView(row);
  } catch (error) {
    throw toConflict(error);
  }
}

/** @throws AppError NOT_FOUND */
export async function deleteCannedReply(ctx: AppContext, actor: Actor, id: string): Promise<void> {
  requireRight(ctx.config, actor, 'delete_canned_reply', undefined);
  const { deletedCount } = await native(ctx.db.cannedReplies).deleteOne({ _id: oid(id) });
  if (deletedCount === 0) throw notFound('canned reply');
}
