/** Node runs a timer of more than 2^31 ms at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;
/**
 * A far time is come to in whole steps of this. Node keeps a list for each length of timer that there
 * is, in a heap: as many lengths as sockets would make a list of each.
 */
const STEP_MS = 10_000;

function firstOf(left: number): number {
  if (left < 2 * STEP_MS) return left;
  return Math.min(left - (left % STEP_MS) - STEP_MS, MAX_TIMER_MS);
}

/**
 * Calls `act` at a time in milliseconds since 1970, however far away; at once where it has passed.
 * Does not keep the process alive.
 * @returns a function that cancels it
 */
export function setAlarm(clock: () => number, time: number, act: () => void): () => void {
  let timer: NodeJS.Timeout;
  const arm = () => {
    const left = Math.max(0, time - clock());
    const first = firstOf(left);
    timer = setTimeout(first < left ? arm : act, first).unref();
  };
  arm();
  return () => clearTimeout(timer);
}
