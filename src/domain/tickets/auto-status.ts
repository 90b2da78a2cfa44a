import type { AppContext } from '../../context.ts';
import { type Actor, isSelf, isStaff } from '../access/actor.ts';
import type { Ticket } from '../log/entry.ts';
import { assigneeOf } from './assign.ts';
import { changeTicket } from './engine.ts';
import { elapsed } from './service-clock.ts';
import { isOpen } from './workflow.ts';

/** What of a message decides what it moves. */
interface Moving {
  /** When it was written. */
  at: number;
  /** It was stored before; whether its sender was answered then, and it has moved the ticket, nobody knows. */
  repeated: boolean;
  /** Another change of the status has come after it, and stands. */
  isStale: boolean;
}

/** What an answer of staff changes: who works on it, and when the customer first heard of somebody. */
function afterStaff(
  ctx: AppContext,
  actor: Actor,
  ticket: Ticket,
  { at, isStale }: Moving,
): Partial<Ticket> {
  const first =
    ticket.first_response_at === null
      ? { first_response_at: at, response_time: elapsed(ticket.clock, at) }
      : {};
  const isWaiting = ['OPEN', 'ASSIGNED', 'REOPENED'].includes(ticket.status);
  if (!ctx.config.autoStatus || !isWaiting || isStale) return first;
  const assignee = assigneeOf(actor);
  const taken = ticket.assigned_to === null ? { assigned_to: actor.id, assignee } : {};
  return { ...first, ...taken, status: 'IN_PROGRESS' };
}

/** What a customer's message changes: whatever waited for it goes on. */
function afterCustomer(
  ctx: AppContext,
  { status, close_request }: Ticket,
  { at, repeated, isStale }: Moving,
): Partial<Ticket> {
  // Whoever writes on is not done yet: nobody has to say so.
  const isAsked = close_request && (!repeated || close_request.at < at);
  const unasked = isAsked && { close_request: null };
  if (!ctx.config.autoStatus || isStale) return { ...unasked };
  if (status === 'WAITING') return { ...unasked, status: 'IN_PROGRESS' };
  return status === 'RESOLVED' ? { ...unasked, status: 'REOPENED' } : { ...unasked };
}

function changeAfter(
  ctx: AppContext,
  actor: Actor,
  ticket: Ticket,
  message: Moving,
): Partial<Ticket> {
  if (!isOpen(ticket)) return {};
  // Whoever opened it is its customer, whatever their role.
  const isAnswer = isStaff(actor) && !isSelf(actor, ticket.owner);
  return isAnswer ? afterStaff(ctx, actor, ticket, message) : afterCustomer(ctx, ticket, message);
}

/** True where a message of the actor's moves the ticket; asked of what is known of it already. */
export function movesTicket(ctx: AppContext, actor: Actor, ticket: Ticket): boolean {
  const message = { at: 0, repeated: false, isStale: false };
  return Object.keys(changeAfter(ctx, actor, ticket, message)).length > 0;
}

/** Moves under way, by side and ticket: many messages at once ask for the same one. */
const underWay = new WeakMap<AppContext['writer'], Map<string, Promise<unknown>>>();

/**
 * Moves a ticket as a message that was just accepted asks for: before its sender is answered, so that
 * a sender whose answer a crash has cost repeats it, and the ticket moves then. The message stands
 * whatever becomes of the move: one that MongoDB does not confirm is left to the next message.
 * @param message its seq, and when it was written; of one that is `repeated`, what has changed the
 *   status since decides instead
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
      const { status_seq, moved_seq = status_seq } = ticket;
      const isStale = message.repeated && moved_seq > message.seq;
      return changeAfter(ctx, actor, ticket, { ...message, isStale });
    },
  });
}
