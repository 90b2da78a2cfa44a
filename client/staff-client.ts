import type { AuthorizeAck } from '../src/contract/events.ts';
import type { MessageView } from '../src/contract/messages.ts';
import { DeskClient } from './client.ts';
import type { ServerEventName } from './connection.ts';
import { toDeskError } from './errors.ts';
import { newId } from './ids.ts';
import { createNoteCalls, type NotesPage } from './note-calls.ts';
import { NotesFeed } from './notes-feed.ts';
import type { SendOptions } from './open-ticket.ts';
import type { DeskClientOptions } from './options.ts';
import { Outbox, type Sending } from './outbox.ts';
import { NOTES_PREFIX, type OutboxItem } from './outbox-item.ts';

/** The notes of one ticket, followed through lost connections until `release`. */
export interface Notes {
  /** The newest ones, or those below `before` (a `seq`), oldest first. @throws DeskError */
  list(query?: { before?: number; limit?: number }): Promise<NotesPage>;
  /** Stores a note and sends it until the server has accepted or refused it. */
  send(content: string, options?: SendOptions): Sending;
  /** Replaces the text of an own note. @throws DeskError */
  edit(noteId: string, content: string): Promise<MessageView>;
  /** @throws DeskError */
  remove(noteId: string): Promise<MessageView>;
  /** What waits to be accepted, or was refused, in the order it was written. */
  readonly outbox: OutboxItem[];
  /** Tries a refused note again. */
  retry(clientId: string): void;
  /** Takes a refused note away. */
  discard(clientId: string): void;
  release(): void;
}

/**
 * A client of somebody of the staff: all that `DeskClient` is, and the notes of tickets. What happens
 * to them is told by the events `note`, `edit_note`, `delete_note` and `desk_event`.
 */
export class StaffClient extends DeskClient {
  readonly #calls: ReturnType<typeof createNoteCalls>;
  readonly #notes: Outbox;
  readonly #feed: NotesFeed;

  /** @internal use `createStaffClient` */
  constructor(options: DeskClientOptions) {
    super(options);
    const { connection, emitter, storage, clock, random, onError } = this.parts;
    this.#calls = createNoteCalls(this.parts);
    this.#notes = new Outbox({
      ...{ storage, clock, random, newId, onError, prefix: NOTES_PREFIX },
      send: (item) => this.#calls.send(item),
      upload: (ticketId, file, name, watch) => this.upload(ticketId, file, name, watch),
      onChange: (change) => emitter.emit('notes_outbox', change),
    });
    this.#feed = new NotesFeed({
      ...{ clock, random },
      online: () => connection.online,
      sync: (ticketId, after) => this.#calls.sync(ticketId, after),
      onEvent: ({ name, data }) => {
        if (name !== 'desk_event') this.#notes.note(data);
        emitter.emit(name, data as never);
      },
    });
  }

  /** The notes of a ticket. */
  notes(ticketId: string): Notes {
    const release = this.#feed.follow(ticketId);
    const outbox = this.#notes;
    return {
      list: async (query = {}) => {
        const page = await this.#calls.list(ticketId, query);
        this.#feed.learn(ticketId, page.head);
        return page;
      },
      send: (content, options) => outbox.add(ticketId, content, options),
      edit: (noteId, content) => this.#calls.edit(ticketId, noteId, content),
      remove: (noteId) => this.#calls.remove(ticketId, noteId),
      get outbox() {
        return outbox.items(ticketId);
      },
      retry: (clientId) => outbox.retry(ticketId, clientId),
      discard: (clientId) => outbox.discard(ticketId, clientId),
      release,
    };
  }

  override async refresh(): Promise<void> {
    await super.refresh();
    try {
      await this.#notes.restore();
    } catch (thrown) {
      this.parts.onError(toDeskError(thrown, 'CLIENT'));
    }
  }

  override close(): void {
    super.close();
    this.#notes.close();
    this.#feed.close();
  }

  protected override wentOnline(_ack: AuthorizeAck): void {
    this.#feed.online();
    this.#notes.wake();
  }

  protected override heard(name: ServerEventName, data: never): void {
    this.#feed.accept(name, data);
  }
}

/** Makes a client for staff; nothing is asked of the server before `connect` or the first call. */
export function createStaffClient(options: DeskClientOptions): StaffClient {
  return new StaffClient(options);
}
