import type { AppContext } from '../../context.ts';
import type { TicketView } from '../../contract/tickets.ts';
import type { Actor } from '../access/actor.ts';
import { requireRight } from '../access/policy.ts';
import { internalLog } from '../log/entry.ts';
import { changeTicket } from '../tickets/engine.ts';

/**
 * Says that somebody sees to a ticket that was escalated: it rises no further, until the next promise
 * breaks. Where it is not escalated nothing changes. Written to the internal stream.
 * @throws AppError NOT_FOUND, FORBIDDEN
 */
export function acknowledgeEscalation(
  ctx: AppContext,
  actor: Actor,
  ticketId: string,
): Promise<TicketView> {
  return changeTicket(ctx, actor, ticketId, {
    action: 'acknowledged',
    log: internalLog(ticketId),
    to(ticket) {
      requireRight(ctx.config, actor, 'acknowledge_escalation', ticket);
      return { escalation: null, escalated_at: null };
    },
  });
}
