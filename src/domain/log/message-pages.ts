import type { Database } from '../../models/database.ts';
import {
  type Entry,
  foldMessage,
  isOfMessage,
  type LogId,
  type Message,
  messageIdOf,
} from './entry.ts';
import {
  changedAbove,
  foldAt,
  foldPage,
  readWithChanges,
  type Snapshot,
  type WithChanges,
} from './message-reads.ts';
import type { ReadPage } from './pages.ts';
import { notYet } from './reads.ts';
import { type Bitmap, listUnmarked, markEntries } from './visibility-map.ts';

/** A log of so many entries is read whole: one query instead of four. */
const SHORT_LOG = 100;
/**
 * So many entries are looked at together, however small the limit, and four times as many each time that
 * was not enough, because their marks were missing: a log without any is walked in few queries.
 */
const looks = { first: 5, most: 1280 } as const;

interface Range extends Snapshot {
  limit: number;
}

const lookFurther = (look: number) => Math.min(4 * look, looks.most);

/**
 * The entries a walk over the map has come to, with the last changes of their messages; notes which
 * messages have changed above the head. That has to be asked after the map was: it may tell of changes
 * that were made before it was read.
 */
async function readUnmarked(
  db: Database,
  range: Range,
  seqs: readonly number[],
  above: Set<string>,
): Promise<WithChanges> {
  const [found, changed] = await Promise.all([
    readWithChanges(db, range, seqs),
    changedAbove(db, range),
  ]);
  for (const id of changed) above.add(id);
  return found;
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
  return foldPage(log, rows);
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
    const { entries, changes } = await readUnmarked(db, range, seqs, above);
    const messages = entries.filter(isOfMessage);
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
  const { log, limit } = range;
  const found = new Map<string, Message>();
  const above = new Set<string>();
  let below = top;
  for (let look: number = looks.first; found.size <= limit && below > 0; look = lookFurther(look)) {
    const wanted = Math.max(limit + 1 - found.size, look);
    const seqs = await listUnmarked(db, log, 'hidden', { from: below, to: 1, limit: wanted });
    below = seqs.length < wanted ? 0 : (seqs.at(-1) as number) - 1;
    const { entries, changes } = await readUnmarked(db, range, seqs, above);
    const firsts = entries.filter((entry) => entry.type === 'message');
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
