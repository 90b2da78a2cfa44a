import { listUnfinished } from '../src/domain/mirror/mirrors.ts';
import type { Bridge } from './bridge.ts';
import { catchUpAll, keepLooking } from './inbound/queue.ts';
import { listenTyping } from './outbound/typing.ts';

/**
 * Brings every ticket that is not done to the bridge's notice, now and from now on.
 * @param catchUpMs how often each channel is looked into, in milliseconds
 * @returns a function that ends it
 */
export async function findWork(bridge: Bridge, catchUpMs: number): Promise<() => void> {
  const { ctx, tickets, outbound } = bridge;
  const stops = [listenTyping(bridge)];
  stops.push(
    ctx.bus.subscribe((event) => {
      if (event.kind === 'entry') outbound.wake(event.entry.ticket_id, 'first');
      else if (event.kind === 'ticket_created') outbound.wake(event.ticket.id, 'first');
    }),
  );
  stops.push(
    ctx.sweep.onFound((found) => {
      for (const { ticket_id, seq } of found.heads) {
        if (!tickets.isPast(ticket_id, seq)) outbound.wake(ticket_id);
      }
      for (const { id } of found.tickets) if (!tickets.hasMet(id)) outbound.wake(id);
    }),
  );
  stops.push(keepLooking(bridge, catchUpMs));
  const stop = () => {
    for (const end of stops) end();
  };
  try {
    await tickets.loadChannels();
    catchUpAll(bridge);
    for await (const id of listUnfinished(ctx, bridge.lease.since)) outbound.wake(id);
  } catch (error) {
    stop();
    throw error;
  }
  return stop;
}
