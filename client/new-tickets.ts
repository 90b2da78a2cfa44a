import type { CreateTicketBody, TicketView } from '../src/contract/tickets.ts';
import { retryDelay } from './backoff.ts';
import type { Clock } from './clock.ts';
import { DeskError, isRefusal, type Reason, reasonOf, toDeskError } from './errors.ts';
import type { OutboxStorage } from './storage.ts';

const PREFIX = 'newticket/';
/** What a ticket that was asked for has become, for tabs and messages that still know it as pending. */
const MADE = 'made/';
const MADE_KEPT = 50;
const PENDING = 'new:';

/** Where messages wait for a ticket that does not exist yet. */
export const pendingId = (clientId: string) => `${PENDING}${clientId}`;
export const isPending = (ticketId: string) => ticketId.startsWith(PENDING);

/** What a new ticket may have beside its texts: category, urgency, `context`. */
export type NewTicketFields = Omit<CreateTicketBody, 'topic' | 'description' | 'client_id'>;

/** A ticket on its way; it keeps its `client_id` through every try and every reload. */
export interface NewTicketItem {
  readonly client_id: string;
  readonly topic: string;
  readonly description: string;
  readonly more?: NewTicketFields;
  /** Milliseconds since 1970. */
  readonly created_at: number;
  /** `failed`: the server has refused it for good. */
  readonly state: 'sending' | 'failed';
  readonly failures: number;
  readonly reason?: Reason;
  /** When the next try comes, in milliseconds since 1970. */
  readonly retry_at?: number;
}

export interface NewTicketChange {
  item: NewTicketItem;
  state: 'sending' | 'created' | 'failed' | 'discarded';
  /** Once created: its id, and in the tab that created it the ticket. */
  ticketId?: string;
  ticket?: TicketView;
}

/** A ticket handed over to be created. */
export interface Starting {
  client_id: string;
  /** Stands for the ticket until it is there: `send` takes it. */
  pending_id: string;
  /** Resolves when the server has it; rejects with a `DeskError` when it is refused or discarded. */
  created: Promise<string>;
}

export interface NewTicketsOptions {
  storage: OutboxStorage;
  clock: Clock;
  random: () => number;
  newId: () => string;
  /** One try. @throws DeskError */
  create(body: CreateTicketBody): Promise<TicketView>;
  onChange(change: NewTicketChange): void;
  onError(error: DeskError): void;
}

interface Entry {
  item: NewTicketItem;
  key: string;
  resolve(ticketId: string): void;
  reject(error: DeskError): void;
  created: Promise<string>;
}

/**
 * The outbox for whole tickets: stored before they are asked for, created one after the other with
 * the same idempotency key for ever, so that one that is asked for twice exists once.
 */
export class NewTickets {
  readonly #options: NewTicketsOptions;
  #entries: Entry[] = [];
  #busy = false;
  #restored = false;
  #closed = false;
  #wake: () => void = () => {};

  constructor(options: NewTicketsOptions) {
    this.#options = options;
  }

  /** What waits or has failed, oldest first. */
  get items(): NewTicketItem[] {
    return this.#entries.map(({ item }) => item);
  }

  add(topic: string, description: string, more?: NewTicketFields): Starting {
    const { newId, clock } = this.#options;
    const [id, now] = [newId(), clock.now()];
    const fields = { client_id: id, topic, description, ...(more && { more }), created_at: now };
    const item: NewTicketItem = { ...fields, state: 'sending', failures: 0 };
    const entry = this.#enqueue(`${PREFIX}${String(now).padStart(16, '0')}-${id}`, item);
    this.#store((storage) => storage.set(entry.key, JSON.stringify(item)));
    this.#options.onChange({ item, state: 'sending' });
    void this.#drain();
    return { client_id: id, pending_id: pendingId(id), created: entry.created };
  }

  /** Takes up what an earlier page, or another tab, has left. */
  async restore(): Promise<void> {
    const { storage, onChange } = this.#options;
    try {
      for (const key of (await storage.keys(PREFIX)).sort()) {
        const item = parseNewTicket(await storage.get(key));
        if (!item || this.#closed || this.#find(item.client_id)) continue;
        this.#enqueue(key, item);
        onChange({ item, state: item.state });
      }
    } finally {
      this.#restored = true;
      void this.#drain();
    }
  }

  /** What a pending id has become, in whichever tab. */
  async findCreated(id: string): Promise<string | undefined> {
    return (await this.#options.storage.get(MADE + id.slice(PENDING.length))) ?? undefined;
  }

  retry(clientId: string): void {
    const entry = this.#find(clientId);
    if (entry?.item.state !== 'failed') return;
    const { reason: _reason, ...item } = entry.item;
    this.#change(entry, { ...item, state: 'sending', failures: 0 });
    this.#options.onChange({ item: entry.item, state: 'sending' });
    void this.#drain();
  }

  discard(clientId: string): void {
    const entry = this.#find(clientId);
    if (entry?.item.state !== 'failed') return;
    this.#remove(entry);
    entry.reject(new DeskError('DISCARDED', 'the ticket was discarded'));
    this.#options.onChange({ item: entry.item, state: 'discarded' });
  }

  wake(): void {
    this.#wake();
    void this.#drain();
  }

  close(): void {
    this.#closed = true;
    this.#wake();
  }

  #enqueue(key: string, item: NewTicketItem): Entry {
    let resolve: Entry['resolve'] = () => {};
    let reject: Entry['reject'] = () => {};
    const created = new Promise<string>((yes, no) => {
      resolve = yes;
      reject = no;
    });
    created.catch(() => {});
    const entry = { key, item, created, resolve, reject };
    this.#entries = [...this.#entries, entry].sort((a, b) => (a.key < b.key ? -1 : 1));
    return entry;
  }

  async #drain(): Promise<void> {
    if (this.#busy || this.#closed || !this.#restored) return;
    this.#busy = true;
    const { storage } = this.#options;
    try {
      for (let next = this.#next(); next; next = this.#next()) {
        const entry = next;
        // A turn of its own, so that what was just added is stored before it is sent.
        await Promise.resolve();
        const work = () => this.#attempt(entry);
        const problem = await (storage.exclusive ? storage.exclusive('start', work) : work());
        if (problem) await this.#pause(entry, problem);
      }
    } finally {
      this.#busy = false;
    }
  }

  #next(): Entry | undefined {
    if (this.#closed) return undefined;
    return this.#entries.find(({ item }) => item.state === 'sending');
  }

  /** @returns why it must be tried again */
  async #attempt(entry: Entry): Promise<DeskError | undefined> {
    const { item } = entry;
    try {
      const made = await this.findCreated(pendingId(item.client_id));
      if (made) return this.#settle(entry, made);
      const { topic, description, client_id, more } = item;
      const ticket = await this.#options.create({ ...more, topic, description, client_id });
      await this.#remember(item.client_id, ticket.id);
      return this.#settle(entry, ticket.id, ticket);
    } catch (thrown) {
      if (this.#closed) return undefined;
      const error = toDeskError(thrown);
      const reason = reasonOf(error);
      if (isRefusal(error)) {
        this.#change(entry, { ...item, state: 'failed', reason });
        entry.reject(error);
        this.#options.onChange({ item: entry.item, state: 'failed' });
        return undefined;
      }
      entry.item = { ...item, failures: item.failures + 1, reason };
      return error;
    }
  }

  async #pause(entry: Entry, problem: DeskError): Promise<void> {
    const { clock, random, onChange } = this.#options;
    const delay = retryDelay(entry.item.failures, random, problem);
    entry.item = { ...entry.item, retry_at: clock.now() + delay };
    onChange({ item: entry.item, state: 'sending' });
    await new Promise<void>((resolve) => {
      const cancel = clock.after(delay, resolve);
      this.#wake = () => {
        if (problem.retryAfter !== undefined && !this.#closed) return;
        cancel();
        resolve();
      };
    });
    const { retry_at: _retryAt, ...item } = entry.item;
    entry.item = item;
  }

  #settle(entry: Entry, ticketId: string, ticket?: TicketView): undefined {
    this.#remove(entry);
    entry.resolve(ticketId);
    const change = { item: entry.item, ticketId, ...(ticket && { ticket }) };
    this.#options.onChange({ ...change, state: 'created' });
  }

  /** Kept for a while, so that messages another tab has stored for it find their way. */
  async #remember(clientId: string, ticketId: string): Promise<void> {
    const { storage } = this.#options;
    await storage.set(MADE + clientId, ticketId);
    const all = await Promise.all(
      (await storage.keys(MADE)).map(async (key) => [(await storage.get(key)) ?? '', key] as const),
    );
    // Ids of tickets sort by time.
    const old = all.sort(([a], [b]) => (a < b ? 1 : -1)).slice(MADE_KEPT);
    for (const [, key] of old) await storage.remove(key);
  }

  #remove(entry: Entry): void {
    this.#entries = this.#entries.filter((other) => other !== entry);
    this.#store((storage) => storage.remove(entry.key));
  }

  #change(entry: Entry, item: NewTicketItem): void {
    entry.item = item;
    this.#store((storage) => storage.set(entry.key, JSON.stringify(item)));
  }

  #stored: Promise<void> = Promise.resolve();

  #store(work: (storage: OutboxStorage) => void | Promise<void>): void {
    const { storage, onError } = this.#options;
    this.#stored = this.#stored
      .then(() => work(storage))
      .catch((thrown) => onError(toDeskError(thrown, 'CLIENT')));
  }

  #find(clientId: string): Entry | undefined {
    return this.#entries.find(({ item }) => item.client_id === clientId);
  }
}

function parseNewTicket(text: string | null): NewTicketItem | undefined {
  try {
    const item = JSON.parse(text ?? 'null') as NewTicketItem | null;
    return item?.client_id && item.topic ? item : undefined;
  } catch {
    return undefined;
  }
}
