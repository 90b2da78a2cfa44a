import type { Timestamp } from 'mongodb';
import { unavailable } from '../../errors.ts';
import type { Database } from '../../models/database.ts';
import type { EntryRow } from '../../models/entry.ts';
import { entryRows, majority, oid } from './collections.ts';
import {
  type Entry,
  foldMessage,
  isOfMessage,
  type LogId,
  type Message,
  type MessageChangeEntry,
  messageIdOf,
  toEntry,
} from './entry.ts';
import type { ReadPage } from './pages.ts';
import { type Bitmap, listUnmarked, markEntries } from './visibility-map.ts';

/** What is read is shown or judged by, so it must be a majority's: anything else may be rolled back. */
const shown = { readConcern: majority };

/** A log has no holes: what is missing, this member of the set does not know to be a majority's yet. */
const notYet = () => unavailable('the log cannot be read up to its head yet');

/** A log of so many entries is read whole: one query instead of four. */
const SHORT_LOG = 100;
/**
 * So many entries are looked at together, however small the limit, and twice as many each time that was
 * not enough, because their marks were missing: a log without any is walked in few queries.
 */
const looks = { first: 20, most: 1280 } as const;

interface Range {
  log: LogId;
  /** Entries above it are not part of the snapshot. */
  head: number;
  limit: number;
}

/**
 * The last change of each of these messages with a seq up to `head`, by message id. Grouped by the
 * first of a sorted index, MongoDB jumps from message to message, however often each was edited.
 */
async function lastChanges(
  db: Database,
  ids: readonly string[],
  head: number,
): Promise<Map<string, MessageChangeEntry>> {
  if (ids.length === 0) return new Map();
  const filter = { 'of.id': { $in: ids.map(oid) }, seq: { $lte: head } };
  const rows = await entryRows(db)
    .aggregate<{ last: EntryRow }>(
      [
        { $match: filter },
        { $sort: { 'of.id': -1, seq: -1 } },
        { $group: { _id: '$of.id', last: { $first: '$$ROOT' } } },
      ],
      { ...shown, hint: 'entry_changes' },
    )
    .toArray();
  const changes = rows.map(({ last }) => toEntry(last) as MessageChangeEntry);
  return new Map(changes.map((entry) => [entry.of.id, entry]));
}

/** Entries by their seqs. @throws AppError SERVICE_UNAVAILABLE where one is not shown yet */
async function readSeqs(db: Database, log: LogId, seqs: readonly number[]): Promise<Entry[]> {
  if (seqs.length === 0) return [];
  const place = { ticket_id: oid(log.ticketId), stream: log.stream, seq: { $in: seqs } };
  const rows = await entryRows(db)
    .find(place as never, shown)
    .hint('entry_seq')
    .sort({ seq: 1 })
    .toArray();
  if (rows.length !== seqs.length) throw notYet();
  return rows.map((row) => toEntry(row as unknown as EntryRow));
}

/** Messages changed above the head: the map knows of it already, the snapshot does not. */
async function changedAbove(db: Database, { log, head }: Range): Promise<string[]> {
  const place = { ticket_id: oid(log.ticketId), stream: log.stream, seq: { $gt: head } };
  const rows = await entryRows(db)
    .find(place as never, { ...shown, projection: { 'of.id': 1 } })
    .hint('entry_seq')
    .toArray();
  const ids = rows.map((row) => (row as { of?: { id: EntryRow['_id'] } }).of?.id.toHexString());
  return [...new Set(ids.filter((id) => id !== undefined))];
}

const lookFurther = (look: number) => Math.min(2 * look, looks.most);

/**
 * The entries a walk over the map has come to; notes which messages have changed above the head. That
 * has to be asked after the map was: it may tell of changes that were made before it was read.
 */
async function readUnmarked(
  db: Database,
  range: Range,
  seqs: readonly number[],
  above: Set<string>,
): Promise<Entry[]> {
  const [entries, changed] = await Promise.all([
    readSeqs(db, range.log, seqs),
    changedAbove(db, range),
  ]);
  for (const id of changed) above.add(id);
  return entries;
}

/** Messages as they are at the head, by id, found by any entry of theirs. */
async function foldAt(db: Database, { log, head }: Range, ids: readonly string[]) {
  const changes = await lastChanges(db, ids, head);
  const unchanged = ids.filter((id) => !changes.has(id)).map(oid);
  const rows = unchanged.length
    ? await entryRows(db)
        .find({ _id: { $in: unchanged }, stream: log.stream } as never, shown)
        .toArray()
    : [];
  const entries = [...changes.values(), ...rows.map((row) => toEntry(row as unknown as EntryRow))];
  return entries
    .filter((entry) => entry.seq <= head)
    .filter(isOfMessage)
    .map(foldMessage);
}

/** Every message of a stretch of the log, as its last entry there has it, by id. */
function foldPage(rows: readonly EntryRow[]): Message[] {
  const latest = new Map<string, Message>();
  for (const row of rows) {
    const entry = toEntry(row);
    if (isOfMessage(entry)) latest.set(messageIdOf(entry), foldMessage(entry));
  }
  return [...latest.values()];
}

/**
 * All messages of a stretch that ends at the head, where that is short: one query, which is read
 * together with those of others. @returns undefined where it is long
 */
async function foldShort(
  readPage: ReadPage,
  { log, head, limit }: Range,
  after: number,
): Promise<Message[] | undefined> {
  if (head - after > Math.max(limit, SHORT_LOG)) return undefined;
  if (after >= head) return [];
  const rows = await readPage({ log, after, upTo: head });
  if (rows.length !== head - after) throw notYet();
  return foldPage(rows);
}

/** Sets marks that a crash between a change and its marks has left out. */
function mend(db: Database, log: LogId, bitmap: Bitmap, seqs: number[]): void {
  if (seqs.length > 0) void markEntries(db, log, { [bitmap]: seqs }).catch(() => undefined);
}

/**
 * Messages changed after a cursor, in order of `rev`, each as it is at the head; deleted ones are
 * tombstones. `more` means the limit was reached before the head.
 */
export async function readChanges(
  db: Database,
  readPage: ReadPage,
  range: Range,
  after: number,
): Promise<{ messages: Message[]; more: boolean }> {
  const short = await foldShort(readPage, range, after);
  const messages = short ?? (await foldLong(db, range, after));
  messages.sort((a, b) => a.rev - b.rev);
  return { messages: messages.slice(0, range.limit), more: messages.length > range.limit };
}

/** The first messages changed after a cursor, one more than the limit where there are so many. */
async function foldLong(db: Database, range: Range, after: number): Promise<Message[]> {
  const { log, head, limit } = range;
  const found = new Map<string, Message>();
  const above = new Set<string>();
  let from = after;
  for (
    let look: number = looks.first;
    found.size <= limit && from < head;
    look = lookFurther(look)
  ) {
    const wanted = Math.max(limit + 1 - found.size, look);
    const seqs = await listUnmarked(db, log, 'superseded', {
      from: from + 1,
      to: head,
      limit: wanted,
    });
    from = seqs.length < wanted ? head : (seqs.at(-1) as number);
    const entries = await readUnmarked(db, range, seqs, above);
    const messages = entries.filter(isOfMessage);
    const changes = await lastChanges(db, [...new Set(messages.map(messageIdOf))], head);
    const stale = entries.filter(
      (entry) =>
        !isOfMessage(entry) || (changes.get(messageIdOf(entry))?.seq ?? entry.seq) > entry.seq,
    );
    mend(
      db,
      log,
      'superseded',
      stale.map(({ seq }) => seq),
    );
    const isStale = new Set(stale);
    for (const entry of messages) {
      if (!isStale.has(entry)) found.set(messageIdOf(entry), foldMessage(entry));
    }
  }
  for (const message of await foldAt(db, range, [...above])) {
    if (message.rev > after) found.set(message.id, message);
  }
  return [...found.values()];
}

/** The newest messages below `before` that are not deleted at the head, oldest first. */
export async function readNewest(
  db: Database,
  readPage: ReadPage,
  range: Range,
  before: number,
): Promise<{ messages: Message[]; more: boolean }> {
  const top = Math.min(before - 1, range.head);
  const whole = await foldShort(readPage, range, 0);
  const there = whole?.filter(({ seq, deleted }) => seq <= top && !deleted);
  const messages = there ?? (await foldNewest(db, range, top));
  messages.sort((a, b) => b.seq - a.seq);
  return {
    messages: messages.slice(0, range.limit).reverse(),
    more: messages.length > range.limit,
  };
}

/** The newest messages up to a seq, one more than the limit where there are so many. */
async function foldNewest(db: Database, range: Range, top: number): Promise<Message[]> {
  const { log, head, limit } = range;
  const found = new Map<string, Message>();
  const above = new Set<string>();
  let below = top;
  for (let look: number = looks.first; found.size <= limit && below > 0; look = lookFurther(look)) {
    const wanted = Math.max(limit + 1 - found.size, look);
    const seqs = await listUnmarked(db, log, 'hidden', { from: below, to: 1, limit: wanted });
    below = seqs.length < wanted ? 0 : (seqs.at(-1) as number) - 1;
    const entries = await readUnmarked(db, range, seqs, above);
    const firsts = entries.filter((entry) => entry.type === 'message');
    const changes = await lastChanges(
      db,
      firsts.map(({ id }) => id),
      head,
    );
    const gone = entries.filter(
      ({ type, id }) => type !== 'message' || changes.get(id)?.type === 'delete',
    );
    mend(
      db,
      log,
      'hidden',
      gone.map(({ seq }) => seq),
    );
    const isGone = new Set<Entry>(gone);
    for (const first of firsts) {
      if (!isGone.has(first)) found.set(first.id, foldMessage(changes.get(first.id) ?? first));
    }
  }
  for (const message of await foldAt(db, range, [...above])) {
    if (message.seq <= top && !message.deleted) found.set(message.id, message);
  }
  return [...found.values()];
}

/**
 * One message as it is at a head, by default now; undefined where the log has none with that id.
 * @throws AppError SERVICE_UNAVAILABLE where a new primary does not show the log up to `head` yet
 */
export async function readMessage(
  db: Database,
  log: LogId,
  messageId: string,
  head?: number,
): Promise<Message | undefined> {
  if (head) await readSeqs(db, log, [head]);
  const upTo = head ?? Number.MAX_SAFE_INTEGER;
  const [message] = await foldAt(db, { log, head: upTo, limit: 1 }, [messageId]);
  return message?.ticket_id === log.ticketId && message.stream === log.stream ? message : undefined;
}

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
