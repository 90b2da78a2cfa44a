import type { Config } from '../../config.ts';
import type { Consumer } from '../consumers/consumer.ts';
import { planIdle } from './idle.ts';
import { sayOutOfHours } from './out-of-hours.ts';

/** So that what a busy ticket writes is passed over together. */
const LINGER_MS = 1000;

/** Follows tickets for what is said to customers by itself. */
export const automationConsumer: Consumer = {
  name: 'automation',
  streams: ['public'],
  begins: 'at_the_beginning',
  lingerMs: LINGER_MS,
  begin: (ctx, { ticketId }) => sayOutOfHours(ctx, ticketId),
  handle: planIdle,
  async handleBatch(ctx, entries) {
    // The last one decides: when it is due, all of them are read.
    const last = entries.findLast(({ origin }) => origin !== 'system');
    if (last) await planIdle(ctx, last);
  },
};

/** True where the operator has asked for any of it: nothing is followed otherwise. */
export function hasAutomation({ idle, outOfHoursText, holidayText }: Config): boolean {
  return Boolean(outOfHoursText || holidayText) || Object.keys(idle.levels).length > 0;
}
