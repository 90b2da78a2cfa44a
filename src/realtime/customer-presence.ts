import { LRUCache } from 'lru-cache';
import type { AppContext } from '../context.ts';
import { type Audience, type DeskServer, room } from './audience.ts';

/** Customers who were asked for and are told of when they come; the longest ago are forgotten. */
const MOST_AWAITED = 5000;
/** Tickets of one of them. */
const MOST_TICKETS = 20;

/**
 * Answers whether this node has a socket of a ticket's customer, and says so by itself when one that was
 * asked for comes. It costs nothing where nobody has asked, and nobody keeps it.
 */
export function answerPresence(ctx: AppContext, io: DeskServer, audience: Audience): () => void {
  const awaited = new LRUCache<string, { owner: string; tickets: Set<string> }>({
    max: MOST_AWAITED,
  });
  const say = (ticket_id: string, owner: string, here: boolean) =>
    ctx.bus.publish({ kind: 'presence', ticket_id, owner, here });
  const awaitTheirs = (name: string, owner: string, ticketId: string) => {
    const { tickets } = awaited.get(name) ?? { tickets: new Set<string>() };
    if (tickets.size < MOST_TICKETS) tickets.add(ticketId);
    awaited.set(name, { owner, tickets });
  };
  const tell = (name: string) => {
    const come = awaited.get(name);
    if (!come) return;
    awaited.delete(name);
    for (const ticketId of come.tickets) say(ticketId, come.owner, true);
  };
  const { adapter } = io.sockets;
  adapter.on('create-room', tell);
  const stop = ctx.bus.subscribe((event) => {
    if (event.kind !== 'presence_asked') return;
    const { ticket_id, owner } = event;
    const name = room.user(owner);
    // A ticket of somebody of the staff is told of to all of them.
    const here = audience.since([name, room.staff(owner)]) !== undefined;
    if (!here) awaitTheirs(name, owner, ticket_id);
    say(ticket_id, owner, here);
  });
  return () => {
    stop();
    adapter.off('create-room', tell);
  };
}
