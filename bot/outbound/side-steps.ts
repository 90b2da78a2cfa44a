import { backOff } from '../../src/domain/consumers/keyed-queue.ts';
import { LeaseLost } from '../../src/domain/consumers/lease.ts';
import type { Bridge } from '../bridge.ts';
import type { MirroredTicket } from '../mirrored-tickets.ts';
import { ChannelGone, describe, isUnauthorized, retryAfterMs } from '../rest/discord-errors.ts';

const FIRST_BACKOFF_MS = 500;
const LONGEST_BACKOFF_MS = 5 * 60_000;

const timers = new WeakMap<Bridge, Map<string, { at: number; timer: NodeJS.Timeout }>>();

/** Has a ticket looked at again after a while; the earliest time asked for counts. */
export function scheduleIn(bridge: Bridge, ticketId: string, ms: number): void {
  const known = timers.get(bridge) ?? new Map();
  timers.set(bridge, known);
  const at = performance.now() + ms;
  const before = known.get(ticketId);
  if (before && before.at <= at) return;
  clearTimeout(before?.timer);
  const timer = setTimeout(
    () => {
      known.delete(ticketId);
      if (!bridge.ended) bridge.outbound.schedule(ticketId);
    },
    Math.min(ms + 50, 2 ** 31 - 1),
  ).unref();
  known.set(ticketId, { at, timer });
}

/**
 * Does what the messages of a ticket need not wait for, such as moving its channel or bringing its
 * card up to date. What fails is tried again with a back-off of its own, and holds nothing up.
 * @returns whether it was done
 */
export async function sideStep(
  bridge: Bridge,
  ticket: MirroredTicket,
  name: string,
  step: () => Promise<void>,
): Promise<boolean> {
  const before = ticket.sideSteps.get(name);
  if (before && before.notBefore > performance.now()) {
    scheduleIn(bridge, ticket.id, before.notBefore - performance.now());
    return false;
  }
  try {
    await step();
    ticket.sideSteps.delete(name);
    return true;
  } catch (error) {
    const isOver = error instanceof LeaseLost || isUnauthorized(error);
    if (isOver || error instanceof ChannelGone) throw error;
    const tries = (before?.tries ?? 0) + 1;
    const pause = backOff(tries, FIRST_BACKOFF_MS, LONGEST_BACKOFF_MS);
    const wait = Math.max(retryAfterMs(error), pause);
    ticket.sideSteps.set(name, { tries, notBefore: performance.now() + wait });
    scheduleIn(bridge, ticket.id, wait);
    bridge.log.warn({ ticket: ticket.id, step: name, reason: describe(error), tries }, 'put off');
    return false;
  }
}
