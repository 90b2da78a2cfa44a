import { LRUCache } from 'lru-cache';
import type { AppContext } from '../../context.ts';
import { AppError, isStorageError } from '../../errors.ts';
import { entryRows, majority, oid } from '../log/collections.ts';
import { type Entry, type LogId, logKey, logOfKey, type Stream } from '../log/entry.ts';
import { readEntries } from '../log/reads.ts';
import { buryEntry } from './dead-letters.ts';
import { discoverLogs } from './discovery.ts';
import { backOff, createKeyedQueue } from './keyed-queue.ts';
import { type HeldLease, LeaseLost, type LeaseTimes } from './lease.ts';
import { createOffsets, listAllLogs } from './offsets.ts';
import { keepUnderLease } from './under-lease.ts';

const PAGE = 100;
const FIRST_BACKOFF_MS = 250;
const LONGEST_BACKOFF_MS = 60_000;
/** Logs whose offset is remembered, to spare a look at those a poll names again. */
const REMEMBERED = 50_000;

/** Something that follows the log: search, webhooks, mail, times of service. */
export interface Consumer {
  name: string;
  /** Only `public` can never show a customer what is not theirs. */
  streams: readonly Stream[];
  /** Whether it has to see what was written before it first ran. */
  begins: 'at_the_beginning' | 'now';
  /**
   * Deals with one entry: in the order of its log, one log at a time and several logs at once; at least
   * once, since a process may be killed before its offset is written. So it has to be idempotent.
   */
  handle(ctx: AppContext, entry: Entry, lease: HeldLease): Promise<void>;
  /**
   * Deals with several entries of one log at once, by the same rules; where it fails for good, each is
   * tried by itself.
   */
  handleBatch?(ctx: AppContext, entries: readonly Entry[], lease: HeldLease): Promise<void>;
  /**
   * Told of a log before its first entry, once or more; makes a new ticket work too, though it is no
   * entry. Tried for ever.
   */
  begin?(ctx: AppContext, log: LogId, lease: HeldLease): Promise<void>;
  /** How long a log is left alone after a run, in milliseconds, so that entries come in batches. */
  lingerMs?: number;
  /** Logs worked on at once; by default 4. */
  atOnce?: number;
  /** Failed tries after which an entry becomes a dead letter; by default 8. */
  maxTries?: number;
  /** True for what passes by itself, and is tried for ever; by default MongoDB being away. */
  isTransient?(error: unknown): boolean;
}

export interface ConsumerOptions {
  lease?: LeaseTimes;
  /** How often the watermark is moved on, in milliseconds. */
  advanceMs?: number;
}

/** The last entry of a log from before a moment; where a consumer that begins then begins. */
async function lastBefore(ctx: AppContext, log: LogId, name: string): Promise<number> {
  const mark = await ctx.db.watermarks.findById(name).lean();
  if (!mark) return 0;
  const { ticketId, stream } = log;
  const row = await entryRows(ctx.db)
    .find(
      { ticket_id: oid(ticketId), stream, stored: { $lt: mark.began } },
      { readConcern: majority, projection: { seq: 1 } },
    )
    .hint('entry_seq')
    .sort({ seq: -1 })
    .limit(1)
    .next();
  return row?.seq ?? 0;
}

/** One stretch of being the one that works, until the lease or `stop` ends it. */
function follow(ctx: AppContext, consumer: Consumer, lease: HeldLease, options: ConsumerOptions) {
  const { name, streams, begins } = consumer;
  const isTransient = consumer.isTransient ?? isStorageError;
  const offsets = createOffsets(ctx, name, lease.fencingToken);
  const past = new LRUCache<string, number>({ max: REMEMBERED });
  /** Logs whose row says `lagging`, until a run has been through them once more. */
  const marked = new Set<string>();
  const failed = new Map<string, { seq: number; tries: number }>();

  const firstSeq = async (log: LogId) => {
    await consumer.begin?.(ctx, log, lease);
    return begins === 'now' ? lastBefore(ctx, log, name) : 0;
  };

  /** @returns normally when the entry is dealt with, one way or the other */
  const deal = async (key: string, log: LogId, entry: Entry) => {
    try {
      lease.require();
      await consumer.handle(ctx, entry, lease);
    } catch (error) {
      if (error instanceof LeaseLost || isTransient(error)) throw error;
      const before = failed.get(key);
      const tries = before?.seq === entry.seq ? before.tries + 1 : 1;
      failed.set(key, { seq: entry.seq, tries });
      if (tries < (consumer.maxTries ?? 8)) throw error;
      const reason = (error as Error).message;
      await buryEntry(ctx, { consumer: name, log, seq: entry.seq, reason, tries }, error);
    }
    failed.delete(key);
  };

  /** Batch first; one that fails for good is left to be tried entry by entry. */
  const dealTogether = async (entries: readonly Entry[]): Promise<boolean> => {
    if (!consumer.handleBatch || entries.length < 2) return false;
    try {
      lease.require();
      await consumer.handleBatch(ctx, entries, lease);
      return true;
    } catch (error) {
      if (error instanceof LeaseLost || isTransient(error)) throw error;
      return false;
    }
  };

  const catchUp = async (key: string) => {
    const log = logOfKey(key);
    const known = past.get(key);
    let seq = known ?? (await offsets.claim(log, firstSeq));
    let isMarked = marked.delete(key) || known === undefined;
    // What comes meanwhile wakes the log again.
    const head = (await ctx.store.readHead(log)).seq;
    while (seq < head) {
      const entries = await readEntries(ctx.db, log, { after: seq, upTo: head, limit: PAGE });
      const before = seq;
      try {
        const together = await dealTogether(entries);
        for (const entry of entries) {
          if (!together) await deal(key, log, entry);
          seq = entry.seq;
        }
      } finally {
        if (seq > before) {
          isMarked = seq < head;
          await offsets.commit(log, seq, isMarked);
          past.set(key, seq);
        }
      }
    }
    if (isMarked) await offsets.commit(log, seq, false);
    past.set(key, seq);
  };

  const queue = createKeyedQueue({
    limit: consumer.atOnce ?? 4,
    ...(consumer.lingerMs !== undefined && { lingerMs: consumer.lingerMs }),
    run: catchUp,
    onError(key, error, tries) {
      if (error instanceof LeaseLost || !lease.isHeld()) return undefined;
      const reason = error instanceof AppError ? error.code : (error as Error).message;
      ctx.log.warn(
        { consumer: name, ticket: logOfKey(key).ticketId, tries, reason },
        'a log waits',
      );
      return backOff(tries, FIRST_BACKOFF_MS, LONGEST_BACKOFF_MS);
    },
  });
  const discovery = discoverLogs(ctx, {
    name,
    streams,
    tickets: consumer.begin !== undefined,
    lease,
    offsets: {
      ...offsets,
      async markLagging(logs) {
        await offsets.markLagging(logs);
        for (const key of logs.map(logKey)) {
          marked.add(key);
          queue.schedule(key);
        }
      },
      async *listFirst(after) {
        if (begins === 'at_the_beginning') yield* listAllLogs(ctx, streams, after);
      },
    },
    schedule: (log, place) => queue.schedule(logKey(log), place),
    isPast: (log, seq) => (past.get(logKey(log)) ?? -1) >= seq,
    listOpen: () => queue.keys().map(logOfKey),
    ...(options.advanceMs !== undefined && { advanceMs: options.advanceMs }),
  });
  return {
    async stop() {
      discovery.stop();
      await queue.stop();
    },
  };
}

/**
 * Runs a consumer on whichever node has its lease, until it is stopped. Every entry of its streams is
 * handled at least once and in order; one that keeps failing is written down as a dead letter and
 * holds up no other. Nothing it needs is in memory alone: a node that is killed is followed by another.
 */
export function runConsumer(
  ctx: AppContext,
  consumer: Consumer,
  options: ConsumerOptions = {},
): { stop(): Promise<void> } {
  const name = `consumer-${consumer.name}`;
  return keepUnderLease(ctx, { lease: name, part: name, times: options.lease }, (lease) =>
    follow(ctx, consumer, lease, options),
  );
}
