import { setTimeout as sleep } from 'node:timers/promises';
import { LRUCache } from 'lru-cache';
import { isStorageError, unavailable } from '../../errors.ts';
import type { Failpoint } from '../../infra/failpoints.ts';
import type { Log } from '../../infra/log.ts';
import { ShortLivedMap } from '../../infra/short-lived-map.ts';
import { createBatches } from './batches.ts';
import { isDeletion } from './deletion.ts';
import {
  type Entry,
  internalLog,
  type LogId,
  logKey,
  publicLog,
  type TicketState,
  toRow,
} from './entry.ts';
import type { InsertResult } from './insert-results.ts';
import {
  type Append,
  type Appended,
  type Decision,
  type Draft,
  type LogQueue,
  type Pending,
  PendingWrites,
} from './pending-writes.ts';
import type { LogStore } from './store.ts';

const MAX_PENDING = 10_000;
/** Logs whose head is kept in memory. */
const CACHED_LOGS = 20_000;
/** Characters of the tickets kept with them. */
const CACHED_CHARACTERS = 32 * 1024 * 1024;
/** From this queue on a log's messages go as one ordered batch. */
const RUN_FROM = 16;
const RUN_LENGTH = 128;

/**
 * An entry at its place in the log. One spread, behind all fields: V8 adds fields to a copy some thirty times
 * as slowly, and this is the hot path.
 */
const placeEntry = (
  { ticketId: ticket_id, stream }: LogId,
  owner: string,
  seq: number,
  draft: Draft,
) => ({ ticket_id, stream, owner, seq, ...draft }) as Entry;

export interface WriterOptions {
  store: LogStore;
  /** Milliseconds after which a write that is not confirmed is given up towards its caller. */
  deadlineMs: number;
  publish(entry: Entry): void;
  failpoint: Failpoint;
  log: Log;
}

/**
 * The one writer of a process: puts entries at the head of their logs. One insert a log is under way
 * at a time; the unique index, not this cache, decides between processes.
 */
export class LogWriter {
  readonly #options: WriterOptions;
  readonly #queues = new LRUCache<string, LogQueue>({
    max: CACHED_LOGS,
    maxSize: CACHED_CHARACTERS,
    sizeCalculation: ({ state }) => 500 + (state?.ticket.description.length ?? 0),
  });
  readonly #batches;
  readonly #pending: PendingWrites;

  constructor(options: WriterOptions) {
    this.#options = options;
    this.#batches = createBatches((rows, ordered) => options.store.insert(rows, ordered));
    this.#pending = new PendingWrites(options.deadlineMs);
  }

  /**
   * Accepts an entry: resolves once a majority has it on disk, or with the one its
   * idempotency key already stands for.
   * @throws AppError what `decide` refuses with; SERVICE_UNAVAILABLE when the outcome is not known in time.
   */
  append(request: Append): Promise<Appended> {
    if (this.#pending.size >= MAX_PENDING) {
      return Promise.reject(unavailable('too many writes are waiting'));
    }
    const queue = this.#queueOf(request.log);
    const key = `${request.author.key}\n${request.clientId}`;
    const twin = queue.byClient.get(key);
    if (twin) {
      return twin.promise.then((appended) =>
        'entry' in appended ? { entry: appended.entry, repeated: true } : appended,
      );
    }
    const pending = this.#pending.track(queue, request, key);
    queue.byClient.set(key, pending);
    queue.waiting.push(pending);
    if (!queue.busy) void this.#drain(queue);
    return pending.promise;
  }

  /** Takes note of an entry another process has written, which keeps the cached head fresh. */
  observe(entry: Entry): void {
    const log = { ticketId: entry.ticket_id, stream: entry.stream };
    if (isDeletion(entry)) {
      this.#forget(log.ticketId);
      return;
    }
    const queue = this.#queues.peek(logKey(log));
    if (queue?.state && queue.state.head < entry.seq) {
      const isNext = queue.state.head + 1 === entry.seq;
      queue.state = isNext ? { head: entry.seq, ticket: queue.state.ticket } : undefined;
      if (isNext) this.#noteTicket(queue, entry);
    }
    this.#noteInOther(log, entry);
  }

  /** The ticket is deleted: what is written next asks the database, and is refused. */
  #forget(ticketId: string): void {
    for (const log of [publicLog(ticketId), internalLog(ticketId)]) {
      const queue = this.#queues.peek(logKey(log));
      if (queue) queue.state = undefined;
    }
  }

  /** Resolves when nothing is waiting any more, at the latest after the write deadline. */
  drained(): Promise<void> {
    return this.#pending.drained();
  }

  close(): void {
    this.#pending.close();
  }

  /** A change of the ticket is what the next entry of its log is decided by. */
  #noteTicket(queue: LogQueue, entry: Entry): void {
    if (entry.type !== 'ticket_change' || !queue.state) return;
    if (entry.stream === queue.log.stream) queue.state.ticket = entry.ticket;
    else queue.state = undefined;
  }

  /** The ticket's other log is decided by the same ticket: what is known of it is read again. */
  #noteInOther({ ticketId, stream }: LogId, entry: Entry): void {
    if (entry.type !== 'ticket_change') return;
    const other = stream === 'public' ? 'internal' : 'public';
    const queue = this.#queues.peek(logKey({ ticketId, stream: other }));
    if (queue) this.#noteTicket(queue, entry);
  }

  #queueOf(log: LogId): LogQueue {
    const key = logKey(log);
    let queue = this.#queues.get(key);
    if (!queue) {
      queue = {
        log,
        state: undefined,
        waiting: [],
        byClient: new ShortLivedMap(),
        busy: false,
        isolated: false,
      };
      this.#queues.set(key, queue);
    }
    return queue;
  }

  async #drain(queue: LogQueue): Promise<void> {
    queue.busy = true;
    while (queue.waiting.length > 0) {
      const run = await this.#prepare(queue);
      if (run.length === 0) continue;
      this.#options.failpoint('before-insert');
      const results = await this.#commit(queue, run);
      this.#options.failpoint('after-insert');
      await this.#apply(queue, run, results);
    }
    queue.busy = false;
  }

  /** The entries to write next, decided at the head; refused ones are answered on the way. */
  async #prepare(queue: LogQueue): Promise<[Pending, Entry][]> {
    const first = queue.waiting[0] as Pending;
    if (first.settled) {
      queue.waiting.shift();
      return [];
    }
    let isFresh = false;
    try {
      if (first.uncertain && (await this.#lookUp(queue, first))) return [];
      if (!queue.state) {
        isFresh = true;
        queue.state = await this.#options.store.loadState(queue.log);
        // Its size has changed.
        this.#queues.set(logKey(queue.log), queue);
      }
    } catch (error) {
      await this.#refuseOrWait(queue, error);
      return [];
    }
    return this.#takeRun(queue, isFresh);
  }

  /**
   * Decides what is next. An entry that is appended at a head that was believed wrongly is refused by
   * the index; nothing would refuse a "no" that was. So a "no" counts only at a head just read.
   * @param isFresh true where MongoDB has just told the head
   */
  async #takeRun(queue: LogQueue, isFresh: boolean): Promise<[Pending, Entry][]> {
    const run: [Pending, Entry][] = [];
    const wanted = queue.waiting.length >= RUN_FROM ? RUN_LENGTH : 1;
    const state = queue.state as TicketState;
    while (run.length < wanted) {
      const pending = queue.waiting[0];
      if (!pending || (run.length > 0 && (!pending.batchable || pending.uncertain))) break;
      if (pending.settled) {
        queue.waiting.shift();
        continue;
      }
      const head = state.head + run.length;
      let decision: Decision;
      try {
        const decided = pending.decide({ ticket: state.ticket, head });
        decision = decided instanceof Promise ? await decided : decided;
      } catch (error) {
        if (isStorageError(error)) {
          if (run.length === 0) await this.#wait(error);
          break;
        }
        decision = { refuse: error };
      }
      if (!('append' in decision)) {
        if (run.length > 0) break;
        if (isFresh) this.#answer(queue, pending, decision);
        else queue.state = undefined;
        break;
      }
      queue.waiting.shift();
      run.push([pending, placeEntry(queue.log, state.ticket.owner, head + 1, decision.append)]);
      if (!pending.batchable) break;
    }
    return run;
  }

  /** Answers what needs no entry. */
  #answer(
    queue: LogQueue,
    pending: Pending,
    decision: Exclude<Decision, { append: unknown }>,
  ): void {
    queue.waiting.shift();
    if (pending.settled) return;
    this.#pending.settle(pending);
    if ('refuse' in decision) pending.reject(decision.refuse);
    else pending.resolve(decision);
  }

  /** A refusal is the caller's; while the log cannot be read, the entry waits until its deadline. */
  async #refuseOrWait(queue: LogQueue, error: unknown): Promise<void> {
    if (isStorageError(error)) return this.#wait(error);
    this.#answer(queue, queue.waiting[0] as Pending, { refuse: error });
  }

  async #wait(error: unknown): Promise<void> {
    this.#options.log.debug({ reason: (error as Error).message }, 'the log cannot be read yet');
    await sleep(50);
  }

  #commit(queue: LogQueue, run: [Pending, Entry][]): Promise<InsertResult[]> {
    const [, entry] = run[0] as [Pending, Entry];
    if (entry.type === 'ticket_change') {
      return this.#options.store.insertTicketChange(entry).then((result) => [result]);
    }
    const rows = run.map(([, each]) => toRow(each));
    return this.#batches.commit(rows, queue.isolated);
  }

  async #apply(queue: LogQueue, run: [Pending, Entry][], results: InsertResult[]): Promise<void> {
    const again: Pending[] = [];
    let pause = 0;
    queue.isolated = results.some(({ kind }) => kind === 'unknown');
    for (const [index, [pending, entry]] of run.entries()) {
      const result = results[index] as InsertResult;
      if (result.kind === 'stored') {
        this.#stored(queue, pending, entry);
        continue;
      }
      if (result.kind !== 'skipped') queue.state = undefined;
      if (result.kind === 'failed') {
        this.#pending.settle(pending);
        pending.reject(result.cause);
        continue;
      }
      if (result.kind === 'duplicate_key' || result.kind === 'unknown') pending.uncertain = true;
      if (result.kind === 'unknown') pause = 50;
      if (result.kind === 'seq_taken') pause = Math.max(pause, 1 + Math.random() * 4);
      again.push(pending);
    }
    if (again.length === 0) return;
    queue.waiting.unshift(...again);
    await sleep(pause);
  }

  #stored(queue: LogQueue, pending: Pending, entry: Entry): void {
    if (queue.state) {
      queue.state.head = Math.max(queue.state.head, entry.seq);
      this.#noteTicket(queue, entry);
    }
    this.#noteInOther(queue.log, entry);
    this.#pending.settle(pending);
    this.#options.failpoint('before-publish');
    this.#options.publish(entry);
    this.#options.failpoint('after-publish');
    pending.resolve({ entry, repeated: false });
  }

  /** Looks for an entry by its idempotency key where a majority has it; settles it when it is there. */
  async #lookUp(queue: LogQueue, pending: Pending): Promise<boolean> {
    const { author, clientId } = pending;
    const entry = await this.#options.store.findByClientId(queue.log, author.key, clientId);
    // Refused as a duplicate, yet not visible: the first copy is not a majority's yet.
    if (!entry) await sleep(5);
    if (!entry) return false;
    queue.waiting.shift();
    if (pending.settled) return true;
    this.#pending.settle(pending);
    // Somebody else's copy has been told of by its own writer, or else by the reconciliation poll.
    if (entry.id === pending.entryId) this.#options.publish(entry);
    pending.resolve({ entry, repeated: entry.id !== pending.entryId });
    return true;
  }
}
