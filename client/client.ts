import type { AuthorizeAck } from '../src/contract/events.ts';
import type { UserView } from '../src/contract/identity.ts';
import type { FileView, MessageView } from '../src/contract/messages.ts';
import type { TicketView } from '../src/contract/tickets.ts';
import { Calls } from './calls.ts';
import { systemClock } from './clock.ts';
import { Connection, type ConnectionState, type ServerEventName } from './connection.ts';
import { type Cursors, createCursors } from './cursors.ts';
import { Emitter } from './emitter.ts';
import { DeskError, toDeskError } from './errors.ts';
import { Feed } from './feed.ts';
import { newId } from './ids.ts';
import {
  isPending,
  type NewTicketChange,
  type NewTicketFields,
  type NewTicketItem,
  NewTickets,
  pendingId,
  type Starting,
} from './new-tickets.ts';
import { OpenTicket, type SendOptions } from './open-ticket.ts';
import type { DeskClientOptions, DeskEvents } from './options.ts';
import { Outbox, type OutboxChange, type Sending } from './outbox.ts';
import type { OutboxItem } from './outbox-item.ts';
import { Rest } from './rest.ts';
import { type BlobStore, createMemoryStorage, type OutboxStorage } from './storage.ts';
import type { LogEvent } from './ticket-log.ts';
import { createTicketVerbs, type TicketVerbs } from './ticket-verbs.ts';
import { Tokens } from './tokens.ts';
import type { UploadWatch } from './upload.ts';
import { createVerbs, type Verb } from './verbs.ts';

/** What a client for more than a customer's calls is built on. */
export interface ClientParts extends Pick<Required<DeskClientOptions>, 'clock' | 'random'> {
  emitter: Emitter<DeskEvents>;
  connection: Connection;
  rest: Rest;
  storage: OutboxStorage;
  onError: (error: DeskError) => void;
}

/**
 * A client of one user, for browsers and Node. What is sent is stored first and tried until the
 * server has it; what happens is told once and in order, however often the connection breaks.
 */
export class DeskClient {
  /** The tickets of the user, or for staff everybody's, and what may be done with them. */
  readonly tickets: TicketVerbs;
  /** Working hours, whether somebody is there, and how long an answer usually takes. @throws DeskError */
  readonly availability: Verb<'availability'>;

  /** For clients that are built on this one. */
  protected readonly parts: ClientParts;
  readonly #emitter: Emitter<DeskEvents>;
  readonly #calls: Calls;
  readonly #connection: Connection;
  readonly #feed: Feed;
  readonly #outbox: Outbox;
  readonly #newTickets: NewTickets;
  readonly #tokens: Tokens;
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
    this.#tokens = new Tokens(options.getToken, clock);
    const { connection, rest } = this.#createLinks(options);
    const timing = { clock, random };
    this.#connection = connection;
    const own = { emitter: this.#emitter, onError: this.#onError };
    this.parts = { ...own, connection, rest, storage, ...timing };
    this.#calls = new Calls({ connection, rest, ...timing, newest: options.newest });
    this.tickets = createTicketVerbs(this.#calls, rest);
    this.availability = createVerbs(rest).verb('availability', 'GET /availability');
    this.#cursors = createCursors(storage, this.#onError);
    this.#outbox = new Outbox({
      ...{ storage, ...timing, newId, onError: this.#onError },
      send: (item) => this.#calls.send(item),
      upload: (ticketId, file, name, watch) => this.#calls.upload(ticketId, file, name, watch),
      onChange: (change) => this.#onOutbox(change),
    });
    this.#newTickets = new NewTickets({
      ...{ storage, ...timing, newId, onError: this.#onError },
      create: (body) => this.#calls.createOnce(body),
      onChange: (change) => this.#onNewTicket(change),
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
      this.#newTickets.wake();
      this.#outbox.wake();
    });
  }

  /** Gives the socket up until `connect`: a page that is put aside may not keep one. */
  pause(): void {
    this.#connection.close();
  }

  /** Has the next request ask for a new token: whoever is signed in may have changed. */
  forgetToken(): void {
    this.#tokens.forget();
  }

  /**
   * After a sleep or a change of the network: makes sure that the socket is alive, and brings what
   * was missed. Another tab's unsent messages are taken up as well.
   */
  async catchUp(): Promise<void> {
    if (!this.#wanted) return;
    await this.refresh();
    if (this.#connection.online) await this.#connection.check();
    else this.connect();
  }

  /** Reads anew what other tabs have stored to be sent. */
  async refresh(): Promise<void> {
    try {
      await this.#newTickets.restore();
      await this.#outbox.restore();
      await this.#movePending();
    } catch (thrown) {
      this.#onError(toDeskError(thrown, 'CLIENT'));
    }
  }

  /** Ends everything. What is not yet accepted stays in the storage for the next client. */
  close(): void {
    this.#wanted = false;
    this.#newTickets.close();
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

  /** The tickets, pending ones among them, of which `outbox` has something. */
  get outboxTickets(): string[] {
    return this.#outbox.ticketIds;
  }

  /** Tickets that wait to be created, or were refused, oldest first. */
  get newTickets(): NewTicketItem[] {
    return this.#newTickets.items;
  }

  /** Where the files that `send` is to upload are put first, under keys of the caller's choice. */
  get blobs(): BlobStore {
    return this.#outbox.blobs;
  }

  /**
   * Stores a new ticket and asks for it until the server has it, offline and through reloads. What is
   * sent to its `pending_id` meanwhile follows.
   * @param more what else `tickets.create` takes, such as `context`
   */
  startTicket(topic: string, description: string, more?: NewTicketFields): Starting {
    return this.#newTickets.add(topic, description, more);
  }

  /** Tries a refused new ticket again. */
  retryTicket(clientId: string): void {
    this.#newTickets.retry(clientId);
  }

  /** Takes a refused new ticket away, with what was written for it. */
  discardTicket(clientId: string): void {
    this.#newTickets.discard(clientId);
  }

  /**
   * Stores a message and sends it until the server has accepted or refused it.
   * @param options.attachments what `upload` has answered for this ticket, at most ten
   * @param options.uploads files in `blobs` that are uploaded first, each try going on where it was
   * @param options.reply_to the id of the message it answers; left out where that has been deleted meanwhile
   */
  send(ticketId: string, content: string, options: SendOptions = {}): Sending {
    return this.#outbox.add(ticketId, content, options);
  }

  /** Calls a message off that has not left yet. @returns false where it may be on its way */
  cancel(ticketId: string, clientId: string): boolean {
    return this.#outbox.cancel(ticketId, clientId);
  }

  /** Tries a refused message again. */
  retry(ticketId: string, clientId: string): void {
    this.#outbox.retry(ticketId, clientId);
  }

  /** Takes a refused message away. */
  discard(ticketId: string, clientId: string): void {
    this.#outbox.discard(ticketId, clientId);
  }

  /** How much of a message's files has been uploaded, from 0 to 1, while they are. */
  progress(clientId: string): number | undefined {
    return this.#outbox.progress(clientId);
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
  upload(ticketId: string, file: Blob, name?: string, watch: UploadWatch = {}): Promise<FileView> {
    const own = 'name' in file && typeof file.name === 'string' ? file.name : 'file';
    return this.#calls.upload(ticketId, file, name ?? own, watch);
  }

  /** Says that the user is writing; may be called with every key, told every 3 s. */
  typing(ticketId: string): void {
    this.#calls.typing(ticketId);
  }

  /** Says that the user has read up to `seq`. */
  read(ticketId: string, seq: number): void {
    this.#calls.read(ticketId, seq);
  }

  /** A socket is authorised; told after all that this client does itself. */
  protected wentOnline(_ack: AuthorizeAck): void {}

  /** An event of the server has come; told before anything else is done with it. */
  protected heard(_name: ServerEventName, _data: never): void {}

  #createLinks(options: DeskClientOptions): { connection: Connection; rest: Rest } {
    const { timeout = 10_000, clock = systemClock, random = Math.random } = options;
    const url = options.url.replace(/\/+$/, '');
    const tokens = this.#tokens;
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
      onDelivered: (change) => this.#emitter.emit('delivered', change),
      onCreated: (ticket) => this.#emitter.emit('ticket_created', ticket),
      onReset: (ticket_id) => this.#emitter.emit('reset', { ticket_id }),
      onCursor: (ticketId, cursor) => this.#cursors.save(ticketId, cursor),
    });
  }

  async #restore(): Promise<void> {
    try {
      const cursors = await this.#cursors.load();
      for (const [ticketId, cursor] of cursors) this.#feed.restore(ticketId, cursor);
      await this.refresh();
    } catch (thrown) {
      this.#onError(toDeskError(thrown, 'CLIENT'));
    }
  }

  #online(ack: AuthorizeAck): void {
    this.#user = ack.user;
    this.#signInAsked = false;
    this.#feed.online(ack);
    // Another tab may be gone and have left something.
    void this.refresh();
    this.#newTickets.wake();
    this.#outbox.wake();
    this.wentOnline(ack);
  }

  #accept(name: ServerEventName, data: never): void {
    this.heard(name, data);
    if (name === 'typing' || name === 'read') this.#emitter.emit(name, data);
    else if (name === 'ticket_closing' || name === 'ticket_deleted') {
      this.#feed.accept(name, data);
      this.#emitter.emit(name, data);
    } else if (name === 'error') {
      const { error, message } = data as { error: DeskError['code']; message: string };
      this.#onError(new DeskError(error, message));
    } else this.#feed.accept(name, data);
  }

  #tell(event: LogEvent): void {
    if ('ticket' in event) return void this.#emitter.emit(event.name, event.ticket);
    this.#outbox.note(event.message);
    this.#emitter.emit(event.name, event.message);
  }

  #onNewTicket(change: NewTicketChange): void {
    const { item, state, ticketId } = change;
    const id = pendingId(item.client_id);
    if (state === 'created' && ticketId) this.#outbox.move(id, ticketId);
    if (state === 'discarded') {
      for (const { client_id } of this.#outbox.items(id)) this.#outbox.cancel(id, client_id);
    }
    this.#emitter.emit('new_ticket', change);
  }

  /** Messages that were stored for a ticket which another tab, or an earlier page, has created. */
  async #movePending(): Promise<void> {
    for (const id of this.#outbox.ticketIds.filter(isPending)) {
      const created = await this.#newTickets.findCreated(id);
      if (created) this.#outbox.move(id, created);
    }
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
