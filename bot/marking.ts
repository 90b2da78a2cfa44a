import { backOff } from '../src/domain/consumers/keyed-queue.ts';
import type { Bridge } from './bridge.ts';
import { describe, isTransient } from './rest/discord-errors.ts';
import { inAwakePost } from './rest/waking.ts';

/**
 * What a mark promises: the customer has this text now; the customer does not have it, and a line says
 * why; it is kept as a note, for staff only.
 */
export const marks = { taken: '✅', refused: '❌', note: '📝' } as const;
export type Mark = keyof typeof marks;

/** On the last message of staff that the customer has read; those above it they have read, too. */
export const readMark = '👁️';

/** On the newest message of staff, where its customer had no connection when it was stored. */
export const awayMark = '⏳';

const TRIES = 5;
const waiting = new WeakMap<Bridge, Map<string, number>>();

/** How many marks wait for a channel. */
export function marksWaiting(bridge: Bridge, channelId: string): number {
  return waiting.get(bridge)?.get(channelId) ?? 0;
}

/**
 * Does something to marks of a channel, one after the other and beside all else: Discord limits reactions
 * by themselves, to one in a quarter of a second, so that they hold up no post.
 */
export function inMarkingTurn(bridge: Bridge, channelId: string, work: () => Promise<void>): void {
  const { marking } = bridge;
  const counts = waiting.get(bridge) ?? new Map<string, number>();
  waiting.set(bridge, counts);
  counts.set(channelId, marksWaiting(bridge, channelId) + 1);
  const next = (marking.get(channelId) ?? Promise.resolve()).then(work).catch((error: unknown) => {
    bridge.log.info({ reason: describe(error) }, 'marks were not brought up to date');
  });
  marking.set(channelId, next);
  void next.finally(() => {
    const left = marksWaiting(bridge, channelId) - 1;
    if (left > 0) counts.set(channelId, left);
    else counts.delete(channelId);
    if (marking.get(channelId) === next) marking.delete(channelId);
  });
}

/** @returns false where Discord refuses, whatever is tried */
export async function react(bridge: Bridge, work: () => Promise<unknown>): Promise<boolean> {
  for (let tries = 1; tries <= TRIES && !bridge.ended; tries++) {
    try {
      await inAwakePost(bridge, work);
      return true;
    } catch (error) {
      if (!isTransient(error)) {
        bridge.log.info({ reason: describe(error) }, 'a message could not be marked');
        return false;
      }
      await new Promise((resolve) => setTimeout(resolve, backOff(tries, 500, 10_000)).unref());
    }
  }
  return true;
}
