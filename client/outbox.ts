import type { FileView, MessageView } from '../src/contract/messages.ts';
import { retryDelay } from './backoff.ts';
import type { Clock } from './clock.ts';
import { DeskError, isRefusal, toDeskError } from './errors.ts';
import { keyOf, OUTBOX_PREFIX, type OutboxItem, orderOf, parseItem } from './outbox-item.ts';
import type { OutboxStorage } from './storage.ts';

export interface OutboxChange {
  item: OutboxItem;
  state: 'sending' | 'sent' | 'failed' | 'discarded';
  /** Once sent: the message as the server has it. */
  message?: MessageView;
}

/** A message handed to the outbox. */
export interface Sending {
  client_id: string;
  /** Resolves when the server has it; rejects with a `DeskError` when it is refused or discarded. */
  accepted: Promise<MessageView>;
}

export interface OutboxOptions {
  storage: OutboxStorage;
  clock: Clock;
  random: () => number;
  newId: () => string;
  /** One try. @throws DeskError */
  send(item: OutboxItem): Promise<MessageView>;
  onChange(change: OutboxChange): void;
  onError(error: DeskError): void;
}

interface Entry {
  item: OutboxItem;
  key: string;
  stored: Promise<void>;
  /** Found in the storage: another tab may have it in its queue too. */
  found: boolean;
  done: boolean;
  resolve(message: MessageView): void;
  reject(error: DeskError): void;
  accepted: Promise<MessageView>;
}

/**
 * What was written and is not yet accepted: one queue per ticket, one send in flight in each, the
 * same client id for ever, so that whatever is lost or repeated on the way, the log has it once.
 */
export class Outbox {
  readonly #options: OutboxOptions;
  readonly #queues = new Map<string, Entry[]>();
  readonly #busy = new Set<string>();
  readonly #wakers = new Map<string, () => void>();
  #lastOrder = 0;
  /** Nothing is sent before what is older has been found. */
  #restored = false;
  #closed = false;

  constructor(options: OutboxOptions) {
    this.#options = options;
  }

  /** What waits or has failed, in the order it was written. */
  items(ticketId: string): OutboxItem[] {
    return (this.#queues.get(ticketId) ?? []).map(({ item }) => item);
  }

  add(ticketId: string, content: string, files: readonly FileView[]): Sending {
    const { clock, newId, storage, onError } = this.#options;
    const now = clock.now();
    this.#lastOrder = Math.max(this.#lastOrder + 1, now);
    const id = newId();
    const fields = { client_id: id, ticket_id: ticketId, content, files, created_at: now };
    const item: OutboxItem = { ...fields, state: 'sending', failures: 0 };
    const key = keyOf(ticketId, this.#lastOrder, id);
    const stored = Promise.resolve()
      .then(() => storage.set(key, JSON.stringify(item)))
      .catch((thrown) => onError(toDeskError(thrown, 'CLIENT')));
    const entry = this.#enqueue(key, item, stored);
    this.#tell(entry, 'sending');
    void this.#drain(ticketId);
    return { client_id: id, accepted: entry.accepted };
  }

  /** Takes up what an earlier page, or another tab, has left; only then anything is sent. */
  async restore(): Promise<void> {
    try {
      await this.#findStored();
    } finally {
      this.#restored = true;
      for (const ticketId of this.#queues.keys()) void this.#drain(ticketId);
    }
  }

  async #findStored(): Promise<void> {
    const { storage } = this.#options;
    for (const key of (await storage.keys(OUTBOX_PREFIX)).sort()) {
      const item = parseItem(await storage.get(key));
      if (!item || this.#closed || this.#find(item.ticket_id, item.client_id)) continue;
      this.#lastOrder = Math.max(this.#lastOrder, orderOf(key));
      this.#tell(this.#enqueue(key, item, Promise.resolve(), true), item.state);
    }
  }

  /** A message of the log: where it is one of ours, it has arrived, whatever became of the answer. */
  note(message: MessageView): void {
    if (message.client_id === null) return;
    const entry = this.#find(message.ticket_id, message.client_id);
    if (entry) this.#settle(entry, message);
  }

  /** Tries a failed one again, with the same client id. */
  retry(ticketId: string, clientId: string): void {
    const entry = this.#find(ticketId, clientId);
    if (entry?.item.state !== 'failed') return;
    const { reason: _reason, ...item } = entry.item;
    this.#change(entry, { ...item, state: 'sending', failures: 0 });
    this.#tell(entry, 'sending');
    void this.#drain(ticketId);
  }

  /** Takes a failed one away. */
  discard(ticketId: string, clientId: string): void {
    const entry = this.#find(ticketId, clientId);
    if (entry?.item.state !== 'failed') return;
    this.#remove(entry);
    this.#tell(entry, 'discarded');
  }

  /** Tries at once what waits for its next try, unless the server has said when. */
  wake(): void {
    for (const wake of [...this.#wakers.values()]) wake();
    for (const ticketId of this.#queues.keys()) void this.#drain(ticketId);
  }

  /** Sends no more; what is stored stays for the next client on this storage. */
  close(): void {
    this.#closed = true;
    this.wake();
  }

  #enqueue(key: string, item: OutboxItem, stored: Promise<void>, found = false): Entry {
    let resolve: Entry['resolve'] = () => {};
    let reject: Entry['reject'] = () => {};
    const accepted = new Promise<MessageView>((yes, no) => {
      resolve = yes;
      reject = no;
    });
    // Whoever does not wait for it hears of a failure through `onChange`.
    accepted.catch(() => {});
    const entry: Entry = { key, item, stored, found, accepted, done: false, resolve, reject };
    const queue = this.#queues.get(item.ticket_id) ?? [];
    const isLast = key > (queue.at(-1)?.key ?? '');
    queue.push(entry);
    // What an earlier page has left comes before what was written since.
    if (!isLast) queue.sort(byKey);
    this.#queues.set(item.ticket_id, queue);
    return entry;
  }

  async #drain(ticketId: string): Promise<void> {
    if (this.#busy.has(ticketId) || this.#closed || !this.#restored) return;
    this.#busy.add(ticketId);
    try {
      for (let next = this.#next(ticketId); next; next = this.#next(ticketId)) {
        await next.stored;
        const problem = await this.#exclusive(ticketId, () => this.#attempt(next));
        if (problem) await this.#pause(ticketId, next.item.failures, problem);
      }
    } finally {
      this.#busy.delete(ticketId);
    }
  }

  #next(ticketId: string): Entry | undefined {
    if (this.#closed) return undefined;
    return this.#queues.get(ticketId)?.find(({ item }) => item.state === 'sending');
  }

  #exclusive<T>(ticketId: string, work: () => Promise<T>): Promise<T> {
    const { storage } = this.#options;
    return storage.exclusive ? storage.exclusive(`send/${ticketId}`, work) : work();
  }

  /** @returns why it must be tried again */
  async #attempt(entry: Entry): Promise<DeskError | undefined> {
    if (entry.done || this.#closed) return undefined;
    if (entry.found && (await this.#wasSentElsewhere(entry))) return undefined;
    try {
      this.#settle(entry, await this.#options.send(entry.item));
    } catch (thrown) {
      if (entry.done || this.#closed) return undefined;
      const error = toDeskError(thrown);
      const { code, message } = error;
      const reason = { code, message };
      if (isRefusal(error)) {
        this.#change(entry, { ...entry.item, state: 'failed', reason });
        entry.reject(error);
        this.#tell(entry, 'failed');
        return undefined;
      }
      const { failures } = entry.item;
      entry.item = { ...entry.item, failures: failures + 1, reason };
      this.#tell(entry, 'sending');
      return error;
    }
    return undefined;
  }

  /** True where the tab it came from has sent it; the message itself comes with the ticket's events. */
  async #wasSentElsewhere(entry: Entry): Promise<boolean> {
    if ((await this.#options.storage.get(entry.key)) !== null) return false;
    this.#remove(entry);
    this.#tell(entry, 'discarded');
    return true;
  }

  /** Waits before the next try, and no longer than until `wake`, unless the server has said when. */
  async #pause(ticketId: string, failures: number, problem: DeskError): Promise<void> {
    const { clock, random } = this.#options;
    const delay = retryDelay(failures, random, problem);
    await new Promise<void>((resolve) => {
      const cancel = clock.after(delay, resolve);
      this.#wakers.set(ticketId, () => {
        if (problem.retryAfter !== undefined && !this.#closed) return;
        cancel();
        resolve();
      });
    });
    this.#wakers.delete(ticketId);
  }

  #settle(entry: Entry, message: MessageView): void {
    if (entry.done) return;
    this.#remove(entry);
    entry.resolve(message);
    this.#options.onChange({ item: entry.item, state: 'sent', message });
  }

  #remove(entry: Entry): void {
    const { ticket_id } = entry.item;
    const left = this.#queues.get(ticket_id)?.filter((other) => other !== entry) ?? [];
    if (left.length > 0) this.#queues.set(ticket_id, left);
    else this.#queues.delete(ticket_id);
    if (!entry.done && entry.item.state === 'failed') {
      entry.reject(new DeskError('DISCARDED', 'the message was discarded'));
    }
    entry.done = true;
    // Not before it was written, or it would come back.
    this.#store(entry, (storage) => storage.remove(entry.key));
  }

  #change(entry: Entry, item: OutboxItem): void {
    entry.item = item;
    this.#store(entry, (storage) => storage.set(entry.key, JSON.stringify(item)));
  }

  #store(entry: Entry, work: (storage: OutboxStorage) => void | Promise<void>): void {
    const { storage, onError } = this.#options;
    entry.stored = entry.stored
      .then(() => work(storage))
      .catch((thrown) => onError(toDeskError(thrown, 'CLIENT')));
  }

  #find(ticketId: string, clientId: string): Entry | undefined {
    return this.#queues.get(ticketId)?.find(({ item }) => item.client_id === clientId);
  }

  #tell(entry: Entry, state: OutboxChange['state']): void {
    this.#options.onChange({ item: entry.item, state });
  }
}

const byKey = (a: Entry, b: Entry) => (a.key < b.key ? -1 : 1);
