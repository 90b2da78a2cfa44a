/** Node runs a timer of more than 2^31 ms at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * Calls `act` at a time in milliseconds since 1970, however far away; at once where it has passed.
 * Does not keep the process alive.
 * @returns a function that cancels it
 */
export function setAlarm(clock: () => number, time: number, act: () => void): () => void {
  let timer: NodeJS.Timeout;
  const arm = () => {
    const left = Math.max(0, time - clock());
    timer = setTimeout(left > MAX_TIMER_MS ? arm : act, Math.min(left, MAX_TIMER_MS)).unref();
  };
  arm();
  return () => clearTimeout(timer);
}
