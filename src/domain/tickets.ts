import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Types } from 'mongoose';
import type { AppContext } from '../context.ts';
import { sizes } from '../contract/limits.ts';
import type { CreateTicketBody, ListTicketsQuery, TicketView } from '../contract/tickets.ts';
import { AppError, isStorageError, notFound } from '../errors.ts';
import type { TicketRow } from '../models/ticket.ts';
import { type Actor, isStaff, requireAccess } from './access/actor.ts';
import { atInsertion } from './log/cluster-clock.ts';
import { majority, native, oid } from './log/collections.ts';
import { type Ticket, toTicket } from './log/entry.ts';
import { type Head, headWith, listHeads } from './log/heads.ts';
import { isDuplicateKey } from './mongo-errors.ts';
import { refuseLevels } from './ticket-status.ts';
import { ticketView } from './views.ts';

const empty: Head = { seq: 0, at: 0 };

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
      await native(ctx.db.tickets).insertOne(row);
      return toTicket(row);
    } catch (error) {
      if (!isDuplicateKey(error) && !isStorageError(error)) throw error;
      const isNumberTaken = isDuplicateKey(error) && 'number' in (error.keyPattern ?? {});
      if (isNumberTaken) row.number = await nextNumber(ctx);
      const known = await findByClientId(ctx, row.owner, row.client_id).catch(() => undefined);
      if (known) return known;
      if (Date.now() > deadline) throw error;
      await sleep(20);
    }
  }
}

/**
 * Opens a ticket for the actor.
 * @returns `repeated` where the actor's `client_id` was seen before: that ticket, as it is now
 * @throws AppError FORBIDDEN, CONFLICT (the seen ticket has another topic or description)
 */
export async function createTicket(
  ctx: AppContext,
  actor: Actor,
  body: CreateTicketBody,
): Promise<{ ticket: TicketView; repeated: boolean }> {
  refuseLevels(ctx, actor, body);
  const seen = body.client_id && (await findByClientId(ctx, actor.key, body.client_id));
  if (seen) return { ticket: await repeatTicket(ctx, seen, body), repeated: true };
  const now = ctx.clock();
  const row: TicketRow = {
    _id: new Types.ObjectId(),
    number: await nextNumber(ctx),
    stored: atInsertion,
    owner: actor.key,
    user_id: actor.id,
    username: actor.username,
    email: actor.email,
    user_role: actor.role,
    topic: body.topic,
    description: body.description,
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
  return { ticket: ticketView(ticket, empty), repeated: false };
}

async function repeatTicket(ctx: AppContext, ticket: Ticket, body: CreateTicketBody) {
  const head = await ctx.store.readHead(ticket.id);
  // The topic may have been changed since; the description never is.
  if (ticket.description !== body.description) {
    throw new AppError('CONFLICT', 'client_id was used for another ticket');
  }
  return ticketView(ticket, head);
}

/** A ticket the actor may see, with the head it is a snapshot of. Head first, ticket second. */
export async function readTicket(
  ctx: AppContext,
  actor: Actor,
  ticketId: string,
): Promise<{ ticket: Ticket; head: Head }> {
  const head = await ctx.store.readHead(ticketId);
  const row = await ctx.store.readTicketRow(ticketId);
  if (!row) throw notFound('ticket');
  requireAccess(actor, row);
  return { ticket: toTicket(row), head: headWith(row, head) };
}

export async function getTicket(ctx: AppContext, actor: Actor, id: string): Promise<TicketView> {
  const { ticket, head } = await readTicket(ctx, actor, id);
  return ticketView(ticket, head);
}

/** Tickets newest first: the actor's own, or for staff everybody's. */
export async function listTickets(
  ctx: AppContext,
  actor: Actor,
  query: ListTicketsQuery,
): Promise<{ tickets: TicketView[]; more: boolean }> {
  const limit = query.limit ?? sizes.ticketsPage;
  const filter: Record<string, unknown> = isStaff(actor) ? {} : { owner: actor.key };
  for (const name of ['status', 'issue_level', 'support_role'] as const) {
    if (query[name] !== undefined) filter[name] = query[name];
  }
  if (query.before) filter._id = { $lt: oid(query.before) };
  const heads = await listHeads(ctx.db, filter, limit + 1);
  const ids = [...heads.keys()].slice(0, limit);
  const rows = await native(ctx.db.tickets)
    .find({ _id: { $in: ids.map(oid) } }, { readConcern: majority })
    .sort({ _id: -1 })
    .toArray();
  const tickets = rows.map((row) => {
    const ticket = toTicket(row);
    return ticketView(ticket, headWith(row, heads.get(ticket.id) ?? empty));
  });
  return { tickets, more: heads.size > limit };
}

/** Heads of the newest open tickets of a customer, by ticket id; none for staff, who see them all. */
export async function readOpenHeads(ctx: AppContext, actor: Actor): Promise<Map<string, Head>> {
  return isStaff(actor) ? new Map() : ctx.store.readOpenHeads(actor.key);
}
