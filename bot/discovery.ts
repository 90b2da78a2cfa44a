import { setTimeout as sleep } from 'node:timers/promises';
import { backOff } from '../src/domain/consumers/keyed-queue.ts';
import { LeaseLost } from '../src/domain/consumers/lease.ts';
import { listLagging, saveWatermark } from '../src/domain/mirror/mirrors.ts';
import type { Bridge } from './bridge.ts';
import { describe } from './discord-errors.ts';
import { catchUpAll, keepCatchingUp } from './inbound/queue.ts';
import { listenTyping } from './outbound/typing.ts';

const FIRST_RETRY_MS = 1000;
const LONGEST_RETRY_MS = 60_000;

/** Finds what is behind, in the background, until it has been through all of it once. */
async function scheduleLagging(bridge: Bridge): Promise<void> {
  const { ctx, outbound, tickets } = bridge;
  for (let tries = 1; !bridge.ended; tries++) {
    try {
      const startedAt = ctx.clock();
      for await (const id of listLagging(ctx, bridge.lease.since)) {
        if (bridge.ended) return;
        // Its row is made now, so that no later look need find it again.
        await tickets.load(id);
        outbound.schedule(id);
      }
      return await saveWatermark(ctx, startedAt);
    } catch (error) {
      if (error instanceof LeaseLost) return bridge.end({ why: 'lease' });
      bridge.log.warn({ reason: describe(error), tries }, 'what is behind was not all found');
    }
    const pause = backOff(tries, FIRST_RETRY_MS, LONGEST_RETRY_MS);
    await sleep(pause, undefined, { ref: false });
  }
}

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
      for (const { ticket_id, stream, seq } of found.heads) {
        if (stream !== 'public' || tickets.isPast(ticket_id, seq)) continue;
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
    for (const { ticketId, partner } of await tickets.loadChannels()) {
      bridge.room.count(ticketId, partner);
    }
    catchUpAll(bridge);
    void scheduleLagging(bridge);
  } catch (error) {
    stop();
    throw error;
  }
  return stop;
}
