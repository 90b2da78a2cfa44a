import type { BotOptions } from '../../bot/bot.ts';
import type { FailpointName } from '../../src/infra/failpoints.ts';
import type { Desk } from './bridge.ts';

/** A bot that stops dead at the nth pass of a point, leaving everything as it is there. */
export async function botThatDies(
  desk: Desk,
  point: FailpointName,
  nth = 1,
  options: BotOptions = {},
) {
  let left = nth;
  let died: () => void = () => undefined;
  const death = new Promise<void>((resolve) => {
    died = resolve;
  });
  const bot = await desk.bot({
    ...options,
    ctx: {
      failpoint(passed) {
        if (passed !== point || --left > 0) return;
        if (left === 0) died();
        throw new Error('killed');
      },
    },
  });
  return { died: death.then(() => bot.stop()) };
}
