import type { Types } from 'mongoose';
import type { AppContext } from '../../context.ts';
import type { IssueLevel } from '../../contract/ticket-words.ts';
import type { TicketRow } from '../../models/ticket.ts';
import { native, oid } from '../log/collections.ts';
import { toTicket } from '../log/entry.ts';
import { readClosings } from '../tickets/due-closing.ts';
import { openStatuses } from '../tickets/workflow.ts';

/** The levels whose channels may go for a while, those that go first before the others. */
const parkable: readonly IssueLevel[] = ['NORMAL', 'URGENT'];

/** When a ticket counts as idle. */
export interface Idleness {
  /** Milliseconds without an entry in either log. */
  idleMs: number;
  /** The same where the customer waits for an answer. */
  waitingMs: number;
}

interface Found {
  ticket: TicketRow;
  entries: { at: number }[];
  notes: { at: number }[];
  said: { author: { key: string } }[];
}

/** The newest entry of a ticket that fits, through the index of its log. */
const newest = (as: string, match: object) => ({
  $lookup: {
    from: 'entries',
    localField: '_id',
    foreignField: 'ticket_id',
    pipeline: [
      { $match: match },
      { $sort: { seq: -1 } },
      { $limit: 1 },
      { $project: { at: 1, 'author.key': 1 } },
    ],
    as,
  },
});

async function find(ctx: AppContext, oldest: number, ticketId?: string): Promise<Found[]> {
  return native(ctx.db.mirrors)
    .aggregate<Found>([
      {
        $match: {
          ...(ticketId && { _id: oid(ticketId) }),
          state: 'open',
          channel_id: { $type: 'string' },
        },
      },
      { $project: { _id: 1 } },
      { $lookup: { from: 'tickets', localField: '_id', foreignField: '_id', as: 'ticket' } },
      { $unwind: '$ticket' },
      {
        $match: {
          'ticket.status': { $in: openStatuses },
          'ticket.issue_level': { $in: parkable },
          // Somebody has still to say that they see to it.
          'ticket.escalation': null,
          'ticket.created_at': { $lte: oldest },
          'ticket.updated_at': { $lte: oldest },
        },
      },
      newest('entries', { stream: 'public' }),
      newest('notes', { stream: 'internal' }),
      newest('said', { stream: 'public', type: 'message', origin: { $ne: 'system' } }),
    ])
    .toArray() as Promise<(Found & { _id: Types.ObjectId })[]>;
}

/**
 * The tickets whose channel may go for a while: the lowest level first, and of one level those that have
 * been without an entry for longest. None that is to be closed soon, nor one that rises because of a broken
 * promise.
 * @param ticketId looks at this one alone
 * @returns their ids, `limit` of them at most
 */
export async function listParkable(
  ctx: AppContext,
  { idleMs, waitingMs }: Idleness,
  limit: number,
  ticketId?: string,
): Promise<string[]> {
  const now = ctx.clock();
  const found = await find(ctx, now - Math.min(idleMs, waitingMs), ticketId);
  const idle = found.flatMap(({ ticket: row, entries, notes, said }) => {
    const times = [...entries, ...notes].map(({ at }) => at);
    const since = Math.max(row.created_at, ...times);
    const last = said[0]?.author.key;
    const waits = last === undefined ? row.first_response_at === null : last === row.owner;
    return now - since >= (waits ? waitingMs : idleMs) ? [{ ticket: toTicket(row), since }] : [];
  });
  const closingAt = await readClosings(
    ctx,
    idle.map(({ ticket }) => ticket.id),
  );
  const rank = ({ ticket }: (typeof idle)[number]) => parkable.indexOf(ticket.issue_level);
  return idle
    .filter(({ ticket }) => closingAt(ticket, true) === null)
    .sort((a, b) => rank(a) - rank(b) || a.since - b.since)
    .slice(0, limit)
    .map(({ ticket }) => ticket.id);
}

/** The tickets without a channel that were parked, the longest first. */
export async function listParked(ctx: AppContext, limit: number): Promise<string[]> {
  const rows = await native(ctx.db.mirrors)
    .find({ state: 'open', 'parked.at': { $gt: 0 } } as never, { projection: { _id: 1 } })
    .sort({ 'parked.at': 1 })
    .limit(limit)
    .toArray();
  return rows.map(({ _id }) => _id.toHexString());
}
