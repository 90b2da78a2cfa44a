import type { AppContext } from '../../context.ts';
import { type Actor, isStaff } from '../access/actor.ts';
import type { Ticket } from '../log/entry.ts';
import { assigneeOf } from './assign.ts';
import { changeTicket } from './engine.ts';
import { elapsed } from './service-clock.ts';
import { isOpen } from './workflow.ts';

/** What an answer of staff changes: who works on it, and when the customer first heard of somebody. */
function afterStaff(ctx: AppContext, actor: Actor, ticket: Ticket, at: number): Partial<Ticket> {
  const first =
    ticket.first_response_at === null
      ? { first_response_at: at, response_time: elapsed(ticket.clock, at) }
      : {};
  const isWaiting = ['OPEN', 'ASSIGNED', 'REOPENED'].includes(ticket.status);
  if (!ctx.config.autoStatus || !isWaiting) return first;
  const assignee = assigneeOf(actor);
  const taken = ticket.assigned_to === null ? { assigned_to: actor.id, assignee } : {};
  return { ...first, ...taken, status: 'IN_PROGRESS' };
}

/** What a customer's message changes: whatever waited for it goes on. */
function afterCustomer(ctx: AppContext, ticket: Ticket): Partial<Ticket> {
  // Whoever writes on is not done yet: nobody has to say so.
  const unasked = ticket.close_request && { close_request: null };
  if (!ctx.config.autoStatus) return { ...unasked };
  if (ticket.status === 'WAITING') return { ...unasked, status: 'IN_PROGRESS' };
  return ticket.status === 'RESOLVED' ? { ...unasked, status: 'REOPENED' } : { ...unasked };
}

function changeAfter(ctx: AppContext, actor: Actor, ticket: Ticket, at: number): Partial<Ticket> {
  if (!isOpen(ticket)) return {};
  // Whoever opened it is its customer, whatever their role.
  const isAnswer = isStaff(actor) && ticket.owner !== actor.key;
  return isAnswer ? afterStaff(ctx, actor, ticket, at) : afterCustomer(ctx, ticket);
}

/** True where a message of the actor's moves the ticket; asked of what is known of it already. */
export function movesTicket(ctx: AppContext, actor: Actor, ticket: Ticket): boolean {
  return Object.keys(changeAfter(ctx, actor, ticket, 0)).length > 0;
}

/** Moves under way, by side and ticket: many messages at once ask for the same one. */
const underWay = new WeakMap<AppContext['writer'], Map<string, Promise<unknown>>>();

/**
 * Moves a ticket as a message that was just accepted asks for: before its sender is answered, so that
 * a sender whose answer a crash has cost repeats it, and the ticket moves then. The message stands
 * whatever becomes of the move: one that MongoDB does not confirm is left to the next message.
 * @param message its seq, and when it was written; of one that is `repeated`, what has changed the
 *   ticket since decides instead
 */
export async function moveByMessage(
  ctx: AppContext,
  actor: Actor,
  ticketId: string,
  message: { seq: number; at: number; repeated: boolean },
): Promise<void> {
  const moves = underWay.get(ctx.writer) ?? new Map<string, Promise<unknown>>();
  underWay.set(ctx.writer, moves);
  const key = `${isStaff(actor) ? 'staff' : 'customer'} ${ticketId}`;
  const begun =
    moves.get(key) ?? move(ctx, actor, ticketId, message).finally(() => moves.delete(key));
  moves.set(key, begun);
  try {
    await begun;
  } catch (error) {
    const reason = (error as Error).message;
    ctx.log.warn({ ticket: ticketId, reason }, 'a message is stored, and has not moved its ticket');
  }
}

async function move(
  ctx: AppContext,
  actor: Actor,
  ticketId: string,
  message: { seq: number; at: number; repeated: boolean },
): Promise<void> {
  await changeTicket(ctx, actor, ticketId, {
    action: 'answered',
    to(ticket) {
      if (message.repeated && ticket.status_seq > message.seq) return {};
      return changeAfter(ctx, actor, ticket, message.at);
    },
  });
}
