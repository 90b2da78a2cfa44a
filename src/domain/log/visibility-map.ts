import type { Database } from '../../models/database.ts';
import type { VisibilityRow } from '../../models/entry.ts';
import { native, oid, readAtOnce } from './collections.ts';
import type { Entry, LogId } from './entry.ts';

/**
 * Which entries an answer need not read: `superseded` ones, which a later entry of the same message
 * stands for, and `hidden` ones, which do not begin a message that is still there.
 */
export type Bitmap = 'superseded' | 'hidden';

/** Entries in one row of the map. */
const BLOCK = 4096;
const WORD = 32;
/** Rows of the map read at once: at first, and once nearly everything there was marked. */
const BLOCKS_AT_ONCE = { first: 32, further: 64 } as const;

const blockOf = (seq: number) => Math.floor(seq / BLOCK);

type Marks = Partial<Record<Bitmap, readonly number[]>>;

/**
 * Visibility map: marks entries that no answer has to read any more, so that the cost of a page follows
 * its size and not the number of edits behind it. A mark only ever says what a majority has already
 * stored, may be made twice, and is never taken back; one that is missing costs a read.
 */
export async function markEntries(db: Database, log: LogId, marks: Marks): Promise<void> {
  const blocks = new Map<number, Record<string, { or: number }>>();
  for (const [bitmap, seqs] of Object.entries(marks)) {
    for (const seq of seqs) {
      const bits = blocks.get(blockOf(seq)) ?? {};
      const place = seq % BLOCK;
      const name = `${bitmap}.${Math.floor(place / WORD)}`;
      const bit = 1 << (place % WORD);
      bits[name] = { or: (bits[name]?.or ?? 0) | bit };
      blocks.set(blockOf(seq), bits);
    }
  }
  if (blocks.size === 0) return;
  await native(db.visibility).bulkWrite(
    [...blocks].map(([block, $bit]) => ({
      updateOne: {
        filter: { _id: idOf(log, block) as never },
        update: { $bit } as never,
        upsert: true,
      },
    })),
    { ordered: false },
  );
}

function idOf({ ticketId, stream }: LogId, block: number): VisibilityRow['_id'] {
  return { ticket: oid(ticketId), stream, block };
}

/**
 * What an entry makes superfluous.
 * @param previous the `rev` of the message before it
 */
export function marksOf(entry: Entry, previous: number | undefined): Marks {
  if (entry.type === 'message') return {};
  if (entry.type === 'ticket_change') return { superseded: [entry.seq], hidden: [entry.seq] };
  const gone = entry.type === 'delete' ? [entry.of.seq] : [];
  return {
    superseded: previous === undefined ? [] : [previous],
    hidden: [entry.seq, ...gone],
  };
}

async function readBlocks(db: Database, log: LogId, bitmap: Bitmap, blocks: readonly number[]) {
  const rows = await readAtOnce<VisibilityRow>(
    db,
    {
      find: db.visibility.collection.collectionName,
      filter: { _id: { $in: blocks.map((block) => idOf(log, block)) } },
    },
    { projection: { [bitmap]: 1 } },
    blocks.length,
  );
  return new Map(rows.map((row) => [row._id.block, row[bitmap] ?? {}]));
}

/**
 * The next seqs in a direction that are not marked, at most `limit`, in the order of the walk.
 * @param from the first seq looked at
 * @param to the last one
 */
export async function listUnmarked(
  db: Database,
  log: LogId,
  bitmap: Bitmap,
  { from, to, limit }: { from: number; to: number; limit: number },
): Promise<number[]> {
  const step = from <= to ? 1 : -1;
  const found: number[] = [];
  let atOnce: number = BLOCKS_AT_ONCE.first;
  for (let seq = from; (to - seq) * step >= 0 && found.length < limit; ) {
    const first = blockOf(seq);
    const count = Math.min(atOnce, Math.abs(blockOf(to) - first) + 1);
    const blocks = Array.from({ length: count }, (_, nth) => first + nth * step);
    const words = await readBlocks(db, log, bitmap, blocks);
    atOnce = BLOCKS_AT_ONCE.further;
    const lastBlock = first + (count - 1) * step;
    while (Math.abs(blockOf(seq) - first) < count && (to - seq) * step >= 0) {
      if (found.length >= limit || (lastBlock - blockOf(seq)) * step < 0) break;
      const word = words.get(blockOf(seq))?.[String(Math.floor((seq % BLOCK) / WORD))] ?? 0;
      if (word === -1) {
        // A whole word is marked: on to the next one.
        const place = seq % WORD;
        seq += step > 0 ? WORD - place : -place - 1;
        continue;
      }
      if ((word & (1 << (seq % WORD))) === 0) found.push(seq);
      seq += step;
    }
  }
  return found;
}
