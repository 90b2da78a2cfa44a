import { listLagging } from '../src/domain/mirror/mirrors.ts';
import type { Bridge } from './bridge.ts';
import { catchUpAll, keepCatchingUp } from './inbound/queue.ts';
import { listenTyping } from './outbound/typing.ts';

/**
 * Brings every ticket that is not done to the bridge's notice, now and from now on.
 * @param catchUpMs how often each channel is looked into, in milliseconds
 * @returns a function that ends it
 */
export async function discoverWork(bridge: Bridge, catchUpMs: number): Promise<() => void> {
  const { ctx, tickets, outbound } = bridge;
  const stops = [listenTyping(bridge)];
  stops.push(
    ctx.bus.subscribe((event) => {
      if (event.kind === 'entry') {
        tickets.note(event.entry);
        outbound.schedule(event.entry.ticket_id, 'first');
      } else if (event.kind === 'ticket_created') outbound.schedule(event.ticket.id, 'first');
    }),
  );
  stops.push(
    ctx.reconciliation.onChanges((found) => {
      for (const { ticket_id, seq } of found.heads) {
        if (tickets.isPast(ticket_id, seq)) continue;
        tickets.markStale(ticket_id);
        outbound.schedule(ticket_id);
      }
      for (const { id } of found.tickets) if (!tickets.hasMet(id)) outbound.schedule(id);
    }),
  );
  stops.push(keepCatchingUp(bridge, catchUpMs));
  const stop = () => {
    for (const end of stops) end();
  };
  try {
    await tickets.loadChannels();
    catchUpAll(bridge);
    for await (const id of listLagging(ctx, bridge.lease.since)) outbound.schedule(id);
  } catch (error) {
    stop();
    throw error;
  }
  return stop;
}
