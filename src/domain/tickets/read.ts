import { setTimeout as sleep } from 'node:timers/promises';
import type { AppContext } from '../../context.ts';
import { sizes } from '../../contract/limits.ts';
import {
  issueLevels,
  type ListTicketsQuery,
  supportRoles,
  type TicketView,
  ticketStatuses,
} from '../../contract/tickets.ts';
import { type AppError, notFound, unavailable } from '../../errors.ts';
import { type Actor, isStaff } from '../access/actor.ts';
import { can, visibleTickets } from '../access/policy.ts';
import { majority, native, oid } from '../log/collections.ts';
import { internalLog, publicLog, type Ticket, toTicket } from '../log/entry.ts';
import { emptyHead, type Head, headWith, listHeads, readHeads } from '../log/heads.ts';
import { searchTickets } from '../search/query.ts';
import { ticketView } from '../views.ts';
import { readClosings } from './due-closing.ts';

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

/** A ticket for who asked: for staff, with how far its internal stream has come. */
export async function viewTicket(
  ctx: AppContext,
  actor: Actor,
  ticket: Ticket,
  head: { seq: number; at: number },
): Promise<TicketView> {
  const staff = isStaff(actor);
  const [closings, internal] = await Promise.all([
    readClosings(ctx, [ticket.id]),
    staff ? ctx.store.readHead(internalLog(ticket.id)) : undefined,
  ]);
  const closingDueAt = closings(ticket, staff);
  const viewer = { staff, closingDueAt, ...(internal && { internalSeq: internal.seq }) };
  return ticketView(ctx, ticket, head, viewer);
}

export async function getTicket(ctx: AppContext, actor: Actor, id: string): Promise<TicketView> {
  const { ticket, head } = await readTicket(ctx, actor, id);
  return viewTicket(ctx, actor, ticket, head);
}

const filterValues = {
  status: ticketStatuses,
  issue_level: issueLevels,
  support_role: supportRoles,
} as const;

/**
 * What a list looks for, and by which index. A field that is not asked for is given all of its values:
 * MongoDB then merges one sorted scan of the index for each combination, at most 200 of them, and no
 * list reads more keys than it has rows, whichever fields it filters by.
 */
function planList(ctx: AppContext, actor: Actor, query: ListTicketsQuery) {
  const filter: Record<string, unknown> = visibleTickets(actor, ctx.config);
  const fields = Object.entries(filterValues) as [keyof typeof filterValues, readonly string[]][];
  if (fields.every(([name]) => query[name] === undefined)) return { filter };
  for (const [name, values] of fields) filter[name] = query[name] ?? { $in: values };
  return { filter, hint: isStaff(actor) ? 'ticket_filters' : 'ticket_owner_filters' };
}

interface TicketPage {
  tickets: TicketView[];
  /** Where the next page begins, as `before`; undefined after the last one. */
  next: string | undefined;
}

/**
 * Tickets newest first: the actor's own, or for staff everybody's. A page of a search may have fewer than
 * `limit` tickets, or none, and yet a next one: see `searchTickets`.
 */
export async function listTickets(
  ctx: AppContext,
  actor: Actor,
  query: ListTicketsQuery,
): Promise<TicketPage> {
  const { before, q, limit = sizes.ticketsPage } = query;
  const { filter, hint } = planList(ctx, actor, query);
  if (q !== undefined) {
    const options = { before, limit, tickets: { filter, hint } };
    const { ids, next } = await searchTickets(ctx, actor, q, options);
    const own = { ...visibleTickets(actor, ctx.config), _id: { $in: ids.map(oid) } };
    const heads = await listHeads(ctx.db, own, limit);
    return { tickets: await showTickets(ctx, actor, heads), next };
  }
  const older = before && { _id: { $lt: oid(before) } };
  const heads = await listHeads(ctx.db, { ...filter, ...older }, limit + 1, hint);
  const shown = [...heads].slice(0, limit);
  const next = heads.size > limit ? shown.at(-1)?.[0] : undefined;
  return { tickets: await showTickets(ctx, actor, new Map(shown)), next };
}

/** @param heads by ticket id, read before the rows */
async function showTickets(
  ctx: AppContext,
  actor: Actor,
  heads: Map<string, Head>,
): Promise<TicketView[]> {
  const ids = [...heads.keys()];
  const staff = isStaff(actor);
  const [rows, internal, closings] = await Promise.all([
    native(ctx.db.tickets)
      .find({ _id: { $in: ids.map(oid) } }, { readConcern: majority })
      .sort({ _id: -1 })
      .toArray(),
    staff ? readHeads(ctx.db, 'internal', ids.map(oid)) : undefined,
    readClosings(ctx, ids),
  ]);
  return rows.map((row) => {
    const ticket = toTicket(row);
    const head = headWith(row, heads.get(ticket.id) ?? emptyHead);
    const internalSeq = internal?.get(ticket.id)?.seq ?? 0;
    const closingDueAt = closings(ticket, staff);
    const viewer = staff ? { staff, internalSeq, closingDueAt } : { staff, closingDueAt };
    return ticketView(ctx, ticket, head, viewer);
  });
}

/** Heads of the newest open tickets of a customer, by ticket id; none for staff, who see them all. */
export async function readOpenHeads(ctx: AppContext, actor: Actor): Promise<Map<string, Head>> {
  return isStaff(actor) ? new Map() : ctx.store.readOpenHeads(actor.key);
}
