import type { AppContext } from '../../context.ts';
import { sizes } from '../../contract/limits.ts';
import type { TicketView } from '../../contract/tickets.ts';
import { AppError } from '../../errors.ts';
import type { Actor } from '../access/actor.ts';
import { requireRight } from '../access/policy.ts';
import { internalLog } from '../log/entry.ts';
import { changeTicket } from './engine.ts';
import { requireOpen } from './workflow.ts';

/**
 * Adds a tag to those a ticket has, or takes one off: of two at once both count. Written to the internal
 * stream.
 * @throws AppError NOT_FOUND, FORBIDDEN, CONFLICT (it has ended, or as many tags as there may be)
 */
export function changeTag(
  ctx: AppContext,
  actor: Actor,
  ticketId: string,
  how: 'add' | 'remove',
  tag: string,
): Promise<TicketView> {
  return changeTicket(ctx, actor, ticketId, {
    action: 'tagged',
    log: internalLog(ticketId),
    to(ticket) {
      requireRight(ctx.config, actor, 'tag_ticket', ticket);
      requireOpen(ticket);
      const others = ticket.tags.filter((one) => one !== tag);
      if (how === 'remove') return { tags: others };
      if (others.length < ticket.tags.length) return {};
      if (others.length >= sizes.tags) {
        throw new AppError('CONFLICT', `a ticket has at most ${sizes.tags} tags`);
      }
      return { tags: [...others, tag] };
    },
  });
}
