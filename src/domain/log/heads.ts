import type { ClientSession, Timestamp } from 'mongodb';
import type { Types } from 'mongoose';
import type { Database } from '../../models/database.ts';
import type { TicketRow } from '../../models/ticket.ts';
import { openStatuses } from '../tickets/workflow.ts';
import { entryRows, majority, native, readAtOnce, runCommand } from './collections.ts';
import type { Stream } from './entry.ts';

/** The newest entry of a log: its seq, 0 for none, its time, and the cluster time of its insert. */
export interface Head {
  seq: number;
  at: number;
  stored?: Timestamp;
}

/**
 * The head a ticket's row belongs to, where the head was read first: a status change in between has
 * brought the row further, and the log is known to reach there.
 */
export function headWith(row: Pick<TicketRow, 'status_seq' | 'updated_at'>, head: Head): Head {
  return row.status_seq > head.seq ? { ...head, seq: row.status_seq, at: row.updated_at } : head;
}

interface GroupedHead {
  _id: Types.ObjectId;
  seq: number;
  at: number;
  stored: Timestamp;
}

/** The head of a log without entries. */
export const emptyHead: Head = { seq: 0, at: 0 };

/**
 * The heads of these tickets' logs of one stream that a majority has, by ticket id; those without
 * entries are not in it. Grouped by the first of a sorted index, MongoDB jumps from head to head
 * (DISTINCT_SCAN): one key a ticket, however long its log.
 */
export async function readHeads(
  db: Database,
  stream: Stream,
  ids: Types.ObjectId[],
): Promise<Map<string, Head>> {
  const { cursor } = await runCommand<{ cursor: { firstBatch: GroupedHead[] } }>(db, {
    aggregate: db.entries.collection.collectionName,
    pipeline: [
      { $match: { ticket_id: { $in: ids }, stream } },
      { $sort: { ticket_id: -1, stream: -1, seq: -1 } },
      {
        $group: {
          _id: '$ticket_id',
          seq: { $first: '$seq' },
          at: { $first: '$at' },
          stored: { $first: '$stored' },
        },
      },
    ],
    hint: 'entry_seq',
    cursor: { batchSize: ids.length + 1 },
    readConcern: majority,
  });
  return new Map(cursor.firstBatch.map(({ _id, ...head }) => [_id.toHexString(), head]));
}

type Listed = Pick<TicketRow, '_id' | 'owner'>;

async function listTicketIds(
  db: Database,
  filter: object,
  limit: number,
  hint?: string,
): Promise<Listed[]> {
  const { cursor } = await runCommand<{ cursor: { firstBatch: Listed[] } }>(db, {
    find: db.tickets.collection.collectionName,
    filter,
    projection: { owner: 1 },
    sort: { _id: -1 },
    limit,
    batchSize: limit,
    singleBatch: true,
    readConcern: majority,
    ...(hint && { hint }),
  });
  return cursor.firstBatch;
}

/**
 * The public heads of the newest tickets that match, newest first, by ticket id. Read before the tickets'
 * rows, so that no ticket is older than its head.
 * @param hint the index to go by
 */
export async function listHeads(
  db: Database,
  filter: Record<string, unknown>,
  limit: number,
  hint?: string,
): Promise<Map<string, Head>> {
  const tickets = await listTicketIds(db, filter, limit, hint);
  if (tickets.length === 0) return new Map();
  const ids = tickets.map(({ _id }) => _id);
  const heads = await readHeads(db, 'public', ids);
  return new Map(
    ids.map((id) => [id.toHexString(), heads.get(id.toHexString()) ?? emptyHead] as const),
  );
}

/** Owners asked for together, and how many open tickets they may have for it: more than twenty each, the default bound. */
export const OWNERS_IN_A_QUERY = 100;
const TICKETS_OF_MANY = 2500;
/** Named, it spares MongoDB a trial of every index that begins with the owner, for each size of batch. */
const BY_OWNER = 'ticket_owner_status';

const isOpenOf = (owner: unknown) => ({ owner, status: { $in: openStatuses } });

/**
 * The open tickets of all of these, read from the index alone and in its order: sorted, MongoDB would merge a
 * scan for each owner and status.
 */
async function listOpenTickets(db: Database, owners: string[]): Promise<Listed[]> {
  const query = {
    find: db.tickets.collection.collectionName,
    filter: isOpenOf({ $in: owners }),
  };
  const options = { projection: { owner: 1 }, hint: BY_OWNER, readConcern: majority };
  return readAtOnce<Listed>(db, query, options, TICKETS_OF_MANY);
}

/**
 * The public heads of each owner's newest open tickets, at most `limit` an owner: asked together for all of
 * them, unless there are so many tickets that somebody's might be left out.
 */
export async function listOpenHeads(
  db: Database,
  owners: string[],
  limit: number,
): Promise<Map<string, Map<string, Head>>> {
  if (owners.length > 1) {
    const tickets = await listOpenTickets(db, owners);
    if (tickets.length < TICKETS_OF_MANY) {
      const byOwner = new Map(owners.map((owner) => [owner, new Map<string, Head>()]));
      if (tickets.length === 0) return byOwner;
      const ids = tickets.map(({ _id }) => _id);
      const heads = await readHeads(db, 'public', ids);
      const newestFirst = tickets
        .map(({ _id, owner }) => ({ id: _id.toHexString(), owner }))
        .sort((one, other) => (one.id < other.id ? 1 : -1));
      for (const { id, owner } of newestFirst) {
        const own = byOwner.get(owner);
        if (own && own.size < limit) own.set(id, heads.get(id) ?? emptyHead);
      }
      return byOwner;
    }
  }
  const each = owners.map(
    async (owner) => [owner, await listHeads(db, isOpenOf(owner), limit, BY_OWNER)] as const,
  );
  return new Map(await Promise.all(each));
}

/** A log with entries taken in since some time, and its newest one. */
export interface RecentHead {
  ticket_id: string;
  stream: Stream;
  owner: string;
  seq: number;
}

/**
 * The tickets that MongoDB took in since `since`.
 * @param session whose operation time says up to where the answer must reach, whichever member gives it
 */
export function listRecentTickets(
  db: Database,
  since: Timestamp,
  session: ClientSession,
): Promise<TicketRow[]> {
  return native(db.tickets)
    .find({ stored: { $gte: since } }, { readConcern: majority, session })
    .toArray();
}

/**
 * The newest seq of every log that has grown since `since`. The cost follows the number of
 * messages in that time, not the number of tickets.
 * @param session as with `listRecentTickets`
 */
export async function listRecentHeads(
  db: Database,
  since: Timestamp,
  session: ClientSession,
): Promise<RecentHead[]> {
  const rows = await entryRows(db)
    .aggregate<{ _id: { ticket: Types.ObjectId; stream: Stream }; owner: string; seq: number }>(
      [
        { $match: { stored: { $gte: since } } },
        {
          $group: {
            _id: { ticket: '$ticket_id', stream: '$stream' },
            owner: { $first: '$owner' },
            seq: { $max: '$seq' },
          },
        },
      ],
      { readConcern: majority, hint: 'entry_stored', session },
    )
    .toArray();
  return rows.map(({ _id: { ticket, stream }, owner, seq }) => ({
    ticket_id: ticket.toHexString(),
    stream,
    owner,
    seq,
  }));
}
