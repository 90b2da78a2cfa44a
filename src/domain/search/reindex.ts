import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AppContext } from '../../context.ts';
import type { TicketRow } from '../../models/ticket.ts';
import { beginNow } from '../consumers/discovery.ts';
import { backOff } from '../consumers/keyed-queue.ts';
import { type HeldLease, holdLease, LeaseLost, type LeaseTimes } from '../consumers/lease.ts';
import { majority, native, oid } from '../log/collections.ts';
import { type LogId, toTicket } from '../log/entry.ts';
import { readHeads } from '../log/heads.ts';
import { readEntries } from '../log/reads.ts';
import { type BlockTexts, textsOfEntries, textsOfTicket } from './block-texts.ts';
import { searchConsumer } from './index-consumer.ts';
import { removeRows, writeBlocks } from './postings.ts';

/** Names the lease, and the row that says how far a reindex has come. */
const NAME = 'search-reindex';
const TICKETS_AT_ONCE = 200;
const ENTRIES_AT_ONCE = 512;
const BLOCKS_AT_ONCE = 200;
/** Logs that are read side by side. */
const SIDE_BY_SIDE = 8;
const FIRST_RETRY_MS = 1000;
const LONGEST_RETRY_MS = 60_000;
const leaseTimes: LeaseTimes = { ttlMs: 30_000, renewIntervalMs: 5000 };

export interface ReindexProgress {
  done: number;
  /** Tickets in all; more may come meanwhile. */
  total: number;
}

export interface ReindexOptions {
  stop: AbortSignal;
  onProgress?(progress: ReindexProgress): void;
  lease?: LeaseTimes | undefined;
  /** True where the index is to be made only if it never was. */
  isFirst?: boolean;
}

/** Collects blocks, and writes them a few hundred at a time. */
function createBlockWriter(ctx: AppContext) {
  let blocks: BlockTexts[] = [];
  const flush = () => {
    const batch = blocks;
    blocks = [];
    return writeBlocks(ctx, batch);
  };
  return {
    async add(more: readonly BlockTexts[]) {
      blocks.push(...more);
      if (blocks.length >= BLOCKS_AT_ONCE) await flush();
    },
    flush,
  };
}

type BlockWriter = ReturnType<typeof createBlockWriter>;

async function indexLog(ctx: AppContext, log: LogId, head: number, writer: BlockWriter) {
  for (let after = 0; after < head; ) {
    const range = { after, upTo: head, limit: ENTRIES_AT_ONCE };
    const entries = await readEntries(ctx.db, log, range);
    await writer.add(textsOfEntries(log, entries));
    after += entries.length;
  }
}

/** Makes the rows of these tickets anew, several tickets at a time. */
async function indexTickets(ctx: AppContext, rows: readonly TicketRow[], lease: HeldLease) {
  const writer = createBlockWriter(ctx);
  const tickets = rows.map(toTicket);
  await writer.add(tickets.map(textsOfTicket));
  for (const stream of searchConsumer.streams) {
    const heads = await readHeads(
      ctx.db,
      stream,
      rows.map(({ _id }) => _id),
    );
    const left = [...heads];
    const work = async () => {
      for (let log = left.shift(); log; log = left.shift()) {
        lease.require();
        const [ticketId, { seq }] = log;
        await indexLog(ctx, { ticketId, stream }, seq, writer);
      }
    };
    await Promise.all(Array.from({ length: SIDE_BY_SIDE }, work));
  }
  await writer.flush();
}

/**
 * Where the last one stood that did not reach its end.
 * @returns `null` for a new one, `undefined` where none is needed
 */
async function takeUp(
  ctx: AppContext,
  fence: number,
  isFirst: boolean,
): Promise<string | null | undefined> {
  const marks = native(ctx.db.watermarks);
  const now = ctx.reconciliation.watermarkSince(0);
  const times = { stored: now, began: now, walked: null };
  // From here on the consumer sees all that is written, should it not run yet: what this one does not.
  await beginNow(ctx, searchConsumer.name);
  const known = await marks.findOne({ _id: NAME }, { readConcern: majority });
  if (known?.complete && isFirst) return undefined;
  if (known && !known.complete) {
    await marks.updateOne({ _id: NAME, fence: { $lte: fence } }, { $set: { fence } });
    return known.walked?.toHexString() ?? null;
  }
  const row = { ...times, complete: false, fence };
  await marks.replaceOne({ _id: NAME, fence: { $lte: fence } }, row, { upsert: true });
  return null;
}

async function walk(ctx: AppContext, lease: HeldLease, options: ReindexOptions): Promise<boolean> {
  const { stop, onProgress } = options;
  const tickets = native(ctx.db.tickets);
  const fence = lease.fencingToken;
  const save = async (change: object) => {
    const filter = { _id: NAME, fence: { $lte: fence } };
    const { matchedCount } = await native(ctx.db.watermarks).updateOne(filter, { $set: change });
    if (matchedCount === 0) throw new LeaseLost();
  };
  let walked = await takeUp(ctx, fence, options.isFirst ?? false);
  if (walked === undefined) return true;
  let done = walked ? await tickets.countDocuments({ _id: { $lte: oid(walked) } }) : 0;
  for (;;) {
    onProgress?.({ done, total: Math.max(done, await tickets.estimatedDocumentCount()) });
    if (stop.aborted) return false;
    lease.require();
    const page: TicketRow[] = await tickets
      .find(walked ? { _id: { $gt: oid(walked) } } : {}, { readConcern: majority })
      .sort({ _id: 1 })
      .limit(TICKETS_AT_ONCE)
      .toArray();
    const last = page.at(-1)?._id;
    if (!last) break;
    await removeRows(ctx, walked ?? undefined, last.toHexString());
    await indexTickets(ctx, page, lease);
    await save({ walked: last });
    walked = last.toHexString();
    done += page.length;
  }
  await save({ complete: true });
  return true;
}

/**
 * Throws the search index away and makes it again from the log, a few hundred tickets at a time, so that
 * the others are found meanwhile. Safe while everything runs: it and the consumer may write the same row.
 * Under a lease, one at a time; one that was killed goes on where it stood.
 * @returns false where it was stopped before its end
 * @throws LeaseLost
 */
export async function reindexSearch(ctx: AppContext, options: ReindexOptions): Promise<boolean> {
  const times = options.lease ?? leaseTimes;
  const lease = await holdLease(ctx, NAME, randomUUID(), times, options.stop);
  if (!lease) return false;
  try {
    return await walk(ctx, lease, options);
  } finally {
    await lease.release();
  }
}

/**
 * Makes the index of a database that was there before it, and goes on with a reindex that did not reach its
 * end; where there is nothing of the kind, it reads one row. Tried until it is done, on one node.
 */
export function completeIndex(ctx: AppContext, lease?: LeaseTimes): { stop(): Promise<void> } {
  const stopping = new AbortController();
  const { signal: stop } = stopping;
  const onProgress = (progress: ReindexProgress) => {
    if (progress.total > 0) ctx.log.info(progress, 'making the search index');
  };
  const run = async () => {
    for (let tries = 1; !stop.aborted; tries++) {
      try {
        if (await reindexSearch(ctx, { stop, lease, isFirst: true, onProgress })) return;
      } catch (error) {
        ctx.log.warn(
          { tries, reason: (error as Error).message },
          'the search index is not complete',
        );
        const ms = backOff(tries, FIRST_RETRY_MS, LONGEST_RETRY_MS);
        await sleep(ms, undefined, { signal: stop }).catch(() => undefined);
      }
    }
  };
  const running = run();
  return {
    async stop() {
      stopping.abort();
      await running;
    },
  };
}
