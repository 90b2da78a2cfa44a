import { setTimeout as sleep } from 'node:timers/promises';

export interface EventuallyOptions {
  /** Milliseconds after which the last failure is thrown; as long as a busy machine may take. */
  timeout?: number;
  /** Milliseconds between two tries. */
  every?: number;
  /** Grows while what is waited for comes nearer; the time begins anew whenever it has run out and this has grown. */
  progress?: () => Promise<number>;
}

/** Runs `check` until it throws no more, and returns what it returned. */
export async function eventually<T>(
  check: () => T | Promise<T>,
  { timeout = 20_000, every = 20, progress }: EventuallyOptions = {},
): Promise<T> {
  let until = Date.now() + timeout;
  for (let seen = 0; ; ) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() > until) {
        const now = (await progress?.()) ?? 0;
        if (now <= seen) throw error;
        seen = now;
        until = Date.now() + timeout;
      }
      await sleep(every);
    }
  }
}
