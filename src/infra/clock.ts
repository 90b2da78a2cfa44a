/** The time of day and timers of this process; calling it is the same as `now`. */
export interface Clock {
  /** Milliseconds since 1970. */
  (): number;
  /** Milliseconds since 1970. */
  now(): number;
  /**
   * Calls `act` once, after so many milliseconds; does not keep the process alive.
   * @returns a function that calls it off
   */
  after(ms: number, act: () => void): () => void;
}

/** @param now another time of day than the system's, for tests */
export function createClock(now: () => number = Date.now): Clock {
  return Object.assign(() => now(), {
    now,
    after(ms: number, act: () => void) {
      const timer = setTimeout(act, ms).unref();
      return () => clearTimeout(timer);
    },
  });
}
