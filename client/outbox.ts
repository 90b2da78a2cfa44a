import type { MessageView } from '../src/contract/messages.ts';
import { retryDelay } from './backoff.ts';
import type { Clock } from './clock.ts';
import { DeskError, isRefusal, reasonOf, toDeskError } from './errors.ts';
import { isPending } from './new-tickets.ts';
import type { SendOptions } from './open-ticket.ts';
import {
  keyOf,
  type LocalFile,
  OUTBOX_PREFIX,
  type OutboxItem,
  orderOf,
  parseItem,
} from './outbox-item.ts';
import { type UploadFile, uploadFiles } from './outbox-uploads.ts';
import { type BlobStore, createMemoryBlobs, type OutboxStorage } from './storage.ts';

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
  /** Under what its items are stored. Default: messages. */
  prefix?: string;
  clock: Clock;
  random: () => number;
  newId: () => string;
  /** One try. @throws DeskError */
  send(item: OutboxItem): Promise<MessageView>;
  /** Needed where items bring files of their own. @throws DeskError */
  upload?: UploadFile;
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
  /** Calls an upload off. */
  abort: AbortController;
  /** The message itself has been handed over: whether it has arrived is not known before the answer. */
  posting: boolean;
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
  readonly #progress = new Map<string, number>();
  #lastOrder = 0;
  /** Nothing is sent before what is older has been found. */
  #restored = false;
  #closed = false;
  readonly #blobs: BlobStore;
  readonly #prefix: string;

  constructor(options: OutboxOptions) {
    this.#options = options;
    this.#prefix = options.prefix ?? OUTBOX_PREFIX;
    this.#blobs = options.storage.blobs ?? createMemoryBlobs();
  }

  /** Where the bytes of chosen files are kept until they are uploaded. */
  get blobs(): BlobStore {
    return this.#blobs;
  }

  /** What waits or has failed, in the order it was written. */
  items(ticketId: string): OutboxItem[] {
    return (this.#queues.get(ticketId) ?? []).map(({ item }) => item);
  }

  /** Files of `uploads` have their bytes in `blobs`; from here on they are the outbox's to remove. */
  add(ticketId: string, content: string, options: SendOptions = {}): Sending {
    const { attachments: files = [], uploads = [], reply_to } = options;
    const { clock, newId, storage, onError } = this.#options;
    const now = clock.now();
    this.#lastOrder = Math.max(this.#lastOrder + 1, now);
    const id = newId();
    const fields = {
      client_id: id,
      ticket_id: ticketId,
      content,
      files,
      created_at: now,
      reply_to,
    };
    const local = uploads.length > 0 && { uploads };
    const item: OutboxItem = { ...fields, ...local, state: 'sending', failures: 0 };
    const key = keyOf(this.#prefix, ticketId, this.#lastOrder, id);
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
    for (const key of (await storage.keys(this.#prefix)).sort()) {
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
    const { reason: _reason, retry_at: _retryAt, ...item } = entry.item;
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

  /**
   * Takes one away that has not been handed over yet, its upload called off.
   * @returns false where the message may be on its way
   */
  cancel(ticketId: string, clientId: string): boolean {
    const entry = this.#find(ticketId, clientId);
    if (!entry || entry.posting) return false;
    entry.abort.abort();
    this.#remove(entry);
    entry.reject(new DeskError('DISCARDED', 'the message was discarded'));
    this.#tell(entry, 'discarded');
    this.#wakers.get(ticketId)?.();
    return true;
  }

  /** Gives everything written for a ticket that did not exist yet to the ticket that does now. */
  move(from: string, to: string): void {
    for (const entry of this.#queues.get(from) ?? []) {
      const { key, item } = entry;
      entry.key = keyOf(this.#prefix, to, orderOf(key), item.client_id);
      this.#change(entry, { ...item, ticket_id: to });
      this.#store(entry, (storage) => storage.remove(key));
      this.#queues.set(to, [...(this.#queues.get(to) ?? []), entry].sort(byKey));
      this.#tell(entry, item.state);
    }
    this.#queues.delete(from);
    void this.#drain(to);
  }

  /** The tickets something waits for. */
  get ticketIds(): string[] {
    return [...this.#queues.keys()];
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
    const promise = { accepted, resolve, reject };
    const abort = new AbortController();
    const entry: Entry = {
      key,
      item,
      stored,
      found,
      ...promise,
      abort,
      done: false,
      posting: false,
    };
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
    // It goes on with `move`.
    if (isPending(ticketId)) return;
    this.#busy.add(ticketId);
    try {
      for (let next = this.#next(ticketId); next; next = this.#next(ticketId)) {
        await next.stored;
        const problem = await this.#exclusive(ticketId, () => this.#attempt(next));
        if (problem) await this.#pause(next, problem);
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
      await this.#upload(entry);
      if (entry.done) return undefined;
      entry.posting = true;
      this.#settle(entry, await this.#options.send(entry.item));
    } catch (thrown) {
      if (entry.done || this.#closed) return undefined;
      const error = toDeskError(thrown);
      const reason = reasonOf(error);
      // What it answers has been deleted meanwhile: its words are worth more than that.
      if (entry.item.reply_to && error.errors[0]?.type === 'unknown_message') {
        this.#change(entry, { ...entry.item, reply_to: undefined });
        return undefined;
      }
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
    } finally {
      entry.posting = false;
    }
    return undefined;
  }

  /** Brings the files of an item to the server before the item itself. */
  async #upload(entry: Entry): Promise<void> {
    const { upload } = this.#options;
    if (!upload || !entry.item.uploads?.length) return;
    await uploadFiles(entry.item, {
      ...{ upload, blobs: this.#blobs, signal: entry.abort.signal },
      onStored: (item) => {
        const before = entry.item.uploads ?? [];
        this.#change(entry, item);
        this.#forget(before.filter(({ key }) => !item.uploads?.some((left) => left.key === key)));
        this.#tell(entry, 'sending');
      },
      onProgress: (share) => {
        this.#progress.set(entry.item.client_id, share);
        this.#tell(entry, 'sending');
      },
    });
  }

  /** How much of an item's files has been uploaded, from 0 to 1, while they are. */
  progress(clientId: string): number | undefined {
    return this.#progress.get(clientId);
  }

  #forget(files: readonly LocalFile[]): void {
    for (const { key } of files) {
      this.#blobs
        .remove(key)
        .catch((thrown) => this.#options.onError(toDeskError(thrown, 'CLIENT')));
    }
  }

  /** True where the tab it came from has sent it; the message itself comes with the ticket's events. */
  async #wasSentElsewhere(entry: Entry): Promise<boolean> {
    if ((await this.#options.storage.get(entry.key)) !== null) return false;
    this.#remove(entry);
    this.#tell(entry, 'discarded');
    return true;
  }

  /** Waits before the next try, and no longer than until `wake`, unless the server has said when. */
  async #pause(entry: Entry, problem: DeskError): Promise<void> {
    const { clock, random } = this.#options;
    const { ticket_id: ticketId, failures } = entry.item;
    const delay = retryDelay(failures, random, problem);
    if (entry.done) return;
    entry.item = { ...entry.item, retry_at: clock.now() + delay };
    this.#tell(entry, 'sending');
    await new Promise<void>((resolve) => {
      const cancel = clock.after(delay, resolve);
      this.#wakers.set(ticketId, () => {
        if (problem.retryAfter !== undefined && !this.#closed && !entry.done) return;
        cancel();
        resolve();
      });
    });
    this.#wakers.delete(ticketId);
    const { retry_at: _retryAt, ...item } = entry.item;
    entry.item = item;
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
    this.#progress.delete(entry.item.client_id);
    this.#forget(entry.item.uploads ?? []);
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
