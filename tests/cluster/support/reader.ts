import { io, type Socket } from 'socket.io-client';
import type { MessageView } from '../../../src/contract/messages.ts';
import { logKey, type Stream } from '../../../src/domain/log/entry.ts';
import { eventually } from '../../support/eventually.ts';
import type { Reader as ReaderRecord, ReceivedEvent } from '../../support/history-checker.ts';
import { changeKey, keepReader } from './history.ts';
import type { Account, Urls } from './writer.ts';

export interface ReaderOptions {
  name: string;
  by: Account;
  ticketIds: readonly string[];
  /** Default: the public one. The internal one is for staff. */
  stream?: Stream;
  /** Where it connects to; each connection asks again. */
  where: Urls;
  random: () => number;
  /** It had everything up to here before, in every ticket. Default 0. */
  after?: number;
  /**
   * Takes the cursors of its first `authorize` for what it has, and asks for nothing: by the contract
   * every event after them comes on that socket.
   */
  fromCursors?: boolean;
}

function eventOf({ id, seq, rev, client_id, content, deleted }: MessageView): ReceivedEvent {
  if (rev === seq) return { seq, client_id: client_id ?? null, id };
  return { seq: rev, client_id: changeKey(id, deleted ? undefined : content), id };
}

/** A ticket as the reader follows it. */
interface Followed {
  cursor: number;
  events: ReceivedEvent[];
  snapshots: { after: number; head: number }[];
  /** When each entry was received, by seq. */
  times: Map<number, number>;
  syncing: boolean;
  held: ReceivedEvent[];
}

const liveEvents = {
  public: ['message', 'edit_message', 'delete_message'],
  internal: ['note', 'edit_note', 'delete_note'],
} as const;

/**
 * A client that does what the contract tells it to and nothing more: one cursor a ticket, `sync`
 * after every connection, live events from there on. What it keeps is what the checker judges; an
 * event that skips one, which the contract rules out unless `resync` was said, is a finding.
 */
export class Reader {
  readonly findings: string[] = [];
  connections = 0;
  restartsTold = 0;
  resyncs = 0;
  readonly #options: ReaderOptions;
  readonly #tickets = new Map<string, Followed>();
  readonly #stream: Stream;
  #after: number;
  #socket: Socket | undefined;
  #closed = false;

  constructor(options: ReaderOptions) {
    this.#options = options;
    this.#stream = options.stream ?? 'public';
    this.#after = options.after ?? 0;
    for (const id of options.ticketIds) {
      const cursor = options.after ?? 0;
      const empty = { events: [], snapshots: [], times: new Map(), held: [] };
      this.#tickets.set(id, { cursor, syncing: true, ...empty });
    }
    keepReader(this);
    this.#connect();
  }

  /** One record a ticket, for the checker. */
  records(): ReaderRecord[] {
    const { name } = this.#options;
    const after = this.#after;
    return [...this.#tickets].map(([ticketId, { events, snapshots }]) => ({
      name,
      ticket_id: logKey({ ticketId, stream: this.#stream }),
      events,
      snapshots,
      after,
    }));
  }

  cursor(ticketId: string): number {
    return this.#followed(ticketId).cursor;
  }

  /** When it received the entry with that seq. */
  receivedAt(ticketId: string, seq: number): number | undefined {
    return this.#followed(ticketId).times.get(seq);
  }

  /** Waits until it has got so far. */
  reaches(ticketId: string, seq: number, timeout = 15_000): Promise<void> {
    return eventually(
      () => {
        const { cursor } = this.#followed(ticketId);
        if (cursor < seq) throw new Error(`${this.#options.name} has ${cursor} of ${seq}`);
      },
      { timeout },
    );
  }

  get connected(): boolean {
    return this.#socket?.connected === true;
  }

  /** Waits until it is connected and has caught up. */
  live(timeout = 15_000): Promise<void> {
    return eventually(
      () => {
        const waiting = [...this.#tickets.values()].some(({ syncing }) => syncing);
        if (!this.connected || waiting) throw new Error(`${this.#options.name} is not live`);
      },
      { timeout },
    );
  }

  /** Cuts its connection; it comes back by itself. */
  cut(): void {
    this.#socket?.io.engine.close();
  }

  close(): void {
    this.#closed = true;
    this.#socket?.disconnect();
  }

  #followed(ticketId: string): Followed {
    const followed = this.#tickets.get(ticketId);
    if (!followed) throw new Error(`${this.#options.name} does not follow ${ticketId}`);
    return followed;
  }

  #again(): void {
    const over = this.#closed || this.#options.where.closed;
    if (!over) setTimeout(() => this.#connect(), 20 + this.#options.random() * 100).unref();
  }

  #connect(): void {
    const { where, random, by } = this.#options;
    if (this.#closed) return;
    const urls = where.urls();
    const url = urls[Math.floor(random() * urls.length)];
    if (!url) {
      this.#again();
      return;
    }
    const socket = io(url, {
      transports: ['websocket'],
      forceNew: true,
      reconnection: false,
      auth: { token: by.token },
      timeout: 3000,
    });
    this.#socket = socket;
    this.connections++;
    for (const followed of this.#tickets.values()) {
      followed.syncing = true;
      followed.held = [];
    }
    let over = false;
    const end = () => {
      if (over) return;
      over = true;
      socket.disconnect();
      this.#again();
    };
    socket.once('connect_error', end);
    socket.once('disconnect', end);
    socket.on('server_restarting', () => this.restartsTold++);
    socket.on('resync', ({ ticket_id, stream = 'public' }) => {
      if (stream !== this.#stream) return;
      this.resyncs++;
      const followed = this.#tickets.get(ticket_id);
      if (followed) void this.#sync(socket, ticket_id, followed);
    });
    socket.once('authorized', ({ cursors }: { cursors: Record<string, number> }) => {
      const trusting = this.#options.fromCursors && this.connections === 1;
      for (const [id, followed] of this.#tickets) {
        const given = cursors[id];
        if (!trusting || given === undefined) void this.#sync(socket, id, followed);
        else {
          this.#after = followed.cursor = given;
          this.#goLive(socket, id, followed);
        }
      }
    });
    for (const event of liveEvents[this.#stream]) {
      socket.on(event, (view) => this.#hear(socket, view));
    }
    if (this.#stream === 'internal') return;
    socket.on('ticket_closed', (view) => this.#hearStatus(socket, view));
    socket.on('ticket_updated', (view) => this.#hearStatus(socket, view));
  }

  #hear(socket: Socket, view: MessageView) {
    this.#take(socket, view.ticket_id, eventOf(view));
  }

  #hearStatus(socket: Socket, view: { id: string; last_seq: number }): void {
    this.#take(socket, view.id, { seq: view.last_seq, client_id: null });
  }

  #take(socket: Socket, ticketId: string, event: ReceivedEvent): void {
    const followed = this.#tickets.get(ticketId);
    if (!followed || socket !== this.#socket) return;
    if (followed.syncing) followed.held.push(event);
    else this.#apply(socket, ticketId, followed, event);
  }

  #apply(socket: Socket, ticketId: string, followed: Followed, event: ReceivedEvent): void {
    if (event.seq <= followed.cursor) return;
    if (event.seq > followed.cursor + 1) {
      const { name } = this.#options;
      this.findings.push(`${name} got ${event.seq} live after ${followed.cursor} in ${ticketId}`);
      void this.#sync(socket, ticketId, followed);
      return;
    }
    this.#keep(followed, event);
  }

  #keep(followed: Followed, event: ReceivedEvent): void {
    followed.events.push(event);
    followed.times.set(event.seq, performance.now());
    followed.cursor = event.seq;
  }

  async #sync(socket: Socket, ticketId: string, followed: Followed): Promise<void> {
    followed.syncing = true;
    try {
      for (let more = true; more; ) {
        const page = await socket.timeout(5000).emitWithAck('sync', {
          ticket_id: ticketId,
          after: followed.cursor,
          stream: this.#stream,
        });
        if (socket !== this.#socket || !socket.connected) return;
        if (!page.ok) throw new Error(page.message);
        followed.snapshots.push({ after: followed.cursor, head: page.head });
        for (const row of page.messages) {
          const { cursor } = followed;
          if (row.rev <= cursor) this.findings.push(`sync gave ${row.rev} at ${cursor}`);
          this.#keep(followed, eventOf(row));
        }
        more = page.more;
        if (!more) followed.cursor = Math.max(followed.cursor, page.head);
      }
    } catch {
      // Cut, timed out, or the database is away: a new connection asks again.
      if (socket === this.#socket) socket.io.engine?.close();
      return;
    }
    this.#goLive(socket, ticketId, followed);
  }

  #goLive(socket: Socket, ticketId: string, followed: Followed): void {
    followed.syncing = false;
    for (const event of followed.held.splice(0)) {
      if (followed.syncing) followed.held.push(event);
      else this.#apply(socket, ticketId, followed, event);
    }
  }
}
