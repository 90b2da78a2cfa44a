import type { ObjectId } from 'mongodb';
import type { AppContext } from '../../context.ts';
import { systemActor } from '../access/actor.ts';
import { native } from '../log/collections.ts';
import type { WorkHandler } from '../schedule.ts';
import { isOpen } from '../tickets/workflow.ts';
import { buryTicket } from './bury.ts';

/** Under this kind, and no key, tickets are deleted that ended long ago. */
export const RETENTION = 'retention';

const DAY = 24 * 3_600_000;
const AT_ONCE = 50;
/** Deleted tickets that may wait to be wiped, here or in Discord: of more, the next ones are deleted later. */
const MAX_UNDER_WAY = 500;
const EVERY_MS = 10 * 60_000;
const NEXT_MS = 1000;

/** Back-pressure: true while so many deleted tickets are not wiped, or wait for Discord. */
async function isFull(ctx: AppContext): Promise<boolean> {
  const count = (condition: object, hint: string) =>
    native(ctx.db.erasures).countDocuments({ kind: 'ticket', ...condition } as never, {
      limit: MAX_UNDER_WAY,
      hint,
    });
  if ((await count({ wiped_at: { $type: 'null' } }, 'erasure_under_way')) >= MAX_UNDER_WAY)
    return true;
  const isWaiting = (await count({ discord: 'waiting' }, 'erasure_in_discord')) >= MAX_UNDER_WAY;
  if (isWaiting) ctx.log.warn('no ticket is deleted while so many wait to be removed from Discord');
  return isWaiting;
}

/** Deletes some of the tickets that ended before a moment, the oldest first. @returns how many it looked at */
async function deleteEnded(ctx: AppContext, before: number, signal: AbortSignal): Promise<number> {
  const rows = await native(ctx.db.tickets)
    .find({ closed_at: { $gt: 0, $lt: before } })
    .hint('ticket_closed')
    .project<{ _id: ObjectId }>({ _id: 1 })
    .sort({ closed_at: 1 })
    .limit(AT_ONCE)
    .toArray();
  for (const { _id } of rows) {
    signal.throwIfAborted();
    await buryTicket(ctx, systemActor, _id.toHexString(), {
      why: 'retention',
      isMeant: (ticket) => !isOpen(ticket) && (ticket.closed_at ?? before) < before,
    });
  }
  return rows.length;
}

/** `RETENTION_DAYS`: deletes tickets that ended so long ago, a bounded round at a time. */
export const retention: Readonly<Record<string, WorkHandler>> = {
  [RETENTION]: {
    recurring: true,
    async run(ctx, _work, signal) {
      const { retentionDays } = ctx.config;
      if (retentionDays === 0 || (await isFull(ctx))) return { again: EVERY_MS };
      const deleted = await deleteEnded(ctx, ctx.clock() - retentionDays * DAY, signal);
      return { again: deleted < AT_ONCE ? EVERY_MS : NEXT_MS };
    },
  },
};
