import { discoverLogs } from '../src/domain/consumers/discovery.ts';
import { publicLog } from '../src/domain/log/entry.ts';
import { createMirrorOffsets } from '../src/domain/mirror/offset-store.ts';
import type { Bridge } from './bridge.ts';
import { listenPresence } from './inbound/away-marks.ts';
import { catchUpAll, keepCatchingUp } from './inbound/queue.ts';
import { listenReads } from './inbound/read-marks.ts';
import { listenTyping } from './outbound/typing.ts';

/** The bridge as a consumer of both logs of each ticket, with offsets in its own rows. */
function followLogs(bridge: Bridge): () => void {
  const { ctx, tickets, outbound, lease } = bridge;
  const discovery = discoverLogs(ctx, {
    name: 'discord',
    streams: ['public', 'internal'],
    tickets: true,
    lease,
    offsets: createMirrorOffsets(ctx, lease.fencingToken, lease.since),
    schedule({ ticketId }, place) {
      // Found in the database: the bus has not brought all of it.
      if (place === 'last') tickets.markStale(ticketId);
      outbound.schedule(ticketId, place);
    },
    isPast: (log, seq) => (seq === 0 ? tickets.hasMet(log.ticketId) : tickets.isPast(log, seq)),
    listOpen: () => outbound.keys().map(publicLog),
  });
  return () => discovery.stop();
}

/**
 * Brings every ticket that is not done to the bridge's notice, now and from now on.
 * @param catchUpMs how often each channel is looked into, in milliseconds
 * @returns a function that ends it
 */
export async function discoverWork(bridge: Bridge, catchUpMs: number): Promise<() => void> {
  const { ctx, tickets } = bridge;
  // Before the ticket is taken up for it.
  const stopNoting = ctx.bus.subscribe((event) => {
    if (event.kind === 'entry' || event.kind === 'internal_entry') tickets.note(event.entry);
  });
  const stops = [
    stopNoting,
    listenTyping(bridge),
    listenReads(bridge),
    listenPresence(bridge),
    keepCatchingUp(bridge, catchUpMs),
  ];
  const stop = () => {
    for (const end of stops) end();
  };
  try {
    for (const { ticketId, partner, guildId } of await tickets.loadChannels()) {
      bridge.guilds.of({ guild_id: guildId ?? null }).room.count(ticketId, partner);
    }
    catchUpAll(bridge);
    stops.push(followLogs(bridge));
  } catch (error) {
    stop();
    throw error;
  }
  return stop;
}
