import { Types } from 'mongoose';
import type { AppContext } from '../../context.ts';
import { unavailable } from '../../errors.ts';
import type { SearchRow } from '../../models/search.ts';
import { createBatchLoader } from '../log/batch-loader.ts';
import { native, oid, runCommand } from '../log/collections.ts';
import { type LogId, logKey } from '../log/entry.ts';
import { DUPLICATE_KEY } from '../mongo-errors.ts';
import { oncePer } from '../once-per.ts';
import {
  type BlockTexts,
  type IndexedText,
  readBlock,
  replaces,
  type Texts,
} from './block-texts.ts';
import { wordsInTurns, wordsOfAll } from './words.ts';

/** Nobody but a reindex and the consumer write one row. */
const MAX_TRIES = 50;
/** Rows written together, and characters of texts in them. */
const BLOCKS_AT_ONCE = 100;
const CHARACTERS_AT_ONCE = 250_000;
const writeConcern = { w: 'majority', j: true, wtimeout: 10_000 } as const;

const rowId = (log: LogId, block: number) => `${logKey(log)} ${block}`;
const placeOf = (log: LogId, block: number) => ({
  _id: rowId(log, block),
  ticket: oid(log.ticketId),
  stream: log.stream,
});
const newVersion = () => new Types.ObjectId();

/** Which entry made each text what the row has of it; of one that nobody has changed it need not say. */
function revsOf(row: SearchRow): Record<string, number> {
  const known = Object.entries(row.texts ?? {}).map(([key, { rev }]) => [key, rev]);
  return { ...Object.fromEntries(known), ...row.revs };
}

/** The newest entry that the row has a text of. */
function seenOf(row: SearchRow): number {
  return row.seen ?? Math.max(0, ...Object.values(revsOf(row)));
}

function newestOf(texts: Iterable<IndexedText>): number {
  let newest = 0;
  for (const { rev } of texts) newest = Math.max(newest, rev);
  return newest;
}

/** The texts that the row has not, or not that new: last writer wins. */
function newerTexts(row: SearchRow, texts: Texts): Texts {
  const revs = revsOf(row);
  return new Map([...texts].filter(([key, { rev }]) => rev > (revs[key] ?? -1)));
}

const listTexts = (texts: Texts): string[] => Array.from(texts.values(), ({ text }) => text);

/** The revs of those texts that have taken the place of another one; nothing where there are none. */
function changedRevs(texts: Texts): Record<string, number> | undefined {
  let revs: Record<string, number> | undefined;
  for (const [key, text] of texts) {
    if (replaces(key, text)) revs = { ...revs, [key]: text.rev };
  }
  return revs;
}

/** The row of a block that has none yet. */
export function newRow(
  { log, block, texts }: BlockTexts,
  words: string[] = wordsOfAll(listTexts(texts)),
): SearchRow {
  const revs = changedRevs(texts);
  return {
    ...placeOf(log, block),
    words,
    seen: newestOf(texts.values()),
    ...(revs && { revs }),
    version: newVersion(),
  };
}

interface Answer {
  n: number;
  writeErrors?: readonly { index: number; code: number; errmsg: string }[];
  writeConcernError?: { errmsg: string };
}

/** A write of one row: of one that is there, or of a new one. */
type RowWrite =
  | { block: BlockTexts; made: SearchRow }
  | { block: BlockTexts; q: object; u: object };

/**
 * What a block's row takes on. Entries may come twice, late, and from two processes, and the outcome is the
 * same: what a message began with only ever adds words, and of a change newer than the row's the whole
 * block is read again, as only then may a word be gone.
 * @returns nothing where the row has all of it
 */
async function writeOf(
  ctx: AppContext,
  block: BlockTexts,
  row: SearchRow | undefined,
): Promise<RowWrite | undefined> {
  if (!row) return { block, made: newRow(block, await wordsInTurns(listTexts(block.texts))) };
  const newer = newerTexts(row, block.texts);
  const q = { _id: row._id, version: row.version };
  const seen = Math.max(seenOf(row), newestOf(newer.values()));
  const $set = { version: newVersion(), seen };
  const changed = changedRevs(newer);
  if (changed) {
    const revs = { ...revsOf(row), ...changed };
    const texts = await readBlock(ctx, block, { seen, topic: revs.topic ?? 0 });
    return {
      block,
      q,
      u: { $set: { ...$set, words: await wordsInTurns(texts), revs }, $unset: { texts: '' } },
    };
  }
  const known = new Set(row.words);
  const words = (await wordsInTurns(listTexts(newer))).filter((word) => !known.has(word));
  if (words.length > 0) return { block, q, u: { $set, $push: { words: { $each: words } } } };
  return seen > seenOf(row) ? { block, q, u: { $set } } : undefined;
}

/**
 * Writes rows by one command for all new and one for all others, each row for itself: on the disks of a
 * majority where it returns, so that an offset behind it can be believed.
 * @returns what is to be looked at again, since another has written the row
 */
async function writeRows(
  ctx: AppContext,
  writes: readonly RowWrite[],
  failed: Map<BlockTexts, unknown>,
): Promise<BlockTexts[]> {
  const name = ctx.db.search.collection.collectionName;
  const made = writes.flatMap((write) => ('made' in write ? [write] : []));
  const changed = writes.flatMap((write) => ('q' in write ? [write] : []));
  const send = async (some: readonly RowWrite[], command: object): Promise<BlockTexts[]> => {
    if (some.length === 0) return [];
    const answer = await runCommand<Answer>(ctx.db, { ...command, ordered: false, writeConcern });
    if (answer.writeConcernError) throw unavailable(answer.writeConcernError.errmsg);
    const errors = answer.writeErrors ?? [];
    for (const { index, code, errmsg } of errors) {
      const block = some[index]?.block;
      if (block && code !== DUPLICATE_KEY) failed.set(block, unavailable(errmsg));
    }
    // Which of several was not matched, MongoDB does not say; those that were need nothing any more.
    return answer.n === some.length ? [] : some.map(({ block }) => block);
  };
  const again = await Promise.all([
    send(made, { insert: name, documents: made.map((write) => write.made) }),
    send(changed, { update: name, updates: changed.map(({ q, u }) => ({ q, u })) }),
  ]);
  return again.flat().filter((block) => !failed.has(block));
}

/** As many of the first blocks as one command takes. */
function takeBlocks(blocks: BlockTexts[]): BlockTexts[] {
  let weight = 0;
  let count = 0;
  for (const { texts } of blocks) {
    for (const { text } of texts.values()) weight += text.length;
    if (weight > CHARACTERS_AT_ONCE && count > 0) break;
    count++;
  }
  return blocks.splice(0, count);
}

/** The rows there are of these blocks, by their ids. */
async function readRows(
  ctx: AppContext,
  blocks: readonly BlockTexts[],
): Promise<Map<string, SearchRow>> {
  if (blocks.length === 0) return new Map();
  const ids = blocks.map(({ log, block }) => rowId(log, block));
  const found = await native(ctx.db.search)
    .find({ _id: { $in: ids } })
    .toArray();
  return new Map(found.map((row) => [row._id, row]));
}

/** @returns what a block could not be written for; nothing of those that are written */
async function writeAll(
  ctx: AppContext,
  blocks: readonly BlockTexts[],
): Promise<Map<BlockTexts, unknown>> {
  const failed = new Map<BlockTexts, unknown>();
  const left = [...blocks];
  const looked = new Set<BlockTexts>();
  const tries = blocks.length * MAX_TRIES;
  for (let nth = 0; left.length > 0; nth++) {
    if (nth === tries) throw unavailable('a row of the search index changes all the time');
    const some = takeBlocks(left);
    const rows = await readRows(
      ctx,
      some.filter((block) => !block.isNew || looked.has(block)),
    );
    // Should there be a row after all, it is not inserted again, and is read the next time.
    for (const block of some) looked.add(block);
    const writes: RowWrite[] = [];
    const merge = async (block: BlockTexts) => {
      try {
        const write = await writeOf(ctx, block, rows.get(rowId(block.log, block.block)));
        if (write) writes.push(write);
      } catch (error) {
        failed.set(block, error);
      }
    };
    await Promise.all(some.map(merge));
    left.push(...(await writeRows(ctx, writes, failed)));
  }
  return failed;
}

/** Group commit: what waits while the last ones are written goes together. */
const writerOf = oncePer((ctx: AppContext) =>
  createBatchLoader((blocks: BlockTexts[]) => writeAll(ctx, blocks), {
    most: BLOCKS_AT_ONCE,
    slots: 1,
  }),
);

/**
 * Makes the words of texts those of their block: those that no text has any longer leave the index.
 * Compare-and-set on the row's version, so that the consumer and a reindex may meet in it.
 */
export async function writeTexts(ctx: AppContext, block: BlockTexts): Promise<void> {
  const error = await writerOf(ctx)(block);
  if (error) throw error;
}

/** The same for many blocks. */
export async function writeBlocks(ctx: AppContext, blocks: readonly BlockTexts[]): Promise<void> {
  await Promise.all(blocks.map((block) => writeTexts(ctx, block)));
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
