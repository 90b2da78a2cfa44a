import { createDeskClient, type DeskClient } from '../../../client/client.ts';
import { createIndexedBlobs } from '../../../client/indexed-blobs.ts';
import { pendingId } from '../../../client/new-tickets.ts';
import { createLocalStorage } from '../../../client/storage.ts';
import type { MessageView } from '../../../src/contract/messages.ts';
import type { TicketView } from '../../../src/contract/tickets.ts';
import type { ChatEvents } from '../shared/options.ts';
import { BLANK, Conversation } from './conversation.ts';
import { Draft } from './draft.ts';
import { GoneTickets } from './gone-tickets.ts';
import type { Person } from './identity.ts';
import { Keeper, ofTab, shared } from './keeper.ts';
import { Listeners, type Observable } from './listeners.ts';
import { Previews } from './previews.ts';
import { findGone, TicketList } from './ticket-list.ts';
import { TicketStates } from './ticket-state.ts';

const TYPING_MS = 6000;
/** Some views of messages: a conversation is there sooner, and what is above comes when it is scrolled to. */
const FIRST_PAGE = 100;

export interface SessionOptions {
  person: Person;
  url: string;
  getToken: () => Promise<string>;
  /** What staff are told of where a conversation begins. */
  getContext(): Record<string, string> | undefined;
  emit<N extends keyof ChatEvents>(name: N, detail?: ChatEvents[N]): void;
  /** A message of somebody else has come. */
  onMessage(message: MessageView): void;
  onFailed(): void;
  onSignedOut(): void;
}

/** The chat of one person: a client, the tickets, and which of them is shown. */
export class Session implements Observable {
  readonly person: Person;
  readonly kept: Keeper;
  readonly client: DeskClient;
  readonly states: TicketStates;
  readonly previews: Previews;
  readonly onChange: Observable['onChange'];
  readonly tell: () => void;
  readonly list: TicketList;
  readonly gone: GoneTickets;
  /** What is written on the blank page, shown or not. */
  readonly blank: Draft;
  /** What is shown; undefined is the list. */
  current: Conversation | undefined;
  #typing: { ticketId: string; name: string } | undefined;
  #endTyping: ReturnType<typeof setTimeout> | undefined;
  readonly #options: SessionOptions;
  readonly #listeners = new Listeners();

  constructor(options: SessionOptions) {
    const { person, url, getToken } = options;
    this.#options = options;
    this.person = person;
    this.onChange = this.#listeners.add;
    this.tell = this.#listeners.tell;
    this.kept = new Keeper(person.key);
    this.states = new TicketStates(this.kept);
    const blobs = createIndexedBlobs(this.kept.databaseName());
    const storage = createLocalStorage(this.kept.namespace, shared, blobs);
    this.client = createDeskClient({ url, getToken, storage, newest: FIRST_PAGE });
    this.list = new TicketList(this.client, this.tell);
    this.gone = new GoneTickets(this, storage);
    this.blank = new Draft(this.kept, blobs, BLANK);
    this.previews = new Previews(this.client.blobs, this.tell);
    this.#listen();
    this.client.connect();
    const place = ofTab.getItem(this.#placeKey);
    if (place) this.show(place);
  }

  get tickets(): TicketView[] | undefined {
    return this.list.all;
  }

  /** What a conversation that begins now is opened with. */
  get context(): Record<string, string> | undefined {
    return this.#options.getContext();
  }

  /** This machine's time as the server has it, as far as that is known. */
  serverTime(now: number): number {
    return now + (this.kept.get<number>('clock') ?? 0);
  }

  /** The server has said what time it is. */
  learnTime(serverNow: number): void {
    this.kept.set('clock', serverNow - Date.now());
  }

  get #placeKey(): string {
    return `${this.kept.namespace}/place`;
  }

  /** Who of the staff is writing in the conversation that is shown. */
  get typing(): string | undefined {
    return this.#typing?.ticketId === this.current?.id ? this.#typing?.name : undefined;
  }

  /** The list, or a conversation. */
  show(id: string | undefined): void {
    if (this.current && this.current.id === id) return;
    this.gone.leave(this.current?.id, id);
    this.current?.release();
    this.current = id === undefined ? undefined : new Conversation(this, id);
    try {
      if (id === undefined) ofTab.removeItem(this.#placeKey);
      else ofTab.setItem(this.#placeKey, id);
    } catch {
      // A reload then begins with the list.
    }
    this.tell();
  }

  /** Something of this user was stored by another tab. */
  onStored(key: string): void {
    const name = key.slice(this.kept.namespace.length + 1);
    if (name.startsWith('tickets')) this.states.reload();
    else if (name === `draft/${BLANK}`) this.blank.reload();
    else if (name.startsWith('draft/')) this.current?.draft.reload();
    else if (/^(outbox|newticket|made)\//.test(name)) void this.client.refresh();
    else return;
    this.tell();
  }

  close(): void {
    this.current?.release();
    clearTimeout(this.#endTyping);
    this.previews.close();
    this.kept.close();
    this.client.close();
  }

  #listen(): void {
    const { client } = this;
    const { emit, onFailed, onSignedOut } = this.#options;
    client.on('connection', ({ state }) => {
      emit('connection', { state });
      if (state === 'online') void this.#load();
      this.tell();
    });
    client.on('auth_required', onSignedOut);
    client.on('ticket_created', (ticket) => this.list.put(ticket));
    client.on('ticket_updated', (ticket) => this.list.put(ticket));
    client.on('ticket_closed', (ticket) => {
      this.list.put(ticket);
      emit('ticket:closed', { ticketId: ticket.id });
    });
    client.on('ticket_closing', ({ ticket_id, due_at }) => this.list.setClosing(ticket_id, due_at));
    client.on('ticket_deleted', ({ ticket_id }) => this.gone.add(ticket_id));
    client.on('message', (message) => this.#receive(message));
    client.on('edit_message', (message) => this.#note(message));
    client.on('delete_message', ({ ticket_id, seq }) => {
      this.states.read(ticket_id, (one) => one === seq);
      this.tell();
    });
    client.on('typing', ({ ticket_id, user_id, username }) => {
      if (user_id !== this.person.id) this.#startTyping(ticket_id, username);
    });
    client.on('read', ({ ticket_id, user_id, seq }) => {
      if (user_id === this.person.id) this.states.read(ticket_id, (one) => one <= seq);
      else this.states.raise(ticket_id, 'seen', seq);
      this.tell();
    });
    client.on('delivered', ({ ticket_id, seq }) => {
      this.states.raise(ticket_id, 'delivered', seq);
      this.tell();
    });
    client.on('outbox', ({ item, state, message }) => {
      const ticketId = item.ticket_id;
      if (state === 'sent' && message) {
        this.#note(message);
        emit('message:sent', { ticketId, messageId: message.id });
      }
      if (state === 'failed') {
        if (item.reason?.code === 'NOT_FOUND') this.gone.add(ticketId);
        emit('message:failed', { ticketId, reason: item.reason?.code ?? '' });
        onFailed();
      }
      this.tell();
    });
    this.#listenToNewTickets();
  }

  #listenToNewTickets(): void {
    this.client.on('new_ticket', ({ item, state, ticketId, ticket }) => {
      const id = pendingId(item.client_id);
      if (ticket) this.list.put(ticket);
      if (state === 'created' && ticketId) {
        if (this.current?.id === id) this.#becomes(ticketId);
        this.#options.emit('ticket:created', { ticketId });
      }
      if (state === 'discarded' && this.current?.id === id) this.show(undefined);
      if (state === 'failed') this.#options.onFailed();
      this.tell();
    });
  }

  /** A conversation that was on its way has a ticket now: what is being written goes with it. */
  #becomes(ticketId: string): void {
    const { text, files } = this.current?.draft.take() ?? { text: '', files: [] };
    this.show(ticketId);
    if (text || files.length > 0) this.current?.draft.change({ text, files });
  }

  #receive(message: MessageView): void {
    const { ticket_id, author_id, seq } = message;
    this.#note(message);
    if (author_id !== this.person.id) {
      this.#typing = undefined;
      // Whoever answers has read what was written before.
      this.states.raise(ticket_id, 'seen', seq - 1);
      this.states.receive(ticket_id, seq);
      this.#options.emit('message:received', { ticketId: ticket_id, messageId: message.id });
      this.#options.onMessage(message);
    }
    this.tell();
  }

  #note({ ticket_id, author_id, content, files, seq }: MessageView): void {
    const text = content || files.map(({ name }) => name).join(', ');
    this.states.say(ticket_id, text, author_id === this.person.id, seq);
    this.tell();
  }

  async #load(): Promise<void> {
    try {
      const known = this.gone.heardOf();
      const tickets = await this.list.load();
      for (const id of findGone(known, tickets)) this.gone.add(id);
      // Who has never written begins with the blank page instead of an empty list.
      const isEmpty = tickets.length === 0 && this.client.newTickets.length === 0;
      if (isEmpty && !this.current) this.show(BLANK);
    } catch {
      // The next connection asks again.
    }
  }

  #startTyping(ticketId: string, name: string): void {
    this.#typing = { ticketId, name };
    clearTimeout(this.#endTyping);
    this.#endTyping = setTimeout(() => {
      this.#typing = undefined;
      this.tell();
    }, TYPING_MS);
    this.tell();
  }
}
