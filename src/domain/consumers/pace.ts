import { setImmediate as nextTurn } from 'node:timers/promises';

/** How busy the event loop is, from 0 to 1, where work that can wait begins to wait longer. */
const BUSY = 0.5;
const SATURATED = 0.9;
/** How many times as long it waits at most. */
export const LONGEST_WAIT = 1.5;
/** How long a look at the event loop counts, in milliseconds. */
const LOOK_MS = 250;

let looked = performance.eventLoopUtilization();
let lookedAt = performance.now();
let factor = 1;

/**
 * By how much work that can wait is to be put off, so that it is done in larger pieces: 1 while the event
 * loop is half idle, `LONGEST_WAIT` where it never is, and in between in proportion.
 */
export function waitFactor(): number {
  const now = performance.now();
  if (now - lookedAt < LOOK_MS) return factor;
  const since = looked;
  looked = performance.eventLoopUtilization();
  lookedAt = now;
  factor = factorAt(performance.eventLoopUtilization(looked, since).utilization);
  return factor;
}

/** @param utilization of the event loop, from 0 to 1 */
export function factorAt(utilization: number): number {
  const share = (utilization - BUSY) / (SATURATED - BUSY);
  return 1 + (LONGEST_WAIT - 1) * Math.min(1, Math.max(0, share));
}

/**
 * Cooperative scheduling: each caller goes on in a turn of the event loop of its own, so that many logs
 * that are dealt with at once never keep a request waiting for all of them.
 */
export function createYielding(): () => Promise<void> {
  let last: Promise<unknown> = Promise.resolve();
  return async () => {
    last = last.then(() => nextTurn());
    await last;
  };
}
