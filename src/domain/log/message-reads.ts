import type { Document } from 'mongodb';
import type { Database } from '../../models/database.ts';
import type { EntryRow } from '../../models/entry.ts';
import { ENTRIES_IN_AN_ANSWER, entryRows, oid, readAtOnce } from './collections.ts';
import {
  type Entry,
  foldMessage,
  foldRow,
  isOfMessage,
  type LogId,
  type Message,
  type MessageChangeEntry,
  messageIdOf,
  toEntry,
} from './entry.ts';
import { notYet, shown } from './reads.ts';

/** A snapshot of a log. */
export interface Snapshot {
  log: LogId;
  /** Entries above it are not part of the snapshot. */
  head: number;
}

interface LastChange {
  last: EntryRow;
}

const lastOfEach = [
  { $sort: { 'of.id': -1, seq: -1 } },
  { $group: { _id: '$of.id', last: { $first: '$$ROOT' } } },
];

/**
 * The last change of each of these messages with a seq up to `head`, by message id. Grouped by the
 * first of a sorted index, MongoDB jumps from message to message, however often each was edited.
 */
export async function lastChanges(
  db: Database,
  ids: readonly string[],
  head: number,
): Promise<Map<string, MessageChangeEntry>> {
  if (ids.length === 0) return new Map();
  const filter = { 'of.id': { $in: ids.map(oid) }, seq: { $lte: head } };
  const pipeline = [{ $match: filter }, ...lastOfEach];
  const options = { ...shown, hint: 'entry_changes' };
  const rows =
    ids.length > ENTRIES_IN_AN_ANSWER
      ? await entryRows(db).aggregate<LastChange>(pipeline, options).toArray()
      : await readAtOnce<LastChange>(
          db,
          { aggregate: db.entries.collection.collectionName, pipeline },
          options,
          ids.length,
        );
  return byMessage(rows);
}

function byMessage(rows: readonly LastChange[]): Map<string, MessageChangeEntry> {
  const changes = rows.map(({ last }) => toEntry(last) as MessageChangeEntry);
  return new Map(changes.map((entry) => [entry.of.id, entry]));
}

/** So many entries may be joined with others: what comes of it is one document. */
const JOINED = 100;

/** Entries, and of the messages they are of, the last changes up to the head, by message id. */
export interface WithChanges {
  entries: Entry[];
  changes: Map<string, MessageChangeEntry>;
}

/**
 * Entries by their seqs, and the last changes of their messages: a few of them by one query.
 * @throws AppError SERVICE_UNAVAILABLE where one is not shown yet
 */
export async function readWithChanges(
  db: Database,
  { log, head }: Snapshot,
  seqs: readonly number[],
): Promise<WithChanges> {
  if (seqs.length === 0 || seqs.length > JOINED) {
    const entries = await readSeqs(db, log, seqs);
    const ids = [...new Set(entries.filter(isOfMessage).map(messageIdOf))];
    return { entries, changes: await lastChanges(db, ids, head) };
  }
  const collection = db.entries.collection.collectionName;
  const place = { ticket_id: oid(log.ticketId), stream: log.stream, seq: { $in: seqs } };
  const ids = { $addToSet: { $ifNull: ['$of.id', '$_id'] } };
  // One look-up for all of them, which jumps from message to message as `lastChanges` does.
  const pipeline = [
    { $match: place },
    { $group: { _id: null, rows: { $push: '$$ROOT' }, ids } },
    {
      $lookup: {
        from: collection,
        localField: 'ids',
        foreignField: 'of.id',
        pipeline: [{ $match: { seq: { $lte: head } } }, ...lastOfEach],
        as: 'changes',
      },
    },
  ];
  const [joined] = await readAtOnce<{ rows: EntryRow[]; changes: LastChange[] }>(
    db,
    { aggregate: collection, pipeline },
    { ...shown, hint: 'entry_seq' },
    1,
  );
  if (joined?.rows.length !== seqs.length) throw notYet();
  const entries = joined.rows.map(toEntry).sort((a, b) => a.seq - b.seq);
  return { entries, changes: byMessage(joined.changes) };
}

/** Rows of a log in order, at most so many, as one answer where they surely fit into it. */
async function findEntries(
  db: Database,
  { ticketId, stream }: LogId,
  seq: Document,
  projection: Document,
  most: number,
): Promise<Document[]> {
  const filter = { ticket_id: oid(ticketId), stream, seq };
  const options = { ...shown, projection, sort: { seq: 1 }, hint: 'entry_seq' } as const;
  if (most > ENTRIES_IN_AN_ANSWER) return entryRows(db).find(filter, options).toArray();
  const query = { find: db.entries.collection.collectionName, filter };
  return readAtOnce(db, query, options, most);
}

/** Entries by their seqs. @throws AppError SERVICE_UNAVAILABLE where one is not shown yet */
export async function readSeqs(
  db: Database,
  log: LogId,
  seqs: readonly number[],
): Promise<Entry[]> {
  if (seqs.length === 0) return [];
  const rows = await findEntries(db, log, { $in: seqs }, {}, seqs.length);
  if (rows.length !== seqs.length) throw notYet();
  return rows.map((row) => toEntry(row as unknown as EntryRow));
}

/** Messages changed above the head: the map knows of it already, the snapshot does not. */
export async function changedAbove(db: Database, { log, head }: Snapshot): Promise<string[]> {
  const above = (most: number) => findEntries(db, log, { $gt: head }, { 'of.id': 1 }, most);
  let rows = await above(ENTRIES_IN_AN_ANSWER);
  // Seldom: the log has grown by hundreds while the page was read.
  if (rows.length === ENTRIES_IN_AN_ANSWER) rows = await above(Number.POSITIVE_INFINITY);
  const ids = rows.map((row) => (row as { of?: { id: EntryRow['_id'] } }).of?.id.toHexString());
  return [...new Set(ids.filter((id) => id !== undefined))];
}

/** Messages as they are at the head, by id, found by any entry of theirs. */
export async function foldAt(
  db: Database,
  { log, head }: Snapshot,
  ids: readonly string[],
): Promise<Message[]> {
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

/** Every message of a stretch of a log, as its last entry there has it, by id. */
export function foldPage({ ticketId }: LogId, rows: readonly EntryRow[]): Message[] {
  const latest = new Map<string, Message>();
  for (const row of rows) {
    const message = foldRow(row, ticketId);
    if (message) latest.set(message.id, message);
  }
  return [...latest.values()];
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
  const [message] = await foldAt(db, { log, head: upTo }, [messageId]);
  return message?.ticket_id === log.ticketId && message.stream === log.stream ? message : undefined;
}
