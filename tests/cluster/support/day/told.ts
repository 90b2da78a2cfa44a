import { setTimeout as sleep } from 'node:timers/promises';
import type { Answer } from '../../../support/people.ts';

const TRIES = 60;
const EVERY_MS = 500;

/** What came of a call; none where the connection broke off, so that nobody knows whether it was done. */
export const attempted = <T>(ask: () => Promise<Answer<T>>): Promise<Answer<T> | undefined> =>
  ask().catch((error: unknown) => {
    if (error instanceof TypeError && error.message === 'fetch failed') return undefined;
    throw error;
  });

/**
 * What the server answers to what may be asked again. A 503 says of itself that it passes, as a broken connection
 * does; nothing else is looked for.
 */
export async function told<T>(ask: () => Promise<Answer<T>>): Promise<T> {
  for (let tries = 1; ; tries++) {
    const answer = await attempted(ask);
    const status = answer?.status ?? 503;
    if (answer && (status === 200 || status === 201)) return answer.body;
    if (status !== 503 || tries === TRIES) {
      throw new Error(`answered ${status}: ${JSON.stringify(answer?.body)}`);
    }
    await sleep(EVERY_MS);
  }
}
