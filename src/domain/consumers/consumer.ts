import type { Timestamp } from 'mongodb';
import type { AppContext } from '../../context.ts';
import { AppError, isStorageError } from '../../errors.ts';
import { entryRows, majority, oid } from '../log/collections.ts';
import { type Entry, type LogId, logKey, logOfKey, type Stream } from '../log/entry.ts';
import { readEntries } from '../log/reads.ts';
import { buryEntry } from './dead-letters.ts';
import { discoverLogs } from './discovery.ts';
import { createFeeds } from './feeds.ts';
import { backOff, createKeyedQueue } from './keyed-queue.ts';
import { type HeldLease, LeaseLost, type LeaseTimes } from './lease.ts';
import { createOffsets, listAllLogs } from './offsets.ts';
import { createYielding, waitFactor } from './pace.ts';
import { keepPositions } from './positions.ts';
import { keepUnderLease } from './under-lease.ts';

const PAGE = 100;
const FIRST_BACKOFF_MS = 250;
const LONGEST_BACKOFF_MS = 60_000;
/** Lag from which on readiness says that a consumer is behind, in seconds. */
const LATE = 30;

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
  /** Entries of a log that are best handed over together: batches end with a seq that is a multiple of it. */
  batchOf?: number;
  /**
   * True for an entry of which there is nothing to do. One that the bus brings is passed over then, where
   * all before it is dealt with; one that is read may be handed over all the same.
   */
  skips?(entry: Entry): boolean;
  /**
   * Told of a log before its first entry, once or more; makes a new ticket work too, though it is no
   * entry. Tried for ever.
   */
  begin?(ctx: AppContext, log: LogId, lease: HeldLease): Promise<void>;
  /**
   * How long a log is left alone after a run, in milliseconds, so that entries come in batches: while the
   * process is half idle, and up to half as long again where it is saturated (`waitFactor`).
   */
  lingerMs?: number;
  /** The same of how long a log that has something new waits for others, to be taken up with them. */
  gatherMs?: number;
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

/** Says where a consumer that begins now begins in a log: behind the last entry from before its first run. */
function createLastBefore(ctx: AppContext, name: string) {
  let began: Timestamp | undefined;
  return async (log: LogId): Promise<number> => {
    const head = await ctx.store.readHead(log);
    if (!head.stored) return 0;
    began ??= (await ctx.db.watermarks.findById(name).lean())?.began;
    if (!began) return 0;
    if (head.stored.lessThan(began)) return head.seq;
    const { ticketId, stream } = log;
    const row = await entryRows(ctx.db)
      .find(
        { ticket_id: oid(ticketId), stream, stored: { $lt: began } },
        { readConcern: majority, projection: { seq: 1 } },
      )
      .hint('entry_seq')
      .sort({ seq: -1 })
      .limit(1)
      .next();
    return row?.seq ?? 0;
  };
}

/** How long the first of these has waited, in seconds. */
function delayOf(ctx: AppContext, [first]: readonly Entry[]): number {
  return first ? Math.max(0, ctx.clock.now() - first.at) / 1000 : 0;
}

/** Where a page ends that begins at `from`: behind its last whole batch, where there is one. */
function endOfPage(entries: readonly Entry[], from: number, batchOf = 1): number {
  const end = Math.min(from + PAGE, entries.length);
  if (end === entries.length) return end;
  const surplus = (entries[end - 1]?.seq ?? 0) % batchOf;
  return end - surplus > from ? end - surplus : end;
}

/** Shows the lag of a consumer: every one as a metric, a long one where readiness is asked. */
function watchLag(ctx: AppContext, consumer: string) {
  let isLate = false;
  return {
    note(seconds: number): void {
      ctx.metrics.consumerDelay.observe({ consumer }, seconds);
      if (seconds < LATE) return;
      isLate = true;
      ctx.health.set(partOf(consumer), 'degraded', `it is ${Math.round(seconds)} s behind`);
    },
    /** @param isIdle tells whether there is nothing left to do */
    settle(isIdle: () => boolean): void {
      if (!isLate || !isIdle()) return;
      isLate = false;
      ctx.health.set(partOf(consumer), 'ok');
    },
  };
}

/** Its name on `/readyz`, and that of its lease. */
const partOf = (consumer: string) => `consumer-${consumer}`;

/** One stretch of being the one that works, until the lease or `stop` ends it. */
function follow(ctx: AppContext, consumer: Consumer, lease: HeldLease, options: ConsumerOptions) {
  const { name, streams, begins } = consumer;
  const isTransient = consumer.isTransient ?? isStorageError;
  const offsets = createOffsets(ctx, name, lease.fencingToken);
  const feeds = createFeeds();
  const lastBefore = createLastBefore(ctx, name);
  const yieldTurn = createYielding();
  const lag = watchLag(ctx, name);
  const failed = new Map<string, { seq: number; tries: number }>();
  /** Logs that were found in the database: the bus may not have brought all of them. */
  const stale = new Set<string>();
  const scaled = (ms: number | undefined) => ms !== undefined && (() => ms * waitFactor());
  const [lingerMs, gatherMs] = [scaled(consumer.lingerMs), scaled(consumer.gatherMs)];

  const firstSeq = async (log: LogId) => {
    await consumer.begin?.(ctx, log, lease);
    if (begins === 'at_the_beginning' || feeds.isWhole(logKey(log))) return 0;
    return lastBefore(log);
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

  /** @returns normally when all of these are dealt with */
  const dealAll = async (key: string, entries: readonly Entry[]) => {
    const log = logOfKey(key);
    for (let from = 0; from < entries.length; ) {
      const page = entries.slice(from, endOfPage(entries, from, consumer.batchOf));
      from += page.length;
      await yieldTurn();
      const last = page.at(-1)?.seq ?? 0;
      if (await dealTogether(page)) positions.advance(key, last);
      else {
        for (const entry of page) {
          await deal(key, log, entry);
          positions.advance(key, entry.seq);
        }
      }
      lag.note(delayOf(ctx, page));
    }
  };

  /**
   * What the bus has not brought, up to the head; what comes meanwhile wakes the log again.
   * @returns the last entry that is dealt with
   */
  const readOn = async (key: string, after: number) => {
    const log = logOfKey(key);
    const head = (await ctx.store.readHead(log)).seq;
    for (let seq = after; seq < head; ) {
      const entries = await readEntries(ctx.db, log, { after: seq, upTo: head, limit: PAGE });
      await dealAll(key, entries);
      seq += entries.length;
    }
    return Math.max(after, head);
  };

  const catchUp = async (key: string) => {
    const log = logOfKey(key);
    const after = positions.get(key) ?? (await positions.claim(log, () => firstSeq(log)));
    const fed = feeds.take(key, after);
    const isStale = stale.delete(key) || fed.length === 0;
    try {
      await dealAll(key, fed);
      const last = fed.at(-1)?.seq ?? after;
      // At the very end: only then may it be written that there is no more.
      positions.advance(key, isStale ? await readOn(key, last) : last);
    } catch (error) {
      stale.add(key);
      throw error;
    }
  };

  const queue = createKeyedQueue({
    limit: consumer.atOnce ?? 4,
    ...(lingerMs && { lingerMs }),
    ...(gatherMs && { gatherMs }),
    run: catchUp,
    onRun: () => lag.settle(() => queue.keys().length === 0),
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
  const positions = keepPositions(ctx, {
    name,
    offsets,
    isOpen: (key) => queue.has(key),
    flushMs: options.advanceMs,
  });
  const discovery = discoverLogs(ctx, {
    name,
    streams,
    tickets: consumer.begin !== undefined,
    lease,
    offsets: {
      ...offsets,
      async markLagging(logs) {
        await positions.markLagging(logs);
        for (const log of logs) queue.schedule(logKey(log));
      },
      async *listFirst(after) {
        if (begins === 'at_the_beginning') yield* listAllLogs(ctx, streams, after);
      },
    },
    note(entry) {
      const key = logKey({ ticketId: entry.ticket_id, stream: entry.stream });
      const isSkipped = consumer.skips?.(entry) && !feeds.has(key);
      if (isSkipped && positions.get(key) === entry.seq - 1) {
        positions.advance(key, entry.seq);
        return true;
      }
      feeds.note(key, entry);
      return false;
    },
    schedule(log, place) {
      const key = logKey(log);
      if (place === 'last') stale.add(key);
      queue.schedule(key, place);
    },
    isPast(log, seq) {
      const key = logKey(log);
      const after = positions.get(key);
      return after !== undefined && (after >= seq || feeds.reaches(key, after, seq));
    },
    listOpen: () => queue.keys().map(logOfKey),
    ...(options.advanceMs !== undefined && { advanceMs: options.advanceMs }),
  });
  return {
    async stop() {
      discovery.stop();
      await queue.stop();
      positions.stop();
      feeds.clear();
      if (!lease.isHeld()) return;
      await positions.flush().catch(({ message: reason }: Error) => {
        ctx.log.warn({ consumer: name, reason }, 'offsets are not written');
      });
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
  const name = partOf(consumer.name);
  return keepUnderLease(ctx, { lease: name, part: name, times: options.lease }, (lease) =>
    follow(ctx, consumer, lease, options),
  );
}
