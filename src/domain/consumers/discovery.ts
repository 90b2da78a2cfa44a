import { setTimeout as sleep } from 'node:timers/promises';
import type { Timestamp } from 'mongodb';
import type { AppContext } from '../../context.ts';
import { entryRows, majority, native, oid } from '../log/collections.ts';
import { isDeletion } from '../log/deletion.ts';
import { type Entry, type LogId, publicLog, type Stream } from '../log/entry.ts';
import { backOff } from './keyed-queue.ts';
import { type HeldLease, LeaseLost } from './lease.ts';
import type { OffsetStore } from './offsets.ts';

const ADVANCE_MS = 10_000;
const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 60_000;
/** A scan waits while more logs than this are taken up. */
const MAX_OPEN = 1000;
const ROOM_MS = 50;
/** Logs of the first walk that are marked together. */
const MARKED_AT_ONCE = 200;

export interface DiscoveryOptions {
  /** The consumer; its watermark is kept under this name. */
  name: string;
  streams: readonly Stream[];
  /** True where a new ticket is work too, before it has any entry. */
  tickets?: boolean;
  lease: HeldLease;
  offsets: OffsetStore;
  /** Told of each entry that the bus brings; true where its log need not be taken up for it. */
  note?(entry: Entry): boolean;
  /** Takes a log up; `first` for what has just been written, a deletion not: nobody waits for it. */
  schedule(log: LogId, place: 'first' | 'last'): void;
  /** True where nothing up to `seq` is left to do in a log. */
  isPast(log: LogId, seq: number): boolean;
  /** Logs that were taken up and are not caught up with. */
  listOpen(): readonly LogId[];
  /** How often the watermark is moved on, in milliseconds. */
  advanceMs?: number;
}

/**
 * Has a consumer that begins now see all that is written from here on, should it not run yet. Where it has
 * begun already nothing changes.
 */
export async function beginNow(ctx: AppContext, name: string): Promise<void> {
  const now = ctx.reconciliation.watermarkSince(0);
  const row = { stored: now, began: now, walked: null, complete: true, fence: 0 };
  await native(ctx.db.watermarks).updateOne({ _id: name }, { $setOnInsert: row }, { upsert: true });
}

/**
 * Brings every log that is not caught up with to a consumer's notice. Live, by the bus and by the
 * reconciliation poll; at a start, from what was marked as lagging and from what MongoDB has taken in
 * since the stored watermark, so that its cost follows what was missed and not the history. All of it
 * runs in the background, and is tried again until the lease ends.
 */
export function discoverLogs(ctx: AppContext, options: DiscoveryOptions): { stop(): void } {
  const { name, streams, lease, offsets, schedule, isPast } = options;
  const fence = lease.fencingToken;
  let stopped = false;
  const cancels = new Set<() => void>();

  const isOver = () => stopped || !lease.isHeld();
  const later = (ms: number, act: () => Promise<void>) => {
    const cancel = ctx.clock.after(ms, () => {
      cancels.delete(cancel);
      if (!isOver()) void act();
    });
    cancels.add(cancel);
  };
  /** Back-pressure: what is found later stays in the database until there is room for it. */
  const take = async (log: LogId) => {
    while (options.listOpen().length >= MAX_OPEN && !isOver()) await sleep(ROOM_MS);
    if (!isOver()) schedule(log, 'last');
  };
  const saveMark = async (change: object) => {
    const filter = { _id: name, fence: { $lte: fence } };
    const { matchedCount } = await native(ctx.db.watermarks).updateOne(filter, {
      $set: { ...change, fence },
    });
    if (matchedCount === 0) throw new LeaseLost();
  };

  /** Everything from before it has been found by now: by the scan, or by polls since. */
  const pollMark = () => ctx.reconciliation.watermarkSince(0);

  const advance = async () => {
    try {
      const mark = pollMark();
      await offsets.markLagging(options.listOpen());
      if (!isOver()) await saveMark({ stored: mark });
    } catch (error) {
      ctx.log.warn(
        { consumer: name, reason: (error as Error).message },
        'a watermark stands still',
      );
    }
    later(options.advanceMs ?? ADVANCE_MS, advance);
  };

  /** What has been written since the watermark. */
  const scanRecent = async (since: Timestamp) => {
    const logs = entryRows(ctx.db).aggregate<{ _id: { ticket: LogIdRow; stream: Stream } }>(
      [
        { $match: { stored: { $gte: since }, stream: { $in: [...streams] } } },
        { $group: { _id: { ticket: '$ticket_id', stream: '$stream' } } },
      ],
      { readConcern: majority, hint: 'entry_stored', allowDiskUse: true },
    );
    for await (const { _id } of logs) {
      if (isOver()) return;
      await take({ ticketId: _id.ticket.toHexString(), stream: _id.stream });
    }
    if (!options.tickets) return;
    const tickets = native(ctx.db.tickets).find(
      { stored: { $gte: since } },
      { readConcern: majority, projection: { _id: 1 } },
    );
    for await (const { _id } of tickets) await take(publicLog(_id.toHexString()));
  };

  /** What was there before the consumer: marked page by page, so that a crash goes on where it was. */
  const walkFirst = async (walked: string | undefined) => {
    let page: LogId[] = [];
    const mark = async (log: LogId | undefined) => {
      if (isOver()) return;
      await offsets.markLagging(page);
      for (const each of page) await take(each);
      page = [];
      if (log) await saveMark({ walked: oid(log.ticketId) });
    };
    let last: LogId | undefined;
    for await (const log of offsets.listFirst(walked)) {
      if (isOver()) return;
      // Between two tickets only: a ticket may have two logs.
      if (page.length >= MARKED_AT_ONCE && last && last.ticketId !== log.ticketId) await mark(last);
      page.push(log);
      last = log;
    }
    await mark(last);
    if (!isOver()) await saveMark({ complete: true });
  };

  const scan = async (tries = 1): Promise<void> => {
    try {
      const began = pollMark();
      const mark = await native(ctx.db.watermarks).findOneAndUpdate(
        { _id: name },
        { $setOnInsert: { stored: began, began, walked: null, complete: false, fence } },
        { upsert: true, returnDocument: 'after' },
      );
      for await (const log of offsets.listLagging()) {
        if (isOver()) return;
        await take(log);
      }
      if (mark) await scanRecent(mark.stored);
      if (!mark?.complete && !isOver()) await walkFirst(mark?.walked?.toHexString());
      if (!isOver()) later(options.advanceMs ?? ADVANCE_MS, advance);
    } catch (error) {
      ctx.log.warn({ consumer: name, reason: (error as Error).message }, 'a start scan failed');
      if (!isOver()) later(backOff(tries, FIRST_RETRY_MS, LONGEST_RETRY_MS), () => scan(tries + 1));
    }
  };

  const ends = [
    ctx.bus.subscribe((event) => {
      if (event.kind === 'entry' || event.kind === 'internal_entry') {
        const { ticket_id: ticketId, stream } = event.entry;
        if (!streams.includes(stream) || options.note?.(event.entry)) return;
        const place = isDeletion(event.entry) ? 'last' : 'first';
        schedule({ ticketId, stream }, place);
      } else if (event.kind === 'ticket_created' && options.tickets) {
        schedule(publicLog(event.ticket.id), 'first');
      }
    }),
    ctx.reconciliation.onChanges(({ heads, internalHeads, tickets }) => {
      for (const { ticket_id: ticketId, stream, seq } of [...heads, ...internalHeads]) {
        const log = { ticketId, stream };
        if (streams.includes(stream) && !isPast(log, seq)) schedule(log, 'last');
      }
      if (!options.tickets) return;
      for (const { id } of tickets) if (!isPast(publicLog(id), 0)) schedule(publicLog(id), 'last');
    }),
  ];
  void scan();
  return {
    stop() {
      stopped = true;
      for (const end of [...ends, ...cancels]) end();
    },
  };
}

type LogIdRow = { toHexString(): string };
