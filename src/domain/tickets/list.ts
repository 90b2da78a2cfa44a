import type { AppContext } from '../../context.ts';
import { sizes } from '../../contract/limits.ts';
import { LAST_PAGE, pageRows } from '../../contract/pages.ts';
import type { ListCursor, ListTicketsQuery } from '../../contract/ticket-lists.ts';
import type { TicketView } from '../../contract/tickets.ts';
import type { TicketRow } from '../../models/ticket.ts';
import { type Actor, isStaff } from '../access/actor.ts';
import { findCustomer } from '../customers/customers.ts';
import { majority, native, oid } from '../log/collections.ts';
import { toTicket } from '../log/entry.ts';
import { emptyHead, headWith, readHeads } from '../log/heads.ts';
import { spanOf } from '../pages.ts';
import { listPriorities } from '../priorities/priorities.ts';
import { searchTickets } from '../search/query.ts';
import { createStaffViewer } from '../sla/rules.ts';
import { ticketView } from '../views.ts';
import { readClosings } from './due-closing.ts';
import {
  assigneeCondition,
  type Filters,
  planCount,
  planList,
  requireShown,
  sortOf,
  type TicketPlan,
} from './list-query.ts';

/** Tickets that are counted at most: those on all pages there are. */
export const MAX_COUNTED = LAST_PAGE * pageRows.most;

/** A ticket on a list, with what the list is sorted by. */
type Listed = ListCursor;

interface Span {
  skip: number;
  limit: number;
}

type SortField = 'updated_at' | 'sla_due_at';

/** What a list is sorted by besides the tickets' ids. */
function sortedBy(sort: object): SortField | undefined {
  if ('updated_at' in sort) return 'updated_at';
  return 'sla_due_at' in sort ? 'sla_due_at' : undefined;
}

/** Reads keys only, where the index has all that is asked for. */
async function listRows(ctx: AppContext, plan: TicketPlan, { skip, limit }: Span) {
  const by = sortedBy(plan.sort);
  const rows = await native(ctx.db.tickets)
    .find(plan.filter as never, {
      projection: { _id: 1, ...(by && { [by]: 1 }) },
      readConcern: majority,
      ...(plan.hint && { hint: plan.hint }),
    })
    .sort(plan.sort)
    .skip(skip)
    .limit(limit)
    .batchSize(limit + 1)
    .toArray();
  return (rows as unknown as (Pick<TicketRow, '_id'> & Record<SortField, number>)[]).map(
    (row): Listed => ({ id: row._id.toHexString(), ...(by && { value: row[by] }) }),
  );
}

/** How many tickets a plan finds, counted up to a bound. */
async function countTickets(ctx: AppContext, plan: TicketPlan, most = MAX_COUNTED) {
  const tickets = native(ctx.db.tickets);
  if (Object.keys(plan.filter).length === 0) {
    return Math.min(await tickets.estimatedDocumentCount(), most);
  }
  const hint = plan.hint && { hint: plan.hint };
  return tickets.countDocuments(plan.filter as never, { limit: most, ...hint });
}

/** Behind the cursor, in the order of the list. */
function behind(filters: Filters, cursor: ListCursor | undefined) {
  if (!cursor) return [];
  const sort = sortOf(filters);
  const past = sort._id === 1 ? '$gt' : '$lt';
  const id = { _id: { [past]: oid(cursor.id) } };
  const by = sortedBy(sort);
  if (!by) return [id];
  // Bounds the scan; the rest decides between those of one moment.
  const bound = { [by]: { [`${past}e`]: cursor.value } };
  const further = [{ [by]: { [past]: cursor.value } }, { [by]: cursor.value, ...id }];
  return [bound, { $or: further }];
}

/**
 * Sorted by priority, a list is that of each rank after the other, newest first in each: so no index is
 * needed but that of the priorities, however they are named and ranked.
 */
async function listByPriority(
  ctx: AppContext,
  actor: Actor,
  filters: Filters,
  { skip, limit, cursor }: Span & { cursor: ListCursor | undefined },
): Promise<Listed[]> {
  const { order = 'desc', sort: _sort, ...rest } = filters;
  const direction = order === 'asc' ? 1 : -1;
  const priorities = await listPriorities(ctx);
  const ranks = [...new Set(priorities.map(({ rank }) => rank))].sort(
    (a, b) => (a - b) * direction,
  );
  const found: Listed[] = [];
  let left = skip;
  for (const rank of ranks) {
    if (cursor && (rank - (cursor.value as number)) * direction < 0) continue;
    const names = priorities.flatMap((one) => (one.rank === rank ? [one.name] : []));
    const priority = names.length === 1 ? names[0] : { $in: names };
    const from = cursor?.value === rank ? behind(rest, cursor) : [];
    const plan = planList(ctx, actor, rest, [{ priority }, ...from]);
    if (left > 0) {
      const count = await countTickets(ctx, plan, left + 1);
      if (count <= left) {
        left -= count;
        continue;
      }
    }
    const rows = await listRows(ctx, plan, { skip: left, limit: limit - found.length });
    left = 0;
    found.push(...rows.map(({ id }) => ({ id, value: rank })));
    if (found.length >= limit) break;
  }
  return found;
}

function listOrdered(
  ctx: AppContext,
  actor: Actor,
  filters: Filters,
  { cursor, ...span }: Span & { cursor: ListCursor | undefined },
): Promise<Listed[]> {
  if (filters.sort === 'priority') {
    return listByPriority(ctx, actor, filters, { cursor, ...span });
  }
  return listRows(ctx, planList(ctx, actor, filters, behind(filters, cursor)), span);
}

/**
 * Tickets by their ids, in that order, as the actor is shown them. Heads first, rows second, so that no
 * ticket is older than its head.
 */
export async function showTickets(
  ctx: AppContext,
  actor: Actor,
  ids: readonly string[],
): Promise<TicketView[]> {
  if (ids.length === 0) return [];
  const wanted = ids.map(oid);
  const staff = isStaff(actor);
  const heads = await readHeads(ctx.db, 'public', wanted);
  const [rows, internal, viewer, closings] = await Promise.all([
    native(ctx.db.tickets)
      .find({ _id: { $in: wanted } }, { readConcern: majority })
      .toArray(),
    staff ? readHeads(ctx.db, 'internal', wanted) : undefined,
    staff ? createStaffViewer(ctx) : undefined,
    readClosings(ctx, ids),
  ]);
  const byId = new Map(rows.map((row) => [row._id.toHexString(), row as TicketRow]));
  return ids.flatMap((id) => {
    const row = byId.get(id);
    if (!row) return [];
    const head = headWith(row, heads.get(id) ?? emptyHead);
    const internalSeq = internal?.get(id)?.seq ?? 0;
    const ticket = toTicket(row);
    const to = viewer?.(ticket, internalSeq) ?? { staff: false };
    return [ticketView(ctx, ticket, head, { ...to, closingDueAt: closings(ticket, staff) })];
  });
}

export interface TicketPage {
  tickets: TicketView[];
  /** Where the next page begins, as `before`; undefined after the last one. */
  next?: ListCursor;
  /** Of a list by pages: how many there are on all of them, at most `MAX_COUNTED`. */
  total?: number;
}

/**
 * Tickets by the actor's filters, in the order they ask for; by default newest first. Customers get
 * their own, staff everybody's that they may see.
 * A page of a search may have fewer than `limit` tickets, or none, and yet a next one: see `searchTickets`.
 * @param only what the list is of, whatever narrows it further
 * @throws AppError BAD_REQUEST
 */
export async function listTickets(
  ctx: AppContext,
  actor: Actor,
  query: ListTicketsQuery,
  only?: Filters['only'],
): Promise<TicketPage> {
  requireShown(actor, query);
  const { limit, before: cursor, page, assigned_to, customer_id, q, ...plain } = query;
  const filters: Filters = { ...plain, ...(only && { only }) };
  if (assigned_to !== undefined) {
    filters.assignee = await assigneeCondition(ctx, actor, assigned_to);
  }
  if (customer_id !== undefined) {
    filters.owner = (await findCustomer(ctx, { id: customer_id }))?.key ?? null;
  }
  if (page !== undefined) {
    const span = spanOf(limit === undefined ? { page } : { page, limit });
    // A list by what is due has only what is, and so is its count.
    const { sort, ...unsorted } = filters;
    const counted = sort === 'sla' ? filters : unsorted;
    const [rows, total] = await Promise.all([
      listOrdered(ctx, actor, filters, { ...span, cursor: undefined }),
      countTickets(ctx, planCount(ctx, actor, counted)),
    ]);
    return { tickets: await showTickets(ctx, actor, idsOf(rows)), total };
  }
  const most = limit ?? sizes.ticketsPage;
  if (q !== undefined) {
    const options = { before: cursor?.id, limit: most, tickets: planList(ctx, actor, filters) };
    const { ids, next } = await searchTickets(ctx, actor, q, options);
    return { tickets: await showTickets(ctx, actor, ids), ...(next && { next: { id: next } }) };
  }
  const rows = await listOrdered(ctx, actor, filters, { skip: 0, limit: most + 1, cursor });
  const shown = rows.slice(0, most);
  const last = rows.length > most ? shown.at(-1) : undefined;
  return { tickets: await showTickets(ctx, actor, idsOf(shown)), ...(last && { next: last }) };
}

const idsOf = (rows: readonly Listed[]) => rows.map(({ id }) => id);

/** Staff: those assigned to them; customers: their own, which are all they see. */
export function listMyTickets(
  ctx: AppContext,
  actor: Actor,
  query: ListTicketsQuery,
): Promise<TicketPage> {
  return listTickets(ctx, actor, isStaff(actor) ? { ...query, assigned_to: 'me' } : query);
}
