import { Types } from 'mongoose';
import type { AppContext } from '../../context.ts';
import { unavailable } from '../../errors.ts';
import type { IndexedTextRow, SearchRow } from '../../models/search.ts';
import { createBatchLoader } from '../log/batch-loader.ts';
import { native, oid, runCommand } from '../log/collections.ts';
import { type LogId, logKey } from '../log/entry.ts';
import { DUPLICATE_KEY } from '../mongo-errors.ts';
import { oncePer } from '../once-per.ts';

/** Entries of a log whose messages share a row: what a message costs at most, however long its ticket. */
export const BLOCK = 32;
/** Nobody but a reindex and the consumer write one row. */
const MAX_TRIES = 50;
/** Rows written together, and words of texts in them. */
const BLOCKS_AT_ONCE = 100;
const WORDS_AT_ONCE = 50_000;
const writeConcern = { w: 'majority', j: true, wtimeout: 10_000 } as const;

/** A text after an entry: its words, and which entry that was. */
export interface IndexedText {
  rev: number;
  words: readonly string[];
}
/** By the seq of a message's first entry, `topic` or `description`. */
export type Texts = Map<string, IndexedText>;

/** True for the seq with which a block begins; block 0 has the ticket's own texts, too. */
export const beginsBlock = (seq: number): boolean => seq > BLOCK && (seq - 1) % BLOCK === 0;

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
  const before = row?.texts ?? {};
  const newer = [...texts].filter(([key, { rev }]) => rev > (before[key]?.rev ?? -1));
  if (newer.length === 0) return undefined;
  const set: Record<string, IndexedTextRow> = {};
  for (const [key, { rev, words }] of newer) set[key] = { rev, words: words.join(' ') };
  const isChanged = newer.some(([key]) => key in before);
  // Only where a text changes may a word be gone: otherwise none need be taken apart again.
  const kept = isChanged
    ? Object.entries(before).flatMap(([key, text]) => (key in set ? [] : listed(text.words)))
    : (row?.words ?? []);
  const words = new Set(kept);
  for (const [, text] of newer) for (const word of text.words) words.add(word);
  const known = new Set(row?.words);
  const added = [...words].filter((word) => !known.has(word));
  const isReduced = words.size < known.size + added.length;
  return { set, words: [...words], added, isReduced };
}

/** Texts of one block of a log. */
export interface BlockTexts {
  log: LogId;
  block: number;
  texts: Texts;
  /** True where the message that begins the block is among them: there will hardly be a row yet. */
  isNew?: boolean;
}

type Merged = NonNullable<ReturnType<typeof mergeTexts>>;

const rowOf = ({ log, block }: BlockTexts, { words, set }: Merged): SearchRow => ({
  ...placeOf(log, block),
  words,
  texts: set,
  version: newVersion(),
});

/** The row of a block that has none yet; undefined where there is nothing to put into it. */
export function newRow(block: BlockTexts): SearchRow | undefined {
  const merged = mergeTexts(null, block.texts);
  return merged && rowOf(block, merged);
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

function writeOf(block: BlockTexts, row: SearchRow | undefined): RowWrite | undefined {
  const merged = mergeTexts(row ?? null, block.texts);
  if (!merged) return undefined;
  if (!row) return { block, made: rowOf(block, merged) };
  const { set, words, added, isReduced } = merged;
  const changed = Object.entries(set).map(([key, text]) => [`texts.${key}`, text]);
  return {
    block,
    q: { _id: row._id, version: row.version },
    u: {
      $set: {
        ...Object.fromEntries(changed),
        version: newVersion(),
        ...(isReduced && { words }),
      },
      ...(!isReduced && added.length > 0 && { $push: { words: { $each: added } } }),
    },
  };
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
    for (const { words } of texts.values()) weight += words.length;
    if (weight > WORDS_AT_ONCE && count > 0) break;
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
    const writes = some.flatMap(
      (block) => writeOf(block, rows.get(rowId(block.log, block.block))) ?? [],
    );
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
