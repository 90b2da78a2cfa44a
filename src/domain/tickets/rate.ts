import type { AppContext } from '../../context.ts';
import type { RateTicketBody } from '../../contract/ticket-verbs.ts';
import type { TicketView } from '../../contract/tickets.ts';
import { AppError } from '../../errors.ts';
import type { Actor } from '../access/actor.ts';
import { requireRight } from '../access/policy.ts';
import { changeTicket } from './engine.ts';

/** How long a rating may be changed, in milliseconds from the first. */
const CHANGEABLE_MS = 7 * 24 * 3_600_000;

/**
 * Rates a closed ticket; again within seven days it changes the rating.
 * @throws AppError NOT_FOUND, FORBIDDEN, CONFLICT (it is not closed, or was rated too long ago)
 */
export function rateTicket(
  ctx: AppContext,
  actor: Actor,
  ticketId: string,
  { score, comment = null }: RateTicketBody,
): Promise<TicketView> {
  return changeTicket(ctx, actor, ticketId, {
    action: 'rated',
    to(ticket, at) {
      requireRight(ctx.config, actor, 'rate_ticket', ticket);
      if (ticket.status !== 'CLOSED') {
        throw new AppError('CONFLICT', 'a ticket can be rated once it is closed');
      }
      const { rating } = ticket;
      if (rating && at > rating.first + CHANGEABLE_MS) {
        throw new AppError('CONFLICT', 'the rating was given more than 7 days ago');
      }
      if (rating?.score === score && rating.comment === comment) return {};
      return { rating: { score, comment, at, first: rating?.first ?? at } };
    },
  });
}
