import type { Timestamp } from 'mongodb';
import { unavailable } from '../../errors.ts';
import type { Database } from '../../models/database.ts';
import type { EntryRow } from '../../models/entry.ts';
import { majority, native, oid } from './collections.ts';
import { type Entry, foldMessage, type Message, toEntry } from './entry.ts';
import type { ReadPage } from './pages.ts';

/** What is read is shown or judged by, so it must be a majority's: anything else may be rolled back. */
const shown = { readConcern: majority };

/** A log has no holes: what is missing, this member of the set does not know to be a majority's yet. */
const notYet = () => unavailable('the log cannot be read up to its head yet');

interface Range {
  ticketId: string;
  /** Entries above it are not part of the snapshot. */
  head: number;
  limit: number;
}

/** The last change of each of these messages with a seq in (`above`, `head`], by message id. */
async function lastChanges(
  db: Database,
  ids: string[],
  above: number,
  head: number,
): Promise<Map<string, Entry>> {
  const changes = new Map<string, Entry>();
  if (ids.length === 0 || above >= head) return changes;
  const filter = { 'of.id': { $in: ids.map(oid) }, seq: { $gt: above, $lte: head } };
  const rows = native(db.entries)
    .find(filter as never, shown)
    .sort({ seq: 1 });
  for await (const row of rows) {
    const entry = toEntry(row as unknown as EntryRow);
    if (entry.of) changes.set(entry.of.id, entry);
  }
  return changes;
}

/**
 * Messages changed after a cursor, in order of `rev`, each as it is at the head; deleted ones are
 * tombstones. `more` means the limit was reached before the head.
 */
export async function readChanges(
  db: Database,
  readPage: ReadPage,
  { ticketId, head, limit }: Range,
  after: number,
): Promise<{ messages: Message[]; more: boolean }> {
  const messages: Message[] = [];
  let from = after;
  while (messages.length < limit && from < head) {
    // A log has no holes, so a page of so many entries ends at that seq.
    const upTo = Math.min(head, from + limit - messages.length);
    const rows = await readPage({ ticketId, after: from, upTo });
    if (rows.length !== upTo - from) throw notYet();
    from = upTo;
    const latest = new Map<string, Entry>();
    for (const row of rows) {
      const entry = toEntry(row);
      if (entry.type !== 'status') latest.set(entry.of?.id ?? entry.id, entry);
    }
    const changedLater = await lastChanges(db, [...latest.keys()], from, head);
    for (const [id, entry] of latest) if (!changedLater.has(id)) messages.push(foldMessage(entry));
  }
  messages.sort((a, b) => a.rev - b.rev);
  return { messages, more: from < head };
}

/** The newest messages below `before` that are not deleted at the head, oldest first. */
export async function readNewest(
  db: Database,
  { ticketId, head, limit }: Range,
  before: number,
): Promise<{ messages: Message[]; more: boolean }> {
  const newest: Message[] = [];
  let below = Math.min(before, head + 1);
  while (newest.length <= limit && below > 1) {
    const wanted = limit + 1 - newest.length;
    const rows = await native(db.entries)
      .find(
        { ticket_id: oid(ticketId), stream: 'public', seq: { $lt: below }, type: 'message' },
        shown,
      )
      .sort({ seq: -1 })
      .limit(wanted)
      .toArray();
    const changes = await lastChanges(
      db,
      rows.map((row) => row._id.toHexString()),
      0,
      head,
    );
    for (const row of rows) {
      const first = toEntry(row);
      const message = foldMessage(changes.get(first.id) ?? first);
      if (!message.deleted) newest.push(message);
    }
    below = rows.length < wanted ? 1 : (rows.at(-1)?.seq ?? 1);
  }
  const more = newest.length > limit;
  return { messages: newest.slice(0, limit).reverse(), more };
}

/** One message as it is now; undefined where the ticket has none with that id. */
export async function readMessage(
  db: Database,
  ticketId: string,
  messageId: string,
): Promise<Message | undefined> {
  const changes = await lastChanges(db, [messageId], 0, Number.MAX_SAFE_INTEGER);
  const change = changes.get(messageId);
  if (change) return change.ticket_id === ticketId ? foldMessage(change) : undefined;
  const row = await native(db.entries).findOne({ _id: oid(messageId), stream: 'public' }, shown);
  if (row?.type !== 'message' || row.ticket_id.toHexString() !== ticketId) return undefined;
  return foldMessage(toEntry(row));
}

interface EntryRange {
  after: number;
  upTo: number;
  limit: number;
}

/**
 * The first entries of a ticket in (`after`, `upTo`], in order, none left out; what a sequencer or the
 * mirror has missed.
 * @throws AppError SERVICE_UNAVAILABLE where a new primary does not show them yet
 */
export async function readEntries(
  db: Database,
  ticketId: string,
  { after, upTo, limit }: EntryRange,
): Promise<Entry[]> {
  const place = { ticket_id: oid(ticketId), stream: 'public', seq: { $gt: after, $lte: upTo } };
  const rows = await native(db.entries)
    .find(place as never, shown)
    .hint('entry_seq')
    .sort({ seq: 1 })
    .limit(limit)
    .toArray();
  if (rows.length !== Math.min(limit, upTo - after)) throw notYet();
  return rows.map((row) => toEntry(row as unknown as EntryRow));
}

const RECENT_AT_ONCE = 20;

/**
 * The entries of a ticket up to `upTo` that MongoDB took in since `since`, in order. Read from the
 * newest down, so that the cost does not follow the length of the log.
 * @throws AppError SERVICE_UNAVAILABLE where a new primary does not show `upTo` yet
 */
export async function readRecentEntries(
  db: Database,
  ticketId: string,
  upTo: number,
  since: Timestamp,
): Promise<Entry[]> {
  const recent: Entry[] = [];
  for (let from = upTo; from > 0; ) {
    const after = Math.max(0, from - RECENT_AT_ONCE);
    const rows = await native(db.entries)
      .find(
        { ticket_id: oid(ticketId), stream: 'public', seq: { $gt: after, $lte: from } } as never,
        shown,
      )
      .hint('entry_seq')
      .sort({ seq: -1 })
      .toArray();
    if (rows.length !== from - after) throw notYet();
    for (const row of rows as unknown as EntryRow[]) {
      if (row.stored.lessThan(since)) return recent;
      recent.unshift(toEntry(row));
    }
    from = after;
  }
  return recent;
}
