import type { Timestamp } from 'mongodb';
import { unavailable } from '../../errors.ts';
import type { Database } from '../../models/database.ts';
import type { EntryRow } from '../../models/entry.ts';
import { entryRows, majority, oid } from './collections.ts';
import { type Entry, type LogId, toEntry } from './entry.ts';

/** What is read is shown or judged by, so it must be a majority's: anything else may be rolled back. */
export const shown = { readConcern: majority };

/** A log has no holes: what is missing, this member of the set does not know to be a majority's yet. */
export const notYet = () => unavailable('the log cannot be read up to its head yet');

interface EntryRange {
  after: number;
  upTo: number;
  limit: number;
}

/**
 * The first entries of a log in (`after`, `upTo`], in order, none left out; what a reorder buffer or a
 * consumer has missed.
 * @throws AppError SERVICE_UNAVAILABLE where a new primary does not show them yet
 */
export async function readEntries(
  db: Database,
  log: LogId,
  { after, upTo, limit }: EntryRange,
): Promise<Entry[]> {
  const seq = { $gt: after, $lte: upTo };
  const rows = await entryRows(db)
    .find({ ticket_id: oid(log.ticketId), stream: log.stream, seq } as never, shown)
    .hint('entry_seq')
    .sort({ seq: 1 })
    .limit(limit)
    .toArray();
  if (rows.length !== Math.min(limit, upTo - after)) throw notYet();
  return rows.map((row) => toEntry(row as unknown as EntryRow));
}

const RECENT_AT_ONCE = 20;

/**
 * The entries of a log up to `upTo` that MongoDB took in since `since`, in order. Read from the newest
 * down, so that the cost does not follow the length of the log.
 * @throws AppError SERVICE_UNAVAILABLE where a new primary does not show `upTo` yet
 */
export async function readRecentEntries(
  db: Database,
  log: LogId,
  upTo: number,
  since: Timestamp,
): Promise<Entry[]> {
  const recent: Entry[] = [];
  for (let from = upTo; from > 0; ) {
    const after = Math.max(0, from - RECENT_AT_ONCE);
    const seq = { $gt: after, $lte: from };
    const rows = await entryRows(db)
      .find({ ticket_id: oid(log.ticketId), stream: log.stream, seq } as never, shown)
      .hint('entry_seq')
      .sort({ seq: -1 })
      .toArray();
    if (rows.length !== from - after) throw notYet();
    for (const row of rows as unknown as EntryRow[]) {
      if (row.stored.lessThan(since)) return recent.reverse();
      recent.push(toEntry(row));
    }
    from = after;
  }
  return recent.reverse();
}

/**
 * The newest entry in (`after`, `upTo`] that somebody made, however many others have made since.
 * @param keys all that they are known by
 * @throws AppError SERVICE_UNAVAILABLE where a new primary does not show `upTo` yet
 */
export async function readLastOf(
  db: Database,
  log: LogId,
  keys: readonly string[],
  { after, upTo }: Omit<EntryRange, 'limit'>,
): Promise<Entry | undefined> {
  if (after >= upTo) return undefined;
  const place = { ticket_id: oid(log.ticketId), stream: log.stream };
  const wanted = { $or: [{ 'author.key': { $in: keys } }, { seq: upTo }] };
  const rows = (await entryRows(db)
    .find({ ...place, seq: { $gt: after, $lte: upTo }, ...wanted } as never, shown)
    .hint('entry_seq')
    .sort({ seq: -1 })
    .limit(2)
    .toArray()) as unknown as EntryRow[];
  if (rows[0]?.seq !== upTo) throw notYet();
  const row = rows.find((one) => keys.includes(one.author.key));
  return row && toEntry(row);
}
