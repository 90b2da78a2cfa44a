import { setTimeout as sleep } from 'node:timers/promises';
import type { AppContext } from '../../context.ts';
import { sizes } from '../../contract/limits.ts';
import type { TicketView } from '../../contract/tickets.ts';
import { type AppError, notFound, unavailable } from '../../errors.ts';
import type { TicketRow } from '../../models/ticket.ts';
import { type Actor, isStaff, ownKeys } from '../access/actor.ts';
import { can } from '../access/policy.ts';
import { native } from '../log/collections.ts';
import { internalLog, publicLog, type Ticket, toTicket } from '../log/entry.ts';
import { type Head, headWith } from '../log/heads.ts';
import { createStaffViewer } from '../sla/rules.ts';
import { ticketView } from '../views.ts';
import { readClosings } from './due-closing.ts';
import { openStatuses } from './workflow.ts';

/** Refusals of a ticket leave at multiples of this, in milliseconds after their request came. */
const HIDING_GRID_MS = 100;

/**
 * The refusal of a ticket that is missing or somebody else's: both take the same reads and leave at the
 * same moments, so that neither the answer nor its time tells which it was.
 * @param startedAt when the request was begun, by `performance.now()`
 * @param isForbidden false where the ticket was not found
 */
export async function hideTicket(
  ctx: AppContext,
  ticketId: string,
  startedAt: number,
  isForbidden: boolean,
): Promise<AppError> {
  const row = await ctx.store.confirmTicketRow(ticketId);
  if (row && !isForbidden) return unavailable('the ticket cannot be read yet');
  const passed = performance.now() - startedAt;
  await sleep(Math.ceil(passed / HIDING_GRID_MS) * HIDING_GRID_MS - passed);
  return notFound('ticket');
}

/** A ticket the actor may see, with the head it is a snapshot of. Head first, ticket second. */
export async function readTicket(
  ctx: AppContext,
  actor: Actor,
  ticketId: string,
): Promise<{ ticket: Ticket; head: Head }> {
  const startedAt = performance.now();
  const head = await ctx.store.readHead(publicLog(ticketId));
  const row = await ctx.store.readTicketRow(ticketId);
  if (!row || can(actor, 'read_ticket', row, ctx.config) !== 'allow')
    throw await hideTicket(ctx, ticketId, startedAt, row !== undefined);
  return { ticket: toTicket(row), head: headWith(row, head) };
}

/**
 * The ticket that people call by this number.
 * @throws AppError NOT_FOUND, alike for a number that was not given yet
 */
export async function findTicketByNumber(
  ctx: AppContext,
  actor: Actor,
  number: number,
): Promise<Ticket> {
  const row = await native(ctx.db.tickets).findOne({ number }, { projection: { _id: 1 } });
  // An id that no ticket has: the refusal takes the same way as for somebody else's.
  const id = row?._id.toHexString() ?? '0'.repeat(24);
  return (await readTicket(ctx, actor, id)).ticket;
}

/** A ticket for who asked: for staff, with its service level and how far its internal stream has come. */
export async function viewTicket(
  ctx: AppContext,
  actor: Actor,
  ticket: Ticket,
  head: { seq: number; at: number },
): Promise<TicketView> {
  const staff = isStaff(actor);
  const [closings, internal, viewer] = await Promise.all([
    readClosings(ctx, [ticket.id]),
    staff ? ctx.store.readHead(internalLog(ticket.id)) : undefined,
    staff ? createStaffViewer(ctx) : undefined,
  ]);
  const to = viewer?.(ticket, internal?.seq ?? 0) ?? { staff: false };
  return ticketView(ctx, ticket, head, { ...to, closingDueAt: closings(ticket, staff) });
}

export async function getTicket(ctx: AppContext, actor: Actor, id: string): Promise<TicketView> {
  const { ticket, head } = await readTicket(ctx, actor, id);
  return viewTicket(ctx, actor, ticket, head);
}

/** The newest open tickets that are assigned to somebody, as ids; as many as a socket is told of. */
export async function readAssignedTickets(ctx: AppContext, actor: Actor): Promise<string[]> {
  const rows = await native(ctx.db.tickets)
    .find({ 'assignee.key': ownKeys(actor), status: { $in: openStatuses } })
    .project<Pick<TicketRow, '_id'>>({ _id: 1 })
    .sort({ _id: -1 })
    .limit(sizes.cursorsAtAuthorize)
    .toArray();
  return rows.map(({ _id }) => _id.toHexString());
}

/** Heads of the newest open tickets of a customer, by ticket id; none for staff, who see them all. */
export async function readOpenHeads(ctx: AppContext, actor: Actor): Promise<Map<string, Head>> {
  return isStaff(actor) ? new Map() : ctx.store.readOpenHeads(actor.key);
}
