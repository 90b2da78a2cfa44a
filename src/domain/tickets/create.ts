import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Types } from 'mongoose';
import type { AppContext } from '../../context.ts';
import type { CreateTicketBody, TicketView, UpdateTicketBody } from '../../contract/tickets.ts';
import { AppError, isStorageError } from '../../errors.ts';
import { newTicketFields, ownPriorities, type TicketRow } from '../../models/ticket.ts';
import type { Actor } from '../access/actor.ts';
import { parseDescription, parseTopic } from '../access/parse.ts';
import { can, requireRight } from '../access/policy.ts';
import { requireUnblocked } from '../blocks/block-list.ts';
import { findUnused } from '../files/attach.ts';
import { atInsertion } from '../log/cluster-clock.ts';
import { majority, native } from '../log/collections.ts';
import { publicLog, type Ticket, toTicket } from '../log/entry.ts';
import { emptyHead } from '../log/heads.ts';
import { isDuplicateKey } from '../mongo-errors.ts';
import { listPriorities } from '../priorities/priorities.ts';
import { insertOpenTicket, TooManyOpenTickets } from './open-cap.ts';
import { openerOf } from './opener.ts';
import { viewTicket } from './read.ts';
import { findCategory, requireFields } from './update.ts';
import { urgencyOf } from './urgency.ts';

/** Short numbers for people, in order of creation; a crash may leave one out. */
async function nextNumber(ctx: AppContext): Promise<number> {
  const counter = await native(ctx.db.counters).findOneAndUpdate(
    { _id: 'ticket' },
    { $inc: { value: 1 } },
    { upsert: true, returnDocument: 'after' },
  );
  return counter?.value ?? 1;
}

async function findByClientId(ctx: AppContext, owner: string, clientId: string) {
  const filter = { owner, client_id: clientId };
  const row = await native(ctx.db.tickets).findOne(filter, { readConcern: majority });
  return row ? toTicket(row) : undefined;
}

/** Inserts until the row, or the one its client id stands for, is there for a majority. */
async function insertTicket(ctx: AppContext, row: TicketRow, uploader: string): Promise<Ticket> {
  const deadline = Date.now() + ctx.config.writeDeadlineMs;
  for (;;) {
    try {
      await insertOpenTicket(ctx, row, uploader);
      return toTicket(row);
    } catch (error) {
      const isCapped = error instanceof TooManyOpenTickets;
      if (!isDuplicateKey(error) && !isStorageError(error) && !isCapped) throw error;
      const isNumberTaken = isDuplicateKey(error) && 'number' in (error.keyPattern ?? {});
      if (isNumberTaken) row.number = await nextNumber(ctx);
      const known = await findByClientId(ctx, row.owner, row.client_id).catch(() => undefined);
      if (known) return known;
      if (isCapped || Date.now() > deadline) throw error;
      await sleep(20);
    }
  }
}

/**
 * Opens a ticket for the actor.
 * @returns `repeated` where the actor's `client_id` was seen before: that ticket, as it is now
 * @throws AppError FORBIDDEN, CONFLICT (the seen ticket has another topic or description; or the
 *   customer has too many open ones), BAD_REQUEST (an attachment that is not the actor's, or is used)
 */
export async function createTicket(
  ctx: AppContext,
  actor: Actor,
  body: CreateTicketBody,
): Promise<{ ticket: TicketView; repeated: boolean }> {
  requireRight(ctx.config, actor, 'open_ticket', undefined);
  const own = { owner: actor.key };
  const { priority, category: _category, sub_category: _sub, attachments, ...restricted } = body;
  requireFields(ctx, actor, own, restricted as UpdateTicketBody);
  // Sibling systems' clients send one always: from who may not set it, it counts for nothing.
  const mayPrioritize = can(actor, 'set_priority', own, ctx.config) === 'allow';
  const asked = { ...(mayPrioritize && { priority }), issue_level: body.issue_level };
  const urgency = urgencyOf(undefined, asked, await listPriorities(ctx)) ?? {
    priority: ownPriorities.NORMAL,
    issue_level: 'NORMAL' as const,
  };
  const category = await findCategory(ctx, body.category);
  const topic = parseTopic(body.topic);
  const description = parseDescription(body.description);
  const opener = await openerOf(ctx, actor, body);
  const seen = body.client_id && (await findByClientId(ctx, opener.owner, body.client_id));
  if (seen) return { ticket: await repeatTicket(ctx, actor, seen, body), repeated: true };
  await requireUnblocked(ctx, actor);
  const files = attachments?.length ? await findUnused(ctx, actor, attachments) : [];
  const now = ctx.clock();
  const mayApprove = can(actor, 'decide_approval', own, ctx.config) === 'allow';
  const status = ctx.config.requireApproval && !mayApprove ? 'NEW' : 'OPEN';
  const row: TicketRow = {
    // Lists go by the id in order of creation, and look for a time by it: it has that of `created_at`.
    _id: new Types.ObjectId(Types.ObjectId.generate(Math.floor(now / 1000))),
    number: await nextNumber(ctx),
    stored: atInsertion,
    ...opener,
    topic,
    description,
    status,
    support_role: body.support_role ?? category?.support_role ?? 'GENERAL',
    assigned_to: null,
    created_at: now,
    updated_at: now,
    status_seq: 0,
    closed_at: null,
    close_reason: null,
    client_id: body.client_id ?? randomUUID(),
    ...newTicketFields({ ...urgency, created_at: now, status, status_seq: 0, closed_at: null }),
    ...urgency,
    category: category?.name ?? null,
    sub_category: body.sub_category ?? null,
    scheduled_date: body.scheduled_date ?? null,
    context: body.context ?? {},
    channel: actor.origin,
    files,
  };
  const ticket = await insertTicket(ctx, row, actor.key);
  if (ticket.id !== row._id.toHexString()) {
    return { ticket: await repeatTicket(ctx, actor, ticket, body), repeated: true };
  }
  ctx.bus.publish({ kind: 'ticket_created', ticket });
  return { ticket: await viewTicket(ctx, actor, ticket, emptyHead), repeated: false };
}

async function repeatTicket(ctx: AppContext, actor: Actor, ticket: Ticket, body: CreateTicketBody) {
  const head = await ctx.store.readHead(publicLog(ticket.id));
  // The topic may have been changed since; the description never is.
  if (ticket.description !== body.description) {
    throw new AppError('CONFLICT', 'client_id was used for another ticket');
  }
  return viewTicket(ctx, actor, ticket, head);
}
