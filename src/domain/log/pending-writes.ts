import { unavailable } from '../../errors.ts';
import type { Author, Entry, TicketState } from './entry.ts';

/** An entry without what the writer adds: its place in the log. */
export type Draft = Omit<Entry, 'seq' | 'ticket_id' | 'owner'>;

export interface Append {
  ticketId: string;
  entryId: string;
  author: Author;
  clientId: string;
  /**
   * Called at the head the entry will follow, and again whenever the head has moved.
   * @throws AppError to refuse the entry; nothing is written then.
   */
  judge(state: TicketState): Draft | Promise<Draft>;
  /** A message: judged in the same tick, and leaves the ticket open for the next one. */
  plain: boolean;
}

export interface Appended {
  entry: Entry;
  /** The author's client id was seen before: `entry` is the one stored then. */
  repeated: boolean;
}

export interface Pending extends Append {
  queue: TicketQueue;
  /** Author and client id. */
  key: string;
  deadline: number;
  settled: boolean;
  /** An attempt went out and its outcome is not known: look before writing again. */
  uncertain: boolean;
  promise: Promise<Appended>;
  resolve: (appended: Appended) => void;
  reject: (error: unknown) => void;
}

/** What waits for one ticket, and what is known of it. */
export interface TicketQueue {
  id: string;
  state: TicketState | undefined;
  waiting: Pending[];
  byClient: Map<string, Pending>;
  busy: boolean;
  /** The last write came to nothing: MongoDB may hold the ticket for somebody who is gone. */
  suspect: boolean;
}

const DEADLINE_CHECK_MS = 100;

/** Every write of this process that has not been answered, each with its deadline. */
export class PendingWrites {
  readonly #all = new Set<Pending>();
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

  track(queue: TicketQueue, request: Append, key: string): Pending {
    const deadline = Date.now() + this.#deadlineMs;
    let resolve!: Pending['resolve'];
    let reject!: Pending['reject'];
    const promise = new Promise<Appended>((onStored, onRefused) => {
      resolve = onStored;
      reject = onRefused;
    });
    // Written out, so that every pending has the same shape: this is the hot path.
    const pending: Pending = {
      ticketId: request.ticketId,
      entryId: request.entryId,
      author: request.author,
      clientId: request.clientId,
      judge: request.judge,
      plain: request.plain,
      queue,
      key,
      deadline,
      settled: false,
      uncertain: false,
      promise,
      resolve,
      reject,
    };
    this.#all.add(pending);
    return pending;
  }

  /** The pending is about to be answered, and will not be again. */
  settle(pending: Pending): void {
    const { queue } = pending;
    pending.settled = true;
    this.#all.delete(pending);
    if (queue.byClient.get(pending.key) === pending) queue.byClient.delete(pending.key);
  }

  /** Resolves when nothing is waiting any more, at the latest after the deadline. */
  async drained(): Promise<void> {
    await Promise.allSettled([...this.#all].map(({ promise }) => promise));
  }

  close(): void {
    clearInterval(this.#timer);
  }

  /** Insertion order is deadline order, so the first pending that is in time ends the look. */
  #rejectOverdue(): void {
    const now = Date.now();
    for (const pending of this.#all) {
      if (pending.deadline > now) return;
      this.settle(pending);
      pending.reject(unavailable('the database did not confirm the write in time'));
    }
  }
}
