import { setTimeout as sleep } from 'node:timers/promises';

export interface EventuallyOptions {
  /** Milliseconds after which the last failure is thrown; as long as a busy machine may take. */
  timeout?: number;
  /** Milliseconds between two tries. */
  every?: number;
}

/** Runs `check` until it throws no more, and returns what it returned. */
export async function eventually<T>(
  check: () => T | Promise<T>,
  { timeout = 20_000, every = 20 }: EventuallyOptions = {},
): Promise<T> {
  const until = Date.now() + timeout;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() > until) throw error;
      await sleep(every);
    }
  }
}
