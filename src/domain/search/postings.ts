import { MongoBulkWriteError } from 'mongodb';
import { Types } from 'mongoose';
import type { AppContext } from '../../context.ts';
import { unavailable } from '../../errors.ts';
import type { IndexedTextRow, SearchRow } from '../../models/search.ts';
import { native, oid } from '../log/collections.ts';
import { type LogId, logKey } from '../log/entry.ts';
import { DUPLICATE_KEY, isDuplicateKey } from '../mongo-errors.ts';

/** Entries of a log whose messages share a row: what a message costs at most, however long its ticket. */
const BLOCK = 32;
/** Nobody but a reindex and the consumer write one row. */
const MAX_TRIES = 50;

/** A text after an entry: its words, and which entry that was. */
export interface IndexedText {
  rev: number;
  words: readonly string[];
}
/** By the seq of a message's first entry, `topic` or `description`. */
export type Texts = Map<string, IndexedText>;

/** The block in which a message stands by the seq of its first entry; the ticket's own texts are in block 0. */
export const blockOf = (seq: number): number => Math.floor((seq - 1) / BLOCK);

const rowId = (log: LogId, block: number) => `${logKey(log)} ${block}`;
const placeOf = (log: LogId, block: number) => ({
  _id: rowId(log, block),
  ticket: oid(log.ticketId),
  stream: log.stream,
});
const newVersion = () => new Types.ObjectId();
const listed = (words: string) => (words === '' ? [] : words.split(' '));

/**
 * What the row has to take on: last writer wins, by `rev`, so that entries may come twice, late, and from
 * two processes, and the outcome is the same.
 * @returns nothing where the row has all of it
 */
function mergeTexts(row: SearchRow | null, texts: Texts) {
  const newer = [...texts].filter(([key, { rev }]) => rev > (row?.texts[key]?.rev ?? -1));
  if (newer.length === 0) return undefined;
  const set: Record<string, IndexedTextRow> = {};
  for (const [key, { rev, words }] of newer) set[key] = { rev, words: words.join(' ') };
  const all = { ...row?.texts, ...set };
  const words = new Set(Object.values(all).flatMap((text) => listed(text.words)));
  const known = new Set(row?.words);
  const added = [...words].filter((word) => !known.has(word));
  const isReduced = words.size < known.size + added.length;
  return { set, words: [...words], added, isReduced };
}

/**
 * Makes the words of texts those of their block: those that no text has any longer leave the index.
 * Compare-and-set on the row's version, so that the consumer and a reindex may meet in it.
 */
export async function writeTexts(
  ctx: AppContext,
  log: LogId,
  block: number,
  texts: Texts,
): Promise<void> {
  const rows = native(ctx.db.search);
  const _id = rowId(log, block);
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const row = await rows.findOne({ _id });
    const merged = mergeTexts(row, texts);
    if (!merged) return;
    const { set, words, added, isReduced } = merged;
    const version = newVersion();
    if (!row) {
      const made = { ...placeOf(log, block), words, texts: set, version };
      const isTaken = await rows.insertOne(made).then(
        () => false,
        (error: unknown) => {
          if (isDuplicateKey(error)) return true;
          throw error;
        },
      );
      if (isTaken) continue;
      return;
    }
    const changed = Object.entries(set).map(([key, text]) => [`texts.${key}`, text]);
    const { matchedCount } = await rows.updateOne({ _id, version: row.version }, {
      $set: { ...Object.fromEntries(changed), version, ...(isReduced && { words }) },
      ...(!isReduced && added.length > 0 && { $push: { words: { $each: added } } }),
    } as never);
    if (matchedCount > 0) return;
  }
  throw unavailable('a row of the search index changes all the time');
}

/** Texts of one block of a log. */
export interface BlockTexts {
  log: LogId;
  block: number;
  texts: Texts;
}

/** The row of a block that has none yet; undefined where there is nothing to put into it. */
export function newRow({ log, block, texts }: BlockTexts): SearchRow | undefined {
  const merged = mergeTexts(null, texts);
  if (!merged) return undefined;
  return { ...placeOf(log, block), words: merged.words, texts: merged.set, version: newVersion() };
}

/** The same as `writeTexts` for many blocks, most of which have no row yet: one write for all of these. */
export async function writeBlocks(ctx: AppContext, blocks: readonly BlockTexts[]): Promise<void> {
  const made = blocks.map((each) => ({ each, row: newRow(each) })).filter(({ row }) => row);
  if (made.length === 0) return;
  try {
    const rows = made.map(({ row }) => row);
    await native(ctx.db.search).insertMany(rows as never, { ordered: false });
  } catch (error) {
    const taken = indexesOfDuplicates(error);
    if (!taken) throw error;
    for (const index of taken) {
      const { log, block, texts } = (made[index] as (typeof made)[number]).each;
      await writeTexts(ctx, log, block, texts);
    }
  }
}

/** Which rows of a bulk insert were there already; undefined where anything else went wrong too. */
function indexesOfDuplicates(error: unknown): number[] | undefined {
  if (!(error instanceof MongoBulkWriteError) || error.result.getWriteConcernError())
    return undefined;
  const failed = [error.writeErrors].flat();
  if (!failed.every(({ code }) => code === DUPLICATE_KEY)) return undefined;
  return failed.map(({ index }) => index);
}

/** Throws away the rows of every ticket in (`after`, `upTo`], also of one that is no longer there. */
export async function removeRows(
  ctx: AppContext,
  after: string | undefined,
  upTo: string,
): Promise<void> {
  // `~` comes behind what may follow an id in a key.
  const range = { ...(after && { $gt: `${after}~` }), $lt: `${upTo}~` };
  await native(ctx.db.search).deleteMany({ _id: range } as never);
}

/** Takes a ticket out of the index, as when it is deleted. */
export async function removeTicketFromSearch(ctx: AppContext, ticketId: string): Promise<void> {
  await native(ctx.db.search).deleteMany({
    _id: { $gte: ticketId, $lt: `${ticketId}~` },
  } as never);
}
