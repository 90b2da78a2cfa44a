import { unavailable } from '../../errors.ts';
import { ShortLivedMap } from '../../infra/short-lived-map.ts';
import type { Author, Entry, LogId, TicketState } from './entry.ts';

type Placed = 'seq' | 'ticket_id' | 'owner' | 'stream';
type WithoutPlace<E> = E extends Entry ? Omit<E, Placed> : never;

/** An entry without what the writer adds: its place in the log. */
export type Draft = WithoutPlace<Entry>;

/** What becomes of a request at a head of the log. */
export type Decision =
  | { append: Draft }
  /** Nothing is written; the caller is told why. */
  | { refuse: unknown }
  /** Nothing is written, and nothing need be: the log says it already. */
  | { unchanged: TicketState };

export interface Append {
  log: LogId;
  entryId: string;
  author: Author;
  clientId: string;
  /**
   * Optimistic concurrency: called at the head the entry will follow, and again whenever the head has
   * moved; before anything but `append` counts, at a head just read. What it throws is a refusal.
   */
  decide(state: TicketState): Decision | Promise<Decision>;
  /** A message: decided in the same tick, and changes nothing the next one is decided by. */
  batchable: boolean;
}

export type Appended =
  | {
      entry: Entry;
      /** The author's idempotency key was seen before: `entry` is the one stored then. */
      repeated: boolean;
    }
  | { unchanged: TicketState };

export interface Pending extends Append {
  id: number;
  queue: LogQueue;
  /** Author and idempotency key. */
  key: string;
  deadline: number;
  settled: boolean;
  /** An attempt went out and its outcome is not known: look before writing again. */
  uncertain: boolean;
  promise: Promise<Appended>;
  resolve: (appended: Appended) => void;
  reject: (error: unknown) => void;
}

/** What waits for one log, and what is known of it. */
export interface LogQueue {
  log: LogId;
  state: TicketState | undefined;
  waiting: Pending[];
  byClient: ShortLivedMap<string, Pending>;
  busy: boolean;
  /**
   * Bulkhead: the last write came to nothing, so an orphaned transaction may block the log; its batches
   * go by a lane of their own.
   */
  isolated: boolean;
}

const DEADLINE_CHECK_MS = 100;

/** Every write of this process that has not been answered, each with its deadline. */
export class PendingWrites {
  readonly #all = new ShortLivedMap<number, Pending>();
  #lastId = 0;
  readonly #deadlineMs: number;
  readonly #timer: NodeJS.Timeout;

  /** @param deadlineMs milliseconds after which a write that is not confirmed is given up towards its caller */
  constructor(deadlineMs: number) {
    this.#deadlineMs = deadlineMs;
    this.#timer = setInterval(() => this.#rejectOverdue(), DEADLINE_CHECK_MS).unref();
  }

  get size(): number {
    return this.#all.size;
  }

  track(queue: LogQueue, request: Append, key: string): Pending {
    const deadline = Date.now() + this.#deadlineMs;
    let resolve!: Pending['resolve'];
    let reject!: Pending['reject'];
    const promise = new Promise<Appended>((onStored, onRefused) => {
      resolve = onStored;
      reject = onRefused;
    });
    // Written out, so that every pending has the same shape: this is the hot path.
    const pending: Pending = {
      id: ++this.#lastId,
      log: request.log,
      entryId: request.entryId,
      author: request.author,
      clientId: request.clientId,
      decide: request.decide,
      batchable: request.batchable,
      queue,
      key,
      deadline,
      settled: false,
      uncertain: false,
      promise,
      resolve,
      reject,
    };
    this.#all.set(pending.id, pending);
    return pending;
  }

  /** The pending is about to be answered, and will not be again. */
  settle(pending: Pending): void {
    const { queue } = pending;
    pending.settled = true;
    this.#all.delete(pending.id);
    if (queue.byClient.get(pending.key) === pending) queue.byClient.delete(pending.key);
  }

  /** Resolves when nothing is waiting any more, at the latest after the deadline. */
  async drained(): Promise<void> {
    await Promise.allSettled([...this.#all.values()].map(({ promise }) => promise));
  }

  close(): void {
    clearInterval(this.#timer);
  }

  /** Insertion order is deadline order, so the first pending that is in time ends the look. */
  #rejectOverdue(): void {
    const now = Date.now();
    for (const pending of this.#all.values()) {
      if (pending.deadline > now) return;
      this.settle(pending);
      pending.reject(unavailable('the database did not confirm the write in time'));
    }
  }
}
