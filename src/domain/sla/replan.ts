import { createHash } from 'node:crypto';
import type { AppContext } from '../../context.ts';
import { beginNow } from '../consumers/discovery.ts';
import { majority, native, oid } from '../log/collections.ts';
import type { WorkHandler } from '../schedule.ts';
import { readSlaRules } from './rules.ts';
import type { SlaRules } from './service-level.ts';
import { planTicket, slaConsumer } from './watch.ts';

const EVERY_MS = 5000;
/** By then every process goes by the new rules, and plans nothing by the old ones any more. */
const SETTLED_MS = 15_000;
/** Tickets planned in one go, and side by side. */
const PAGE = 500;
const SIDE_BY_SIDE = 8;

/** How far planning anew has come, as kept between two goes. */
interface Progress {
  /** The rules by which all tickets are planned. */
  done?: string;
  /** The rules by which they are being planned now, up to this ticket. */
  walking?: string;
  after?: string;
}

/** All that service levels are worked out by, and nothing else. */
function fingerprint({ priorities, calendar }: SlaRules): string {
  const times = priorities.map(({ name, first_response_ms, resolution_ms }) => [
    name,
    first_response_ms,
    resolution_ms,
  ]);
  const text = JSON.stringify([times.sort(), calendar ?? null]);
  return createHash('sha256').update(text).digest('base64url');
}

/** @returns the last ticket of the page; undefined behind the last page */
async function planPage(ctx: AppContext, after: string | undefined, signal: AbortSignal) {
  const rows = await native(ctx.db.tickets)
    .find(after ? { _id: { $gt: oid(after) } } : {}, {
      projection: { _id: 1 },
      readConcern: majority,
    })
    .sort({ _id: 1 })
    .limit(PAGE)
    .toArray();
  const left = rows.map(({ _id }) => _id.toHexString());
  const last = left.at(-1);
  const work = async () => {
    for (let id = left.shift(); id; id = left.shift()) {
      signal.throwIfAborted();
      await planTicket(ctx, id);
    }
  };
  await Promise.all(Array.from({ length: SIDE_BY_SIDE }, work));
  return last;
}

/**
 * Plans all tickets anew where a calendar or the times of a priority have changed, and at the first start:
 * a page at a time, so that it goes on where it stood, whoever goes on with it.
 */
export const slaReplanning: Readonly<Record<string, WorkHandler>> = {
  'sla-replan': {
    recurring: true,
    async run(ctx, { data }, signal) {
      const { done, walking, after } = (data ?? {}) as Progress;
      const print = fingerprint(await readSlaRules(ctx));
      if (print === done) return { again: EVERY_MS, data: { done } };
      const begun = { ...(done && { done }), walking: print };
      if (print !== walking) {
        // From here on the consumer sees what is opened, should it not run yet.
        await beginNow(ctx, slaConsumer.name);
        return { again: done ? SETTLED_MS : 0, data: begun };
      }
      const last = await planPage(ctx, after, signal);
      if (last) return { again: 0, data: { ...begun, after: last } };
      return { again: EVERY_MS, data: { done: print } };
    },
  },
};
