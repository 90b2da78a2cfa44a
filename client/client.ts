import type { AuthorizeAck } from '../src/contract/events.ts';
import type { UserView } from '../src/contract/identity.ts';
import type { FileView, MessageView } from '../src/contract/messages.ts';
import type { TicketView } from '../src/contract/tickets.ts';
import { Calls, type NewTicket, type TicketQuery } from './calls.ts';
import { systemClock } from './clock.ts';
import { Connection, type ConnectionState, type ServerEventName } from './connection.ts';
import { type Cursors, createCursors } from './cursors.ts';
import { Emitter } from './emitter.ts';
import { DeskError, toDeskError } from './errors.ts';
import { Feed } from './feed.ts';
import { newId } from './ids.ts';
import { OpenTicket } from './open-ticket.ts';
import type { DeskClientOptions, DeskEvents } from './options.ts';
import { Outbox, type OutboxChange, type Sending } from './outbox.ts';
import type { OutboxItem } from './outbox-item.ts';
import { Rest } from './rest.ts';
import { createMemoryStorage } from './storage.ts';
import type { LogEvent } from './ticket-log.ts';
import { Tokens } from './tokens.ts';

/**
 * A client of one user, for browsers and Node. What is sent is stored first and tried until the
 * server has it; what happens is told once and in order, however often the connection breaks.
 */
export class DeskClient {
  /** The tickets of the user, or for staff everybody's. */
  readonly tickets = {
    /** Newest first, at most 100. */
    list: (query: TicketQuery = {}): Promise<TicketView[]> => this.#calls.listTickets(query),
    create: (body: NewTicket): Promise<TicketView> => this.#calls.createTicket(body),
    get: (id: string): Promise<TicketView> => this.#calls.getTicket(id),
  };

  readonly #emitter: Emitter<DeskEvents>;
  readonly #calls: Calls;
  readonly #connection: Connection;
  readonly #feed: Feed;
  readonly #outbox: Outbox;
  readonly #cursors: Cursors;
  readonly #onError: (error: DeskError) => void;
  /** Resolves when what an earlier client has left is known. */
  readonly #restored: Promise<void>;
  #user: UserView | undefined;
  #wanted = false;
  #signInAsked = false;

  /** @internal use `createDeskClient` */
  constructor(options: DeskClientOptions) {
    const { clock = systemClock, random = Math.random } = options;
    const storage = options.storage ?? createMemoryStorage();
    this.#emitter = new Emitter((thrown) => options.onError?.(toDeskError(thrown, 'CLIENT')));
    this.#onError = (error) => {
      options.onError?.(error);
      this.#emitter.emit('error', error);
    };
    const { connection, rest } = this.#createLinks(options);
    const timing = { clock, random };
    this.#connection = connection;
    this.#calls = new Calls({ connection, rest, ...timing });
    this.#cursors = createCursors(storage, this.#onError);
    this.#outbox = new Outbox({
      ...{ storage, ...timing, newId, onError: this.#onError },
      send: (item) => this.#calls.send(item),
      onChange: (change) => this.#onOutbox(change),
    });
    this.#feed = this.#createFeed(timing);
    this.#restored = this.#restore();
  }

  /** Known once a socket has been authorised. */
  get user(): UserView | undefined {
    return this.#user;
  }

  get connection(): ConnectionState {
    return this.#connection.state;
  }

  /** @returns a function that ends it */
  on<N extends keyof DeskEvents>(name: N, listener: (data: DeskEvents[N]) => void): () => void {
    return this.#emitter.on(name, listener);
  }

  /** Connects and stays connected until `close`. Called again while it waits, it tries at once. */
  connect(): void {
    this.#wanted = true;
    this.#signInAsked = false;
    void this.#restored.then(() => {
      if (!this.#wanted) return;
      this.#connection.open();
      this.#outbox.wake();
    });
  }

  /** Ends everything. What is not yet accepted stays in the storage for the next client. */
  close(): void {
    this.#wanted = false;
    this.#outbox.close();
    this.#feed.close();
    this.#connection.close();
  }

  /** Keeps a ticket's messages at hand until its `release`. */
  openTicket(id: string): OpenTicket {
    return new OpenTicket(this.#feed.open(id), this.#feed, this.#outbox, this);
  }

  /** What waits to be accepted, or was refused, in the order it was written. */
  outbox(ticketId: string): OutboxItem[] {
    return this.#outbox.items(ticketId);
  }

  /**
   * Stores a message and sends it until the server has accepted or refused it.
   * @param options.attachments what `upload` has answered for this ticket, at most ten
   */
  send(
    ticketId: string,
    content: string,
    { attachments = [] }: { attachments?: readonly FileView[] } = {},
  ): Sending {
    return this.#outbox.add(ticketId, content, attachments);
  }

  /** Replaces the text of an own message. @throws DeskError */
  async edit(ticketId: string, messageId: string, content: string): Promise<MessageView> {
    const message = await this.#calls.edit(ticketId, messageId, content);
    this.#feed.show(message);
    return message;
  }

  /** Deletes an own message, as staff any. @throws DeskError */
  async remove(ticketId: string, messageId: string): Promise<MessageView> {
    const message = await this.#calls.remove(ticketId, messageId);
    this.#feed.show(message);
    return message;
  }

  /** @throws DeskError */
  closeTicket(ticketId: string, reason?: string): Promise<TicketView> {
    return this.#calls.closeTicket(ticketId, reason);
  }

  /** Stores a file for a message of this ticket, at most 10 MiB. @throws DeskError */
  upload(ticketId: string, file: Blob, name?: string): Promise<FileView> {
    const own = 'name' in file && typeof file.name === 'string' ? file.name : 'file';
    return this.#calls.upload(ticketId, file, name ?? own);
  }

  /** Says that the user is writing; may be called with every key, told every 3 s. */
  typing(ticketId: string): void {
    this.#calls.typing(ticketId);
  }

  /** Says that the user has read up to `seq`. */
  read(ticketId: string, seq: number): void {
    this.#calls.read(ticketId, seq);
  }

  #createLinks(options: DeskClientOptions): { connection: Connection; rest: Rest } {
    const { timeout = 10_000, clock = systemClock, random = Math.random } = options;
    const url = options.url.replace(/\/+$/, '');
    const tokens = new Tokens(options.getToken);
    const onAuthRequired = (error: DeskError) => {
      if (!this.#signInAsked) this.#emitter.emit('auth_required', error);
      this.#signInAsked = true;
    };
    const fetch = options.fetch ?? globalThis.fetch.bind(globalThis);
    const rest = new Rest({ url, tokens, fetch, timeout, onAuthRequired });
    const connection = new Connection({
      ...{ url, tokens, timeout, clock, random, onAuthRequired, onError: this.#onError },
      transports: options.transports ?? ['websocket', 'polling'],
      onOnline: (ack) => this.#online(ack),
      onEvent: (name, data) => this.#accept(name, data),
      onState: (state) => this.#emitter.emit('connection', state),
    });
    return { connection, rest };
  }

  #createFeed(timing: Pick<Required<DeskClientOptions>, 'clock' | 'random'>): Feed {
    return new Feed({
      ...timing,
      source: {
        online: () => this.#connection.online,
        ready: () => this.#restored,
        sync: (ticketId, after) => this.#calls.sync(ticketId, after),
        readTicket: (ticketId) => this.#calls.getTicket(ticketId),
        readNewest: (ticketId, before) => this.#calls.readNewest(ticketId, before),
      },
      onEvent: (event) => this.#tell(event),
      onCreated: (ticket) => this.#emitter.emit('ticket_created', ticket),
      onReset: (ticket_id) => this.#emitter.emit('reset', { ticket_id }),
      onCursor: (ticketId, cursor) => this.#cursors.save(ticketId, cursor),
    });
  }

  async #restore(): Promise<void> {
    try {
      const cursors = await this.#cursors.load();
      for (const [ticketId, cursor] of cursors) this.#feed.restore(ticketId, cursor);
      await this.#outbox.restore();
    } catch (thrown) {
      this.#onError(toDeskError(thrown, 'CLIENT'));
    }
  }

  #online(ack: AuthorizeAck): void {
    this.#user = ack.user;
    this.#signInAsked = false;
    this.#feed.online(ack);
    // Another tab may be gone and have left something.
    this.#outbox.restore().catch((thrown) => this.#onError(toDeskError(thrown, 'CLIENT')));
    this.#outbox.wake();
  }

  #accept(name: ServerEventName, data: never): void {
    if (name === 'typing' || name === 'read') this.#emitter.emit(name, data);
    else if (name === 'error') {
      const { error, message } = data as { error: DeskError['code']; message: string };
      this.#onError(new DeskError(error, message));
    } else this.#feed.accept(name, data);
  }

  #tell(event: LogEvent): void {
    if ('ticket' in event) return void this.#emitter.emit(event.name, event.ticket);
    this.#outbox.note(event.message);
    this.#emitter.emit(event.name, event.message);
  }

  #onOutbox(change: OutboxChange): void {
    if (change.message) this.#feed.show(change.message);
    this.#feed.changed(change.item.ticket_id);
    this.#emitter.emit('outbox', change);
  }
}

/** Makes a client; nothing is asked of the server before `connect` or the first call. */
export function createDeskClient(options: DeskClientOptions): DeskClient {
  return new DeskClient(options);
}
