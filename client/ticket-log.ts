import type { SyncAck } from '../src/contract/events.ts';
import type { MessageView } from '../src/contract/messages.ts';
import type { TicketView } from '../src/contract/tickets.ts';
import { isEnded } from './ended.ts';

/** One change of a ticket, as listeners hear it. */
export type LogEvent =
  | {
      name: 'message' | 'edit_message' | 'delete_message' | 'reaction';
      rev: number;
      message: MessageView;
    }
  | { name: 'ticket_updated' | 'ticket_closed'; rev: number; ticket: TicketView };

/** Events waiting behind a hole; what is beyond comes with the sync that fills it. */
const MAX_PARKED = 1000;

/** What is another with every message, or with every answer, or is not in all; the rest changes by entries. */
const moving: ReadonlySet<string> = new Set<keyof TicketView>([
  'updated_at',
  'last_seq',
  'last_internal_seq',
  'files',
  'closing_due_at',
]);

const standing = (ticket: TicketView) =>
  JSON.stringify(ticket, (name, value) => (moving.has(name) ? undefined : value));

/** A catch-up that has begun and has not yet reached the head. It survives a lost connection. */
interface CatchUp {
  /** The cursor it began at: what has a greater `seq` is new to the listeners. */
  base: number;
  /** Messages it has already told of. */
  told: Set<string>;
  /** How many entries of the log they stand for, at least. */
  entries: number;
}

/**
 * The order of one ticket: takes events as they come, late, double or with holes, and pages of
 * `sync`, and gives back each change once, in order of `rev`. Pure: it neither waits nor asks.
 */
export class TicketLog {
  /** The last change told; undefined until the ticket's place in the stream is known. */
  #cursor: number | undefined;
  /** The ticket as of the cursor, where known. */
  #ticket: TicketView | undefined;
  #target = 0;
  #held = false;
  #catchUp: CatchUp | undefined;
  readonly #parked = new Map<number, LogEvent>();

  constructor(cursor?: number) {
    this.#cursor = cursor;
  }

  get cursor(): number | undefined {
    return this.#cursor;
  }

  /** Where a client that starts anew must go on: nothing after it has been told completely. */
  get safeCursor(): number | undefined {
    return this.#catchUp?.base ?? this.#cursor;
  }

  get closed(): boolean {
    return this.#ticket !== undefined && isEnded(this.#ticket);
  }

  /** True where changes are known to exist that only a sync can bring. */
  get behind(): boolean {
    if (this.#held || this.#cursor === undefined) return false;
    return this.#catchUp !== undefined || this.#cursor < this.#target;
  }

  /** The log is known to reach `rev`. */
  expect(rev: number): void {
    this.#target = Math.max(this.#target, rev);
  }

  /** Where nothing is known yet, the stream begins after `rev`. */
  begin(rev: number): void {
    this.#cursor ??= rev;
  }

  /** The ticket as it is at its `last_seq`: where nothing is known yet, the stream begins there. */
  learn(ticket: TicketView): void {
    this.begin(ticket.last_seq);
    if (ticket.last_seq === this.#cursor) this.#ticket ??= ticket;
  }

  /** Keeps everything that comes until `release`. */
  hold(): void {
    this.#held = true;
  }

  release(): LogEvent[] {
    this.#held = false;
    if (this.#catchUp) return [];
    if (this.#parked.size > 0) this.begin(Math.min(...this.#parked.keys()) - 1);
    return this.#unpark();
  }

  /** Everything known is void: the server's log is another one. */
  reset(): void {
    this.#cursor = undefined;
    this.#ticket = undefined;
    this.#catchUp = undefined;
    this.#target = 0;
    this.#parked.clear();
  }

  /** Takes an event from the socket. @returns what can be told now */
  accept(event: LogEvent): LogEvent[] {
    if (this.#cursor !== undefined && event.rev <= this.#cursor) return [];
    this.expect(event.rev);
    if (this.#parked.size < MAX_PARKED) this.#parked.set(event.rev, event);
    if (this.#held || this.#catchUp) return [];
    this.#cursor ??= event.rev - 1;
    return this.#unpark();
  }

  /** Begins or goes on with a catch-up. @returns what to ask `sync` for */
  catchUp(): number {
    const cursor = this.#cursor ?? 0;
    this.#catchUp ??= { base: cursor, told: new Set(), entries: 0 };
    return cursor;
  }

  /** Takes a page. @returns what can be told now; `reset` where the log has been set back */
  page({ messages, ticket, head, more }: SyncAck): { events: LogEvent[]; reset: boolean } {
    const run = this.#catchUp;
    const cursor = this.#cursor ?? 0;
    if (!run) return { events: [], reset: false };
    if (head < cursor) {
      this.reset();
      return { events: [], reset: true };
    }
    const events: LogEvent[] = messages
      .filter(({ rev }) => rev > cursor)
      .map((message) => this.#changeOf(message, run));
    this.#cursor = events.at(-1)?.rev ?? cursor;
    if (more) return { events, reset: false };
    this.#cursor = head;
    if (this.#isNews(ticket, run)) {
      const name = isEnded(ticket) ? 'ticket_closed' : 'ticket_updated';
      events.push({ name, rev: head, ticket });
    }
    this.#ticket = ticket;
    this.#catchUp = undefined;
    return { events: [...events, ...(this.#held ? [] : this.#unpark())], reset: false };
  }

  #changeOf(message: MessageView, run: CatchUp): LogEvent {
    const isNew = message.seq > run.base && !run.told.has(message.id);
    run.told.add(message.id);
    run.entries += isNew && message.rev !== message.seq ? 2 : 1;
    const name = message.deleted ? 'delete_message' : isNew ? 'message' : 'edit_message';
    return { name, rev: message.rev, message };
  }

  /** Of a ticket never seen here, whatever the messages do not account for may be a status change. */
  #isNews(ticket: TicketView, { base, entries }: CatchUp): boolean {
    const known = this.#ticket;
    if (known) return standing(known) !== standing(ticket);
    return base + entries < ticket.last_seq;
  }

  #unpark(): LogEvent[] {
    const events: LogEvent[] = [];
    for (const rev of this.#parked.keys()) {
      if (this.#cursor !== undefined && rev <= this.#cursor) this.#parked.delete(rev);
    }
    for (;;) {
      const next = this.#parked.get((this.#cursor ?? 0) + 1);
      if (!next) return events;
      this.#parked.delete(next.rev);
      this.#cursor = next.rev;
      if ('ticket' in next) this.#ticket = next.ticket;
      events.push(next);
    }
  }
}
