import type { AppContext } from '../../context.ts';
import type { TicketView } from '../../contract/tickets.ts';
import type { TicketRow } from '../../models/ticket.ts';
import type { Actor } from '../access/actor.ts';
import { visibleTickets } from '../access/policy.ts';
import { native, oid } from '../log/collections.ts';
import type { Ticket } from '../log/entry.ts';
import { showTickets } from './list.ts';
import { readTicket } from './read.ts';

/** Tickets of one customer that are counted at most. */
const MAX_EARLIER = 1000;

/** How many tickets a customer had before this one, up to a bound. */
export function countEarlierTickets(
  ctx: AppContext,
  { id, owner }: Pick<Ticket, 'id' | 'owner'>,
): Promise<number> {
  const filter = { owner, _id: { $lt: oid(id) } };
  return native(ctx.db.tickets).countDocuments(filter, {
    limit: MAX_EARLIER,
    hint: 'ticket_owner',
  });
}

/**
 * The tickets of the customer whose ticket it is, itself included, newest first, as far as the actor may
 * see them.
 * @throws AppError NOT_FOUND
 */
export async function listTicketsOfSameCustomer(
  ctx: AppContext,
  actor: Actor,
  ticketId: string,
  limit: number,
): Promise<TicketView[]> {
  const { ticket } = await readTicket(ctx, actor, ticketId);
  const filter = { $and: [{ owner: ticket.owner }, visibleTickets(actor, ctx.config)] };
  const rows = await native(ctx.db.tickets)
    .find(filter)
    .project<Pick<TicketRow, '_id'>>({ _id: 1 })
    .sort({ _id: -1 })
    .limit(limit)
    .toArray();
  const ids = rows.map(({ _id }) => _id.toHexString());
  return showTickets(ctx, actor, ids);
}
