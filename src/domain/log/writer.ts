import { setTimeout as sleep } from 'node:timers/promises';
import { LRUCache } from 'lru-cache';
import { isStorageError, unavailable } from '../../errors.ts';
import type { Failpoint } from '../../infra/failpoints.ts';
import type { Log } from '../../infra/log.ts';
import { createBatches } from './batches.ts';
import { type Entry, type TicketState, toRow } from './entry.ts';
import type { InsertResult } from './insert-results.ts';
import {
  type Append,
  type Appended,
  type Pending,
  PendingWrites,
  type TicketQueue,
} from './pending-writes.ts';
import type { LogStore } from './store.ts';

const MAX_PENDING = 10_000;
const CACHED_TICKETS = 20_000;
/** From this queue on a ticket's messages go as one ordered batch. */
const RUN_FROM = 16;
const RUN_LENGTH = 128;

export interface WriterOptions {
  store: LogStore;
  /** Milliseconds after which a write that is not confirmed is given up towards its caller. */
  deadlineMs: number;
  publish(entry: Entry): void;
  failpoint: Failpoint;
  log: Log;
}

/**
 * The one writer of a process: puts entries at the head of their tickets' logs. One insert a ticket
 * is under way at a time; the unique index, not this cache, decides between processes.
 */
export class LogWriter {
  readonly #options: WriterOptions;
  readonly #queues = new LRUCache<string, TicketQueue>({ max: CACHED_TICKETS });
  readonly #batches;
  readonly #pending: PendingWrites;

  constructor(options: WriterOptions) {
    this.#options = options;
    this.#batches = createBatches((rows, ordered) => options.store.insert(rows, ordered));
    this.#pending = new PendingWrites(options.deadlineMs);
  }

  /**
   * Accepts an entry: resolves once a majority has it on disk, or with the one its client id
   * already stands for.
   * @throws AppError what `judge` throws; SERVICE_UNAVAILABLE when the outcome is not known in time.
   */
  append(request: Append): Promise<Appended> {
    if (this.#pending.size >= MAX_PENDING) {
      return Promise.reject(unavailable('too many writes are waiting'));
    }
    const queue = this.#queueOf(request.ticketId);
    const key = `${request.author.key}\n${request.clientId}`;
    const twin = queue.byClient.get(key);
    if (twin) return twin.promise.then(({ entry }) => ({ entry, repeated: true }));
    const pending = this.#pending.track(queue, request, key);
    queue.byClient.set(key, pending);
    queue.waiting.push(pending);
    if (!queue.busy) void this.#drain(queue);
    return pending.promise;
  }

  /** Takes note of an entry another process has written, which keeps the cached head fresh. */
  observe(entry: Entry): void {
    const queue = this.#queues.peek(entry.ticket_id);
    if (!queue?.state || queue.state.head >= entry.seq) return;
    const next = queue.state.head + 1 === entry.seq;
    queue.state = next
      ? { head: entry.seq, ticket: entry.ticket ?? queue.state.ticket }
      : undefined;
  }

  /** Resolves when nothing is waiting any more, at the latest after the write deadline. */
  drained(): Promise<void> {
    return this.#pending.drained();
  }

  close(): void {
    this.#pending.close();
  }

  #queueOf(ticketId: string): TicketQueue {
    let queue = this.#queues.get(ticketId);
    if (!queue) {
      queue = {
        id: ticketId,
        state: undefined,
        waiting: [],
        byClient: new Map(),
        busy: false,
        suspect: false,
      };
      this.#queues.set(ticketId, queue);
    }
    return queue;
  }

  async #drain(queue: TicketQueue): Promise<void> {
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

  /** The entries to write next, judged at the head; refused ones are answered on the way. */
  async #prepare(queue: TicketQueue): Promise<[Pending, Entry][]> {
    const first = queue.waiting[0] as Pending;
    if (first.settled) {
      queue.waiting.shift();
      return [];
    }
    try {
      if (first.uncertain && (await this.#lookUp(queue, first))) return [];
      queue.state ??= await this.#options.store.loadState(queue.id);
    } catch (error) {
      await this.#refuseOrWait(queue, error);
      return [];
    }
    return this.#takeRun(queue);
  }

  async #takeRun(queue: TicketQueue): Promise<[Pending, Entry][]> {
    const run: [Pending, Entry][] = [];
    const wanted = queue.waiting.length >= RUN_FROM ? RUN_LENGTH : 1;
    const state = queue.state as TicketState;
    while (run.length < wanted) {
      const pending = queue.waiting[0];
      if (!pending || (run.length > 0 && (!pending.plain || pending.uncertain))) break;
      if (pending.settled) {
        queue.waiting.shift();
        continue;
      }
      const head = state.head + run.length;
      try {
        const judged = pending.judge({ ticket: state.ticket, head });
        const draft = judged instanceof Promise ? await judged : judged;
        const place = { ticket_id: queue.id, owner: state.ticket.owner, seq: head + 1 };
        run.push([pending, { ...draft, ...place }]);
        queue.waiting.shift();
      } catch (error) {
        await this.#refuseOrWait(queue, error);
        break;
      }
      if (!pending.plain) break;
    }
    return run;
  }

  /** A refusal is the caller's; while the log cannot be read, the entry waits until its deadline. */
  async #refuseOrWait(queue: TicketQueue, error: unknown): Promise<void> {
    if (isStorageError(error)) {
      this.#options.log.debug({ reason: (error as Error).message }, 'the log cannot be read yet');
      await sleep(50);
      return;
    }
    const pending = queue.waiting.shift() as Pending;
    if (pending.settled) return;
    this.#pending.settle(pending);
    pending.reject(error);
  }

  #commit(queue: TicketQueue, run: [Pending, Entry][]): Promise<InsertResult[]> {
    const [, entry] = run[0] as [Pending, Entry];
    if (entry.ticket) return this.#options.store.insertStatus(entry).then((result) => [result]);
    const rows = run.map(([, each]) => toRow(each));
    return this.#batches.commit(rows, queue.suspect);
  }

  async #apply(
    queue: TicketQueue,
    run: [Pending, Entry][],
    results: InsertResult[],
  ): Promise<void> {
    const again: Pending[] = [];
    let pause = 0;
    queue.suspect = results.some(({ kind }) => kind === 'unknown');
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

  #stored(queue: TicketQueue, pending: Pending, entry: Entry): void {
    if (queue.state) {
      queue.state.head = Math.max(queue.state.head, entry.seq);
      if (entry.ticket) queue.state.ticket = entry.ticket;
    }
    this.#pending.settle(pending);
    this.#options.failpoint('before-publish');
    this.#options.publish(entry);
    this.#options.failpoint('after-publish');
    pending.resolve({ entry, repeated: false });
  }

  /** Looks for an entry by its client id where a majority has it; settles it when it is there. */
  async #lookUp(queue: TicketQueue, pending: Pending): Promise<boolean> {
    const entry = await this.#options.store.findByClientId(
      queue.id,
      pending.author.key,
      pending.clientId,
    );
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
