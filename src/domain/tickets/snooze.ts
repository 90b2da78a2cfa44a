import type { AppContext } from '../../context.ts';
import type { TicketView } from '../../contract/tickets.ts';
import { invalidField } from '../../errors.ts';
import type { Actor } from '../access/actor.ts';
import { requireRight } from '../access/policy.ts';
import { internalLog } from '../log/entry.ts';
import { changeTicket } from './engine.ts';
import { requireOpen } from './workflow.ts';

/**
 * Puts a ticket aside until a time, or with null brings it back. Written to the internal stream.
 * @param until milliseconds since 1970
 * @throws AppError NOT_FOUND, FORBIDDEN, CONFLICT (it has ended), BAD_REQUEST (a time that is past)
 */
export function snoozeTicket(
  ctx: AppContext,
  actor: Actor,
  ticketId: string,
  until: number | null,
): Promise<TicketView> {
  return changeTicket(ctx, actor, ticketId, {
    action: until === null ? 'unsnoozed' : 'snoozed',
    log: internalLog(ticketId),
    to(ticket, at) {
      requireRight(ctx.config, actor, 'snooze_ticket', ticket);
      requireOpen(ticket);
      if (until !== null && until <= at) throw invalidField('until', 'is past', 'past');
      return { snoozed_until: until };
    },
  });
}
