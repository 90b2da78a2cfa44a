import type { AppContext } from '../../context.ts';
import type { CloseTicketBody, TicketView } from '../../contract/tickets.ts';
import { type Actor, isSelf } from '../access/actor.ts';
import { parseReason } from '../access/parse.ts';
import { requireRight } from '../access/policy.ts';
import type { Ticket } from '../log/entry.ts';
import { changeTicket } from './engine.ts';
import { isOpen } from './workflow.ts';

/** What closing changes: nothing where the ticket has ended. */
export function closingFields(
  actor: Actor,
  ticket: Ticket,
  close_reason: string | null,
): Partial<Ticket> {
  if (!isOpen(ticket)) return {};
  const isWithdrawal = ticket.status === 'NEW' && isSelf(actor, ticket.owner);
  return { status: isWithdrawal ? 'WITHDRAWN' : 'CLOSED', close_reason };
}

/**
 * Closes a ticket, whatever its status; closing one that has ended answers it as it is. A ticket that
 * waits for approval is withdrawn where its owner closes it.
 * @throws AppError NOT_FOUND, BAD_REQUEST (a reason that says nothing)
 */
export function closeTicket(
  ctx: AppContext,
  actor: Actor,
  ticketId: string,
  body: CloseTicketBody,
): Promise<TicketView> {
  const text = body.reason ?? body.comment;
  return changeTicket(ctx, actor, ticketId, {
    action: 'closed',
    to(ticket) {
      requireRight(ctx.config, actor, 'close_ticket', ticket);
      return closingFields(actor, ticket, typeof text === 'string' ? parseReason(text) : null);
    },
  });
}
