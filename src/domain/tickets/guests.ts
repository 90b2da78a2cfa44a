import type { AppContext } from '../../context.ts';
import type { Actor } from '../access/actor.ts';
import { requireRight } from '../access/policy.ts';
import { internalLog } from '../log/entry.ts';
import { changeTicket } from './engine.ts';
import { requireOpen } from './workflow.ts';

/**
 * Writes down that somebody without a role of the staff is let into a ticket's channel, or not any more; it
 * stands in the internal stream before it is done.
 * @throws AppError NOT_FOUND, FORBIDDEN, CONFLICT (it has ended)
 */
export async function recordGuest(
  ctx: AppContext,
  actor: Actor,
  ticketId: string,
  action: 'guest_added' | 'guest_removed',
  guest: { id: string; name: string },
): Promise<void> {
  await changeTicket(ctx, actor, ticketId, {
    action,
    log: internalLog(ticketId),
    always: true,
    data: () => ({ guest }),
    to(ticket) {
      requireRight(ctx.config, actor, 'write_internal', ticket);
      requireOpen(ticket);
      return {};
    },
  });
}
