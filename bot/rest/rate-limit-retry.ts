import { setTimeout as sleep } from 'node:timers/promises';
import type { Bridge } from '../bridge.ts';
import { retryAfterMs } from './discord-errors.ts';

/** Longer than the pauses between a few pages of a channel, shorter than an outage. */
const LONGEST_PAUSE_MS = 6000;

/**
 * Makes one call of many that belong together, and sits out the pauses Discord asks for in between:
 * begun anew after each, they would never come further than Discord allows in one go.
 * @throws RateLimitError where the pause is too long to hold up a ticket's slot
 */
export async function retryAfterRateLimit<T>(bridge: Bridge, call: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await call();
    } catch (error) {
      const pause = retryAfterMs(error);
      if (pause === 0 || pause > LONGEST_PAUSE_MS || bridge.ended) throw error;
      await sleep(pause);
    }
  }
}
