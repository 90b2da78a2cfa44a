import { randomUUID } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { ObjectId } from 'mongodb';
import type { AppContext } from '../../context.ts';
import type { AssigneeRow } from '../../models/ticket.ts';
import { readCalendar } from '../calendar/calendar.ts';
import { entryRows, majority, native, oid } from '../log/collections.ts';
import { isDuplicateKey } from '../mongo-errors.ts';
import { oncePer } from '../once-per.ts';
import { isReal } from '../practice/practice-key.ts';
import type { WorkHandler } from '../schedule.ts';
import { type CountedTicket, packDay } from './day-table.ts';
import { dayOf, nextDay, startOfDay, UTC } from './days.ts';

/** Under this kind, and no key, the statistics are kept up to date. */
export const REFRESH = 'refresh-statistics';

/** How far the statistics have come; kept with the due work. */
export interface RefreshState {
  zone: string;
  /** Every change from before this is in. */
  as_of: number;
  /** While they are first made: the next day, and when the making began. */
  walk?: { day: string; began: number };
}

const EVERY_MS = 2000;
/** How many times as long as a round has taken it rests: a day of very many tickets is made less often. */
const REST = 20;
/** And never longer than this, in milliseconds: numbers are at most so old, and a round. */
const LONGEST_REST_MS = 15_000;
/** How far the clocks of two nodes, or the making of an entry and its writing, may lie apart. */
const SLACK_MS = 5 * 60_000;
/** How far the time in a ticket's id and its `created_at` may. */
const ID_SLACK_MS = 60_000;
/** Days made in one go while the statistics are first made. */
const DAYS_AT_ONCE = 100;

/** The mark of a ticket that is not there any more. */
const DELETED = ' deleted';

const counted = {
  _id: 0,
  status: 1,
  priority: 1,
  category: 1,
  channel: 1,
  assignee: 1,
  rating: 1,
  clock: 1,
  created_at: 1,
  response_time: 1,
  resolution_time: 1,
};

function idAt(ms: number): ObjectId {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  return oid(`${seconds.toString(16).padStart(8, '0')}${'0'.repeat(16)}`);
}

/** Makes the rollup of a day, and writes it unless a newer lease has. */
async function makeDay(ctx: AppContext, zone: string, day: string, fence: number): Promise<void> {
  const from = startOfDay(zone, day);
  const to = startOfDay(zone, nextDay(day));
  const tickets = native(ctx.db.tickets);
  const span = { $gte: from, $lt: to };
  const ids = { $gte: idAt(from - ID_SLACK_MS), $lt: idAt(to + ID_SLACK_MS) };
  const [opened, closed] = await Promise.all([
    tickets
      .find({ _id: ids, created_at: span, ...isReal } as never, {
        readConcern: majority,
        hint: '_id_',
      })
      .project<CountedTicket>(counted)
      .toArray(),
    tickets
      .find({ closed_at: span, ...isReal }, { readConcern: majority, hint: 'ticket_closed' })
      .project<{ assignee?: AssigneeRow | null }>({ _id: 0, assignee: 1 })
      .toArray(),
  ]);
  const columns = packDay(
    opened,
    closed.map(({ assignee }) => assignee),
  );
  const $set = { zone, fence, version: randomUUID(), ...columns };
  try {
    await native(ctx.db.statistics).updateOne(
      { _id: day, fence: { $lte: fence } },
      { $set },
      { upsert: true },
    );
  } catch (error) {
    // A newer lease has made it.
    if (!isDuplicateKey(error)) throw error;
  }
}

interface ChangedRow {
  _id: ObjectId;
  created_at: number;
  updated_at: number;
  closed_at: number | null;
  status_seq: number;
  reopened?: number;
}

/** Days on which a ticket ended that was reopened since: only its log knows them. */
async function formerEndings(ctx: AppContext, ids: readonly ObjectId[]): Promise<number[]> {
  if (ids.length === 0) return [];
  const rows = await entryRows(ctx.db)
    .find({
      ticket_id: { $in: ids },
      stream: 'public',
      type: 'ticket_change',
      'changes.closed_at': { $exists: true },
    })
    .project<{ changes: { closed_at: [unknown, unknown] } }>({ 'changes.closed_at': 1 })
    .toArray();
  return rows.flatMap(({ changes }) => changes.closed_at.filter((at) => typeof at === 'number'));
}

interface DeletedRow {
  _id: ObjectId;
  ticket: { created_at: number; ended: number[] };
}

/** Tickets that were deleted, and are not counted any more. */
function listDeleted(ctx: AppContext, since: number): Promise<DeletedRow[]> {
  return native(ctx.db.erasures)
    .find({ at: { $gte: since }, kind: 'ticket' }, { readConcern: majority })
    .project<DeletedRow>({ 'ticket.created_at': 1, 'ticket.ended': 1 })
    .toArray();
}

/** What a node has worked in already: within the slack the same changes are found again and again. */
const workedBy = oncePer((_ctx: AppContext) => new LRUCache<string, string>({ max: 100_000 }));

/** Makes every day again on which a ticket was opened or ended that has changed. */
async function workIn(ctx: AppContext, zone: string, since: number, fence: number): Promise<void> {
  const known = workedBy(ctx);
  const markOf = ({ updated_at, status_seq }: ChangedRow) => `${zone} ${updated_at} ${status_seq}`;
  const changed = await native(ctx.db.tickets)
    .find({ updated_at: { $gte: since - SLACK_MS } }, { readConcern: majority })
    .project<ChangedRow>({
      created_at: 1,
      updated_at: 1,
      closed_at: 1,
      status_seq: 1,
      reopened: 1,
    })
    .toArray();
  const fresh = changed.filter((row) => known.get(row._id.toHexString()) !== markOf(row));
  const deleted = (await listDeleted(ctx, since - SLACK_MS)).filter(
    ({ _id }) => known.get(_id.toHexString()) !== zone + DELETED,
  );
  const reopened = fresh.filter((row) => (row.reopened ?? 0) > 0).map(({ _id }) => _id);
  const times = [
    ...fresh.flatMap(({ created_at, closed_at }) => [created_at, closed_at ?? created_at]),
    ...(await formerEndings(ctx, reopened)),
    ...deleted.flatMap(({ ticket: { created_at, ended } }) => [created_at, ...ended]),
  ];
  const days = new Set(times.map((at) => dayOf(zone, at)));
  for (const day of days) await makeDay(ctx, zone, day, fence);
  for (const row of fresh) known.set(row._id.toHexString(), markOf(row));
  for (const { _id } of deleted) known.set(_id.toHexString(), zone + DELETED);
}

/** Where the first making begins: with the oldest ticket. */
async function firstDay(ctx: AppContext, zone: string, now: number): Promise<string> {
  const [oldest] = await native(ctx.db.tickets)
    .find({}, { readConcern: majority })
    .project<{ created_at: number }>({ created_at: 1 })
    .sort({ _id: 1 })
    .limit(1)
    .toArray();
  return dayOf(zone, oldest?.created_at ?? now);
}

async function walkOn(
  ctx: AppContext,
  { zone, walk }: { zone: string; walk: { day: string; began: number } },
  fence: number,
): Promise<RefreshState> {
  const today = dayOf(zone, ctx.clock());
  let { day } = walk;
  for (let made = 0; made < DAYS_AT_ONCE && day <= today; made++) {
    await makeDay(ctx, zone, day, fence);
    day = nextDay(day);
  }
  if (day <= today) return { zone, as_of: walk.began, walk: { ...walk, day } };
  return { zone, as_of: walk.began };
}

/** The time zone whose days the reports count by. */
export async function reportZone(ctx: AppContext): Promise<string> {
  return (await readCalendar(ctx))?.timezone ?? UTC;
}

/**
 * Keeps the statistics up to date: on the one node that does what is due, seconds behind. Idempotent, and
 * made anew where the time zone has changed.
 */
export const statistics: Readonly<Record<string, WorkHandler>> = {
  [REFRESH]: {
    recurring: true,
    async run(ctx, { data: known, fence }) {
      const state = known as RefreshState | undefined;
      const zone = await reportZone(ctx);
      const now = ctx.clock();
      if (state?.zone !== zone) {
        const walk = { day: await firstDay(ctx, zone, now), began: now };
        return { again: 0, data: { zone, as_of: now, walk } satisfies RefreshState };
      }
      if (state.walk) {
        const next = await walkOn(ctx, { zone, walk: state.walk }, fence);
        return { again: 0, data: next };
      }
      const startedAt = performance.now();
      await workIn(ctx, zone, state.as_of, fence);
      const took = performance.now() - startedAt;
      const data: RefreshState = { zone, as_of: now };
      const rest = Math.min(LONGEST_REST_MS, Math.round(took * REST));
      return { again: Math.max(EVERY_MS, rest), data };
    },
  },
};
