import type { Types } from 'mongoose';
import type { AppContext } from '../../context.ts';
import { issueLevels } from '../../contract/ticket-words.ts';
import type { TicketRow } from '../../models/ticket.ts';
import { native, oid } from '../log/collections.ts';
import { type Entry, type Stream, toTicket } from '../log/entry.ts';
import { readClosings } from '../tickets/due-closing.ts';
import { openStatuses } from '../tickets/workflow.ts';
import { type InGuild, inGuild } from './guilds.ts';

interface Found {
  ticket: TicketRow;
  public: { at: number }[];
  internal: { at: number }[];
}

/** The newest entry of one of a ticket's logs, through the index of that log. */
const newestOf = (stream: Stream) => ({
  $lookup: {
    from: 'entries',
    localField: '_id',
    foreignField: 'ticket_id',
    pipeline: [
      { $match: { stream } },
      { $sort: { seq: -1 } },
      { $limit: 1 },
      { $project: { at: 1 } },
    ],
    as: stream,
  },
});

/** Tickets with a channel that may be idle, as far as their rows tell. */
function findIdle(ctx: AppContext, oldest: number, ids: object): Promise<Found[]> {
  return native(ctx.db.mirrors)
    .aggregate<Found>([
      {
        $match: {
          ...ids,
          state: 'open',
          channel_id: { $type: 'string' },
          // A post takes no room.
          forum_id: null,
          problem: null,
          unparked_at: { $not: { $gt: oldest } },
        },
      },
      { $project: { _id: 1 } },
      { $lookup: { from: 'tickets', localField: '_id', foreignField: '_id', as: 'ticket' } },
      { $unwind: '$ticket' },
      {
        $match: {
          'ticket.status': { $in: openStatuses },
          // Somebody has still to say that they see to it.
          'ticket.escalation': null,
          'ticket.created_at': { $lte: oldest },
        },
      },
      newestOf('public'),
      newestOf('internal'),
    ])
    .toArray();
}

/** Which tickets are looked at: one alone, or all but some, of one guild or of all. */
export interface Looked {
  only?: string;
  except?: readonly string[];
  where?: InGuild | undefined;
}

/**
 * The tickets whose channel may go for a while: the lowest level first, and of one level those first that
 * have been idle for longest. None that is to be closed at a time, none that has risen because of a broken
 * promise, and none that was parked so short a time ago.
 * @param idleMs milliseconds without an entry in either log
 * @returns their ids, `limit` of them at most
 */
export async function listParkable(
  ctx: AppContext,
  idleMs: number,
  limit: number,
  { only, except = [], where }: Looked = {},
): Promise<string[]> {
  const oldest = ctx.clock() - idleMs;
  const _id: Types.ObjectId | object = only ? oid(only) : { $nin: except.map(oid) };
  const found = await findIdle(ctx, oldest, { _id, ...inGuild(where) });
  const idle = found
    .map((one) => {
      const times = [...one.public, ...one.internal].map(({ at }) => at);
      const ticket = toTicket(one.ticket);
      return { ticket, since: Math.max(ticket.created_at, ...times) };
    })
    .filter(({ since }) => since <= oldest);
  const ids = idle.map(({ ticket }) => ticket.id);
  const closingAt = await readClosings(ctx, ids);
  const rank = ({ ticket }: (typeof idle)[number]) => issueLevels.indexOf(ticket.issue_level);
  return idle
    .filter(({ ticket }) => closingAt(ticket, true) === null)
    .sort((a, b) => rank(a) - rank(b) || a.since - b.since)
    .slice(0, limit)
    .map(({ ticket }) => ticket.id);
}

/** How many tickets are parked, in one guild or in all. */
export function countParked(ctx: Pick<AppContext, 'db'>, where?: InGuild): Promise<number> {
  const parked = { state: 'open', 'parked.at': { $gt: 0 }, ...inGuild(where) };
  return native(ctx.db.mirrors).countDocuments(parked as never);
}

/** True for an entry that brings the channel of a parked ticket back: what was taken back is no news. */
export function isNews({ type }: Entry): boolean {
  return type !== 'react' && type !== 'delete';
}
