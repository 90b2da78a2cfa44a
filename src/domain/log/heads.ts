import { Types } from 'mongoose';
import type { Database } from '../../models/database.ts';
import { majority, native } from './collections.ts';

/** The newest entry of a ticket's log: its seq, 0 for none, and its time. */
export interface Head {
  seq: number;
  at: number;
}

/**
 * The heads of the newest tickets that match, newest first, by ticket id: one query, one index seek
 * a ticket. Read before the tickets, so that no ticket is older than its head.
 */
export async function listHeads(
  db: Database,
  filter: Record<string, unknown>,
  limit: number,
): Promise<Map<string, Head>> {
  const rows = await listHeadRows(db, filter, limit);
  return new Map(rows.map((row) => [row._id.toHexString(), row.head[0] ?? { seq: 0, at: 0 }]));
}

function listHeadRows(db: Database, filter: Record<string, unknown>, limit: number) {
  const newest = [
    { $match: { stream: 'public' } },
    { $sort: { seq: -1 } },
    { $limit: 1 },
    { $project: { _id: 0, seq: 1, at: 1 } },
  ];
  return native(db.tickets)
    .aggregate<{ _id: { toHexString(): string }; owner: string; head: Head[] }>(
      [
        { $match: filter },
        { $sort: { _id: -1 } },
        { $limit: limit },
        {
          $lookup: {
            from: 'entries',
            localField: '_id',
            foreignField: 'ticket_id',
            pipeline: newest,
            as: 'head',
          },
        },
        { $project: { owner: 1, head: 1 } },
      ],
      { readConcern: majority },
    )
    .toArray();
}

/**
 * The heads of each owner's newest open tickets, at most `limit` an owner: one query for all of them,
 * unless there are so many tickets that somebody's might be left out.
 */
export async function listOpenHeads(
  db: Database,
  owners: string[],
  limit: number,
): Promise<Map<string, Map<string, Head>>> {
  const open = (owner: unknown) => ({ owner, status: 'OPEN' });
  if (owners.length > 1) {
    const rows = await listHeadRows(db, open({ $in: owners }), 1000);
    if (rows.length < 1000) {
      const byOwner = new Map(owners.map((owner) => [owner, new Map<string, Head>()]));
      for (const { _id, owner, head } of rows) {
        const own = byOwner.get(owner);
        if (own && own.size < limit) own.set(_id.toHexString(), head[0] ?? { seq: 0, at: 0 });
      }
      return byOwner;
    }
  }
  const each = owners.map(
    async (owner) => [owner, await listHeads(db, open(owner), limit)] as const,
  );
  return new Map(await Promise.all(each));
}

/** A ticket with entries made since some time, and its newest one. */
export interface RecentHead {
  ticket_id: string;
  owner: string;
  seq: number;
}

/**
 * The newest seq of every ticket whose log has grown since `since`. The cost follows the number of
 * messages in that time, not the number of tickets.
 * @param since milliseconds since 1970, by the clock that made the entries' ids
 */
export async function listRecentHeads(db: Database, since: number): Promise<RecentHead[]> {
  const from = Types.ObjectId.createFromTime(Math.floor(since / 1000));
  const rows = await native(db.entries)
    .aggregate<{ _id: { toHexString(): string }; owner: string; seq: number }>(
      [
        { $match: { _id: { $gte: from }, stream: 'public' } },
        { $group: { _id: '$ticket_id', owner: { $first: '$owner' }, seq: { $max: '$seq' } } },
      ],
      { readConcern: majority },
    )
    .toArray();
  return rows.map(({ _id, owner, seq }) => ({ ticket_id: _id.toHexString(), owner, seq }));
}
