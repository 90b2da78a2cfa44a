import type { AppContext } from '../context.ts';
import { type Actor, authorOf } from './access/actor.ts';
import { requireRight } from './access/policy.ts';
import type { Ticket } from './log/entry.ts';
import { readTicket } from './tickets/read.ts';

/** Says to the others in a ticket that the actor is writing. Nobody keeps it. */
export async function signalTyping(ctx: AppContext, actor: Actor, ticketId: string): Promise<void> {
  const { ticket } = await readTicket(ctx, actor, ticketId);
  requireRight(ctx.config, actor, 'signal', ticket);
  const by = authorOf(actor);
  ctx.bus.publish({ kind: 'typing', ticket_id: ticket.id, owner: ticket.owner, by });
}

/** Says to the others in a ticket how far the actor has read. Nobody keeps it. */
export async function signalRead(
  ctx: AppContext,
  actor: Actor,
  ticketId: string,
  seq: number,
): Promise<void> {
  const { ticket, head } = await readTicket(ctx, actor, ticketId);
  requireRight(ctx.config, actor, 'signal', ticket);
  const upTo = Math.min(seq, head.seq);
  const by = authorOf(actor);
  ctx.bus.publish({ kind: 'read', ticket_id: ticket.id, owner: ticket.owner, by, seq: upTo });
}

/**
 * Says to a ticket's customer how far what they have written has come to where staff read it. Who comes
 * later reads it with the messages.
 */
export function signalDelivered(ctx: AppContext, { id, owner }: Ticket, seq: number): void {
  ctx.bus.publish({ kind: 'delivered', ticket_id: id, owner, seq });
}

/**
 * Says to everybody in a ticket, whoever asked included, when it will be closed, or that it will not.
 * Nobody keeps it: who comes later reads it with the ticket.
 * @param silent only the staff are told
 */
export function signalClosing(
  ctx: AppContext,
  actor: Actor,
  ticket: Ticket,
  due_at: number | null,
  silent: boolean,
): void {
  const by = authorOf(actor);
  const { id: ticket_id, owner } = ticket;
  ctx.bus.publish({ kind: 'ticket_closing', ticket_id, owner, by, due_at, silent });
}
