import type { FileView, MessageView } from '../src/contract/messages.ts';
import type { TicketView } from '../src/contract/tickets.ts';
import type { DeskError } from './errors.ts';
import type { Feed } from './feed.ts';
import type { Outbox, Sending } from './outbox.ts';
import type { LocalFile, OutboxItem } from './outbox-item.ts';
import type { Track } from './track.ts';

/**
 * A message as a list shows it. `key` stays the same from the first moment of an own message to its
 * last edit.
 */
export type ShownMessage =
  | { key: string; state: 'sent'; message: MessageView }
  | { key: string; state: 'sending' | 'failed'; item: OutboxItem };

/** What goes with a message: files the server has, files it is still to get, and what it answers. */
export interface SendOptions {
  attachments?: readonly FileView[];
  uploads?: readonly LocalFile[];
  /** The id of the message of the same ticket that this one answers. */
  reply_to?: string | undefined;
}

/** The calls of the client an open ticket stands for. */
export interface TicketActions {
  send(ticketId: string, content: string, options?: SendOptions): Sending;
  edit(ticketId: string, messageId: string, content: string): Promise<MessageView>;
  remove(ticketId: string, messageId: string): Promise<MessageView>;
  closeTicket(ticketId: string, reason?: string): Promise<TicketView>;
  upload(ticketId: string, file: Blob, name?: string): Promise<FileView>;
  typing(ticketId: string): void;
  read(ticketId: string, seq: number): void;
}

/** One ticket as a person looks at it, kept up to date until `release`. */
export class OpenTicket {
  readonly id: string;
  readonly #track: Track;
  readonly #feed: Feed;
  readonly #outbox: Outbox;
  readonly #actions: TicketActions;
  #drawn:
    | { rows: readonly MessageView[]; items: readonly OutboxItem[]; shown: ShownMessage[] }
    | undefined;
  #released = false;

  /** @internal made by `DeskClient.openTicket` */
  constructor(track: Track, feed: Feed, outbox: Outbox, actions: TicketActions) {
    this.id = track.id;
    this.#track = track;
    this.#feed = feed;
    this.#outbox = outbox;
    this.#actions = actions;
  }

  /** Undefined until it is loaded. */
  get ticket(): TicketView | undefined {
    return this.#track.ticket;
  }

  /** True once the newest messages are there. */
  get loaded(): boolean {
    return this.#track.rows.loaded;
  }

  /** Why it cannot be shown: it is not there, or somebody else's. */
  get refusal(): DeskError | undefined {
    return this.#track.refusal;
  }

  /** True where `loadOlder` brings more. */
  get hasOlder(): boolean {
    return this.#track.rows.hasOlder;
  }

  /** The last change told to listeners; undefined until it is loaded. */
  get cursor(): number | undefined {
    return this.#track.log.cursor;
  }

  /**
   * All up to this `seq` stands where staff read it in Discord, 0 being the description; undefined where
   * nothing does, or there is no Discord. For its customer.
   */
  get delivered(): number | undefined {
    return this.#track.delivered;
  }

  /**
   * What is stored in order of `seq`, and behind it what is on its way, in the order it was written. The
   * same array as long as nothing of it has changed.
   */
  get messages(): ShownMessage[] {
    const rows = this.#track.rows.all;
    const items = this.#outbox.items(this.id);
    const isSame =
      rows === this.#drawn?.rows &&
      items.length === this.#drawn.items.length &&
      items.every((item, index) => item === this.#drawn?.items[index]);
    if (!isSame || !this.#drawn) this.#drawn = { rows, items, shown: this.#draw(items) };
    return this.#drawn.shown;
  }

  #draw(items: readonly OutboxItem[]): ShownMessage[] {
    const shown: ShownMessage[] = this.#track.rows.all.map((message) => {
      return { key: message.client_id ?? message.id, state: 'sent', message };
    });
    const keys = new Set(shown.map(({ key }) => key));
    for (const item of items) {
      if (keys.has(item.client_id)) continue;
      shown.push({ key: item.client_id, state: item.state, item });
    }
    return shown;
  }

  /** Calls `listener` whenever something of it has changed. @returns a function that ends it */
  onChange(listener: () => void): () => void {
    this.#track.listeners.add(listener);
    return () => void this.#track.listeners.delete(listener);
  }

  /** Resolves when the newest messages are there. @throws DeskError when the ticket is refused */
  ready(): Promise<void> {
    return new Promise((resolve, reject) => {
      const check = () => {
        if (!this.loaded && !this.refusal) return;
        end();
        if (this.refusal) reject(this.refusal);
        else resolve();
      };
      const end = this.onChange(check);
      check();
    });
  }

  /** Puts the page above the first message in front. */
  loadOlder(): Promise<void> {
    return this.#feed.loadOlder(this.#track);
  }

  /** Lets go of all but the newest `count` messages, which may be many after hours; `loadOlder` brings them again. */
  keepNewest(count: number): void {
    if (this.#track.rows.keepNewest(count)) this.#feed.changed(this.id);
  }

  send(content: string, options: SendOptions = {}): Sending {
    return this.#actions.send(this.id, content, options);
  }

  edit(messageId: string, content: string): Promise<MessageView> {
    return this.#actions.edit(this.id, messageId, content);
  }

  remove(messageId: string): Promise<MessageView> {
    return this.#actions.remove(this.id, messageId);
  }

  close(reason?: string): Promise<TicketView> {
    return this.#actions.closeTicket(this.id, reason);
  }

  upload(file: Blob, name?: string): Promise<FileView> {
    return this.#actions.upload(this.id, file, name);
  }

  typing(): void {
    this.#actions.typing(this.id);
  }

  /** Says that everything shown has been read. */
  read(): void {
    const last = this.#track.rows.all.at(-1);
    if (last) this.#actions.read(this.id, last.seq);
  }

  /** Tries a failed message again. */
  retry(clientId: string): void {
    this.#outbox.retry(this.id, clientId);
  }

  /** Takes a failed message away. */
  discard(clientId: string): void {
    this.#outbox.discard(this.id, clientId);
  }

  /** Keeps the messages no longer. Events of the ticket go on. */
  release(): void {
    if (this.#released) return;
    this.#released = true;
    this.#feed.release(this.#track);
  }
}
