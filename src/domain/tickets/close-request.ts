import type { AppContext } from '../../context.ts';
import type { TicketView } from '../../contract/tickets.ts';
import { AppError } from '../../errors.ts';
import type { Actor } from '../access/actor.ts';
import { requireRight } from '../access/policy.ts';
import { closingFields } from './close.ts';
import { changeTicket } from './engine.ts';
import { isOpen, requireOpen } from './workflow.ts';

/**
 * Asks the customer whether the ticket may be closed; asked again it stays the first question. Any
 * ending, reopening or message of the customer's takes it back.
 * @param comment stands in the history
 * @throws AppError NOT_FOUND, FORBIDDEN, CONFLICT (it has ended)
 */
export function requestClosing(
  ctx: AppContext,
  actor: Actor,
  ticketId: string,
  comment: string | null | undefined,
): Promise<TicketView> {
  return changeTicket(ctx, actor, ticketId, {
    action: 'close_requested',
    comment: comment ?? undefined,
    to(ticket, at) {
      requireRight(ctx.config, actor, 'request_closing', ticket);
      requireOpen(ticket);
      return ticket.close_request ? {} : { close_request: { at, by_name: actor.username } };
    },
  });
}

/**
 * The customer's answer: yes closes the ticket, no takes the question back. Yes to one that has ended
 * meanwhile answers it as it is.
 * @throws AppError NOT_FOUND, FORBIDDEN, CONFLICT (nobody has asked)
 */
export function answerClosing(
  ctx: AppContext,
  actor: Actor,
  ticketId: string,
  close: boolean,
): Promise<TicketView> {
  return changeTicket(ctx, actor, ticketId, {
    action: close ? 'closed' : 'closing_declined',
    to(ticket) {
      requireRight(ctx.config, actor, 'answer_closing', ticket);
      if (close && !isOpen(ticket)) return {};
      if (!ticket.close_request) {
        throw new AppError('CONFLICT', 'nobody has asked whether the ticket may be closed');
      }
      return close ? closingFields(actor, ticket, null) : { close_request: null };
    },
  });
}
