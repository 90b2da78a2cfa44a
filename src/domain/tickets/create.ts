import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Types } from 'mongoose';
import type { AppContext } from '../../context.ts';
import type { CreateTicketBody, TicketView } from '../../contract/tickets.ts';
import { AppError, isStorageError } from '../../errors.ts';
import type { TicketRow } from '../../models/ticket.ts';
import type { Actor } from '../access/actor.ts';
import { parseDescription, parseTopic } from '../access/parse.ts';
import { requireRight } from '../access/policy.ts';
import { requireUnblocked } from '../blocks/block-list.ts';
import { atInsertion } from '../log/cluster-clock.ts';
import { majority, native } from '../log/collections.ts';
import { publicLog, type Ticket, toTicket } from '../log/entry.ts';
import { emptyHead } from '../log/heads.ts';
import { isDuplicateKey } from '../mongo-errors.ts';
import { ticketView } from '../views.ts';
import { requireFields } from './change.ts';
import { insertOpenTicket, TooManyOpenTickets } from './open-cap.ts';

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
async function insertTicket(ctx: AppContext, row: TicketRow): Promise<Ticket> {
  const deadline = Date.now() + ctx.config.writeDeadlineMs;
  for (;;) {
    try {
      await insertOpenTicket(ctx, row);
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
 *   customer has too many open ones)
 */
export async function createTicket(
  ctx: AppContext,
  actor: Actor,
  body: CreateTicketBody,
): Promise<{ ticket: TicketView; repeated: boolean }> {
  requireRight(ctx.config, actor, 'open_ticket', undefined);
  requireFields(ctx, actor, { owner: actor.key }, body);
  const topic = parseTopic(body.topic);
  const description = parseDescription(body.description);
  const seen = body.client_id && (await findByClientId(ctx, actor.key, body.client_id));
  if (seen) return { ticket: await repeatTicket(ctx, seen, body), repeated: true };
  await requireUnblocked(ctx, actor);
  const now = ctx.clock();
  const row: TicketRow = {
    _id: new Types.ObjectId(),
    number: await nextNumber(ctx),
    stored: atInsertion,
    owner: actor.key,
    partner: actor.partner ?? null,
    user_id: actor.id,
    username: actor.username,
    email: actor.email,
    user_role: actor.role,
    topic,
    description,
    status: 'OPEN',
    support_role: body.support_role ?? 'GENERAL',
    issue_level: body.issue_level ?? 'NORMAL',
    assigned_to: null,
    created_at: now,
    updated_at: now,
    status_seq: 0,
    closed_at: null,
    close_reason: null,
    client_id: body.client_id ?? randomUUID(),
  };
  const ticket = await insertTicket(ctx, row);
  if (ticket.id !== row._id.toHexString()) {
    return { ticket: await repeatTicket(ctx, ticket, body), repeated: true };
  }
  ctx.bus.publish({ kind: 'ticket_created', ticket });
  return { ticket: ticketView(ticket, emptyHead), repeated: false };
}

async function repeatTicket(ctx: AppContext, ticket: Ticket, body: CreateTicketBody) {
  const head = await ctx.store.readHead(publicLog(ticket.id));
  // The topic may have been changed since; the description never is.
  if (ticket.description !== body.description) {
    throw new AppError('CONFLICT', 'client_id was used for another ticket');
  }
  return ticketView(ticket, head);
}
