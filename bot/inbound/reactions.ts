import { Routes } from 'discord.js';
import { backOff } from '../../src/domain/consumers/keyed-queue.ts';
import type { Bridge } from '../bridge.ts';
import { isTransient } from '../discord-errors.ts';

/** Taken in and stored; refused; for staff only. */
export const marks = { taken: '✅', refused: '❌', internalNote: '📝' } as const;

const TRIES = 5;

async function put(bridge: Bridge, channelId: string, messageId: string, mark: string) {
  const route = Routes.channelMessageOwnReaction(channelId, messageId, encodeURIComponent(mark));
  for (let tries = 1; tries <= TRIES && !bridge.ended; tries++) {
    try {
      await bridge.rest.put(route);
      return;
    } catch (error) {
      if (!isTransient(error)) return;
      await new Promise((resolve) => setTimeout(resolve, backOff(tries, 500, 10_000)).unref());
    }
  }
}

/**
 * Marks a message without holding up its ticket: reactions are slow, one in a quarter of a second.
 * What is lost in a crash is set by the next catch-up.
 */
export function mark(bridge: Bridge, channelId: string, messageId: string, sign: string): void {
  const { marking } = bridge;
  const before = marking.get(channelId) ?? Promise.resolve();
  const next = before.then(() => put(bridge, channelId, messageId, sign));
  marking.set(channelId, next);
  void next.finally(() => {
    if (marking.get(channelId) === next) marking.delete(channelId);
  });
}
