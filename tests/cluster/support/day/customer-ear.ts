import { io, type Socket } from 'socket.io-client';
import type { MessageView } from '../../../../src/contract/messages.ts';
import type { Heard, Line } from './evidence.ts';

export function lineOf({ id, content, files, reactions }: MessageView): Line {
  return {
    id,
    word: content,
    files: files.map(({ name }) => name),
    reactions: reactions.map(({ emoji, count }) => `${emoji}×${count}`).sort(),
  };
}

/** A customer's client: one cursor, `sync` after every connection, live events from there on. */
export class CustomerEar {
  readonly heard: Heard[] = [];
  readonly slips: string[] = [];
  readonly socket: Socket;
  readonly #ticketId: string;
  #cursor = 0;
  /** Live events wait: from a disconnection on, since they may come before `authorized` does. */
  #syncing = true;
  #reading = false;
  #again = false;
  #held: Heard[] = [];

  constructor(url: string, token: string, ticketId: string) {
    this.#ticketId = ticketId;
    this.socket = io(url, {
      ...{ transports: ['websocket'], forceNew: true, auth: { token } },
      ...{ reconnectionDelay: 50, reconnectionDelayMax: 300 },
    });
    this.socket.on('disconnect', () => {
      this.#syncing = true;
    });
    this.socket.on('authorized', () => void this.#sync());
    this.socket.on('resync', () => void this.#sync());
    for (const name of ['message', 'edit_message', 'delete_message', 'reaction']) {
      this.socket.on(name, (view: MessageView) => {
        if (view.ticket_id === ticketId) this.#hear(eventOf(view));
      });
    }
    for (const name of ['ticket_updated', 'ticket_closed']) {
      this.socket.on(name, ({ id, last_seq }: { id: string; last_seq: number }) => {
        if (id === ticketId) this.#hear({ rev: last_seq });
      });
    }
  }

  get cursor(): number {
    return this.#cursor;
  }

  /** Cut as by a bad line; it comes back by itself. */
  cut(): void {
    this.socket.io.engine?.close();
  }

  #hear(event: Heard): void {
    if (this.#syncing) this.#held.push(event);
    else this.#apply(event);
  }

  #apply(event: Heard): void {
    if (event.rev <= this.#cursor) return;
    if (event.rev > this.#cursor + 1) {
      this.slips.push(`${event.rev} came live after ${this.#cursor}`);
      void this.#sync();
      return;
    }
    this.heard.push(event);
    this.#cursor = event.rev;
  }

  async #sync(): Promise<void> {
    this.#syncing = true;
    this.#again = true;
    if (this.#reading) return;
    this.#reading = true;
    while (this.#again) {
      this.#again = false;
      try {
        await this.#readOn();
      } catch {
        // Where it was asked again meanwhile, that is over a new connection.
        if (this.#again) continue;
        this.#reading = false;
        return this.cut();
      }
    }
    this.#reading = false;
    this.#syncing = !this.socket.connected;
    for (const event of this.#held.splice(0)) this.#hear(event);
  }

  async #readOn(): Promise<void> {
    for (let more = true; more; ) {
      const after = this.#cursor;
      const body = { ticket_id: this.#ticketId, after };
      const page = await this.socket.timeout(5000).emitWithAck('sync', body);
      if (!page.ok) throw new Error(page.message);
      for (const row of page.messages as MessageView[]) {
        this.heard.push({ ...eventOf(row), synced: true });
        this.#cursor = row.rev;
      }
      more = page.more;
      if (!more) this.#cursor = Math.max(this.#cursor, page.head);
    }
  }
}

function eventOf(view: MessageView): Heard {
  return { rev: view.rev, id: view.id, line: view.deleted ? null : lineOf(view) };
}
