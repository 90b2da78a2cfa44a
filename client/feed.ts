import type { AuthorizeAck, DeliveredView, SyncAck } from '../src/contract/events.ts';
import type { MessageView } from '../src/contract/messages.ts';
import type { TicketView } from '../src/contract/tickets.ts';
import { CatchUp } from './catch-up.ts';
import type { Clock } from './clock.ts';
import type { ServerEventData, ServerEventName } from './connection.ts';
import { DeskError } from './errors.ts';
import type { LogEvent } from './ticket-log.ts';
import { newer, notify, type Track } from './track.ts';
import { Tracks } from './tracks.ts';

/** What `sync` and the history of a ticket are read with. */
export interface FeedSource {
  online(): boolean;
  /** Resolves when the cursors of an earlier client have been restored. */
  ready(): Promise<void>;
  sync(ticketId: string, after: number): Promise<SyncAck>;
  readTicket(ticketId: string): Promise<TicketView>;
  readNewest(
    ticketId: string,
    before?: number,
  ): Promise<{
    messages: MessageView[];
    head: number;
    delivered?: number | undefined;
    more: boolean;
  }>;
}

export interface FeedOptions {
  source: FeedSource;
  clock: Clock;
  random: () => number;
  /** Told each change once, in the order of its ticket. */
  onEvent(event: LogEvent): void;
  onCreated(ticket: TicketView): void;
  onDelivered(change: DeliveredView): void;
  /** The ticket's log was set back on the server; what is shown of it is read anew. */
  onReset(ticketId: string): void;
  /** Everything up to `cursor` has been told; undefined when the ticket is of no interest any more. */
  onCursor(ticketId: string, cursor: number | undefined): void;
}

/** Up to so many cursors come with `authorize`. */
export const CURSORS_AT_AUTHORIZE = 100;

/** So many answers in a row that end before the cursor are believed. */
const SHORT_ANSWERS = 3;

/** True for an open ticket of which news may have been missed that moves no cursor. */
function isUndelivered({ opened, ticket, rows, delivered = -1 }: Track): boolean {
  if (opened === 0 || !ticket) return false;
  const own = rows.all.findLast(({ author_id }) => author_id === ticket.user_id);
  return delivered < (own?.seq ?? 0);
}

/** Turns what comes over sockets that break into one stream per ticket without holes or doubles. */
export class Feed {
  readonly #options: FeedOptions;
  readonly #tracks = new Tracks();
  readonly #catchUp: CatchUp;
  #staff = false;
  /** True where the last `authorize` told of every open ticket, so that an unknown one is new. */
  #complete = false;

  constructor(options: FeedOptions) {
    this.#options = options;
    this.#catchUp = new CatchUp({
      clock: options.clock,
      random: options.random,
      work: (ticketId) => this.#bring(ticketId),
      onRefused: (ticketId, error) => this.#refuse(ticketId, error),
    });
  }

  get(ticketId: string): Track | undefined {
    return this.#tracks.get(ticketId);
  }

  /** Begins where an earlier client on the same storage has stopped. */
  restore(ticketId: string, cursor: number): void {
    this.#track(ticketId).log.begin(cursor);
  }

  open(ticketId: string): Track {
    const track = this.#track(ticketId);
    track.opened++;
    track.refusal = undefined;
    if (!track.rows.loaded) this.#catchUp.want(ticketId, true);
    return track;
  }

  release(track: Track): void {
    track.opened--;
    if (track.opened > 0) return;
    track.rows.clear();
    this.#save(track);
  }

  /** Reads the page above the first row shown. */
  async loadOlder(track: Track): Promise<void> {
    const first = track.rows.all[0];
    if (!track.rows.hasOlder || !first) return;
    const { messages, more } = await this.#options.source.readNewest(track.id, first.seq);
    // What was first may have been let go of meanwhile: between that page and the rows would be a hole.
    if (track.rows.all[0]?.id !== first.id) return;
    track.rows.prepend(messages, more);
    notify(track);
  }

  /** The answer to an own request: shown at once, told when the log comes to it. */
  show(message: MessageView): void {
    const track = this.#tracks.get(message.ticket_id);
    if (!track || message.rev <= (track.log.cursor ?? 0)) return;
    track.rows.apply(message);
    notify(track);
  }

  changed(ticketId: string): void {
    const track = this.#tracks.get(ticketId);
    if (track) notify(track);
  }

  /** A socket is authorised: from here on it brings every event; what is missing is asked for. */
  online({ user, cursors }: AuthorizeAck): void {
    this.#staff = user.role === 'AGENT' || user.role === 'ADMIN';
    for (const [id, head] of Object.entries(cursors)) this.#join(id, head);
    for (const track of this.#tracks.values()) {
      if (track.id in cursors) continue;
      // Of the many tickets of staff, the ones not open are read when something of them comes.
      if (this.#staff && track.opened === 0) continue;
      if (!track.log.closed || track.log.behind) this.#want(track);
    }
    this.#complete = !this.#staff && Object.keys(cursors).length < CURSORS_AT_AUTHORIZE;
    this.#catchUp.wake();
  }

  /** Every event of the ticket after `head` comes on the socket. */
  #join(id: string, head: number): void {
    const isNews = this.#complete && !this.#tracks.has(id);
    const track = this.#track(id);
    const { log } = track;
    track.isNews ||= isNews;
    track.wanted = false;
    log.expect(head);
    // What is being loaded gets its cursor from there.
    if (track.opened > 0 && !track.rows.loaded) return;
    log.begin(isNews ? 0 : head);
    if (log.cursor !== head || log.behind || isNews || isUndelivered(track)) this.#want(track);
    this.#save(track);
  }

  accept(name: ServerEventName, data: never): void {
    switch (name) {
      case 'message':
      case 'edit_message':
      case 'delete_message':
      case 'reaction': {
        const message: MessageView = data;
        this.#take(message.ticket_id, { name, rev: message.rev, message });
        break;
      }
      case 'ticket_updated':
      case 'ticket_closed': {
        const ticket: TicketView = data;
        this.#take(ticket.id, { name, rev: ticket.last_seq, ticket });
        break;
      }
      case 'ticket_created':
        this.#create(data);
        break;
      case 'ticket_closing': {
        const { ticket_id, due_at }: ServerEventData<'ticket_closing'> = data;
        this.#learnClosing(ticket_id, due_at);
        break;
      }
      case 'delivered': {
        const { ticket_id, seq }: DeliveredView = data;
        this.#deliver(this.#track(ticket_id), seq);
        break;
      }
      case 'ticket_deleted': {
        const { ticket_id }: ServerEventData<'ticket_deleted'> = data;
        this.#refuse(ticket_id, new DeskError('NOT_FOUND', 'the ticket has been deleted'));
        this.#options.onCursor(ticket_id, undefined);
        break;
      }
      case 'resync': {
        const { ticket_id, after, stream = 'public' }: ServerEventData<'resync'> = data;
        if (stream !== 'public') break;
        const track = this.#track(ticket_id);
        if (after !== undefined) track.log.begin(after);
        this.#want(track);
      }
    }
  }

  close(): void {
    this.#catchUp.close();
  }

  #track(id: string): Track {
    // Staff hear of every ticket there is.
    if (this.#staff) this.#tracks.shrink();
    return this.#tracks.use(id);
  }

  #take(ticketId: string, event: LogEvent): void {
    const track = this.#track(ticketId);
    this.#tell(track, track.log.accept(event));
    if (track.log.behind) this.#want(track);
  }

  #learnClosing(ticketId: string, closing_due_at: number | null): void {
    const track = this.#tracks.get(ticketId);
    if (!track?.ticket) return;
    track.ticket = { ...track.ticket, closing_due_at };
    notify(track);
  }

  #deliver(track: Track, seq = -1): void {
    if (seq <= (track.delivered ?? -1)) return;
    track.delivered = seq;
    this.#options.onDelivered({ ticket_id: track.id, seq });
    notify(track);
  }

  #create(ticket: TicketView): void {
    const track = this.#track(ticket.id);
    track.log.learn(ticket);
    track.ticket ??= ticket;
    this.#tellCreated(track, ticket);
    this.#save(track);
  }

  /** Another node may tell of it again. */
  #tellCreated(track: Track, ticket: TicketView): void {
    track.isNews = false;
    if (track.isTold) return;
    track.isTold = true;
    this.#options.onCreated(ticket);
  }

  #want(track: Track): void {
    track.wanted = true;
    this.#catchUp.want(track.id, track.opened > 0);
  }

  /** Brings a ticket up to date: its rows where it is open, then everything after the cursor. */
  async #bring(ticketId: string): Promise<void> {
    const { source } = this.#options;
    const track = this.#tracks.get(ticketId);
    await source.ready();
    if (!track) return;
    if (track.opened > 0 && !track.rows.loaded) await this.#load(track);
    while ((track.wanted || track.log.behind) && source.online()) {
      // Where nothing of it was ever told, it begins now.
      if (track.log.cursor === undefined) track.log.learn(await source.readTicket(ticketId));
      const page = await this.#sync(track);
      this.#requireReach(track, page.head);
      track.ticket = page.ticket;
      this.#deliver(track, page.delivered);
      if (track.isNews) this.#tellCreated(track, page.ticket);
      const { events, reset } = track.log.page(page);
      if (reset) return this.#reset(track);
      this.#tell(track, events);
      notify(track);
    }
  }

  async #sync(track: Track): Promise<SyncAck> {
    // What is asked for meanwhile is asked for again.
    track.wanted = false;
    try {
      return await this.#options.source.sync(track.id, track.log.catchUp());
    } catch (error) {
      track.wanted = true;
      throw error;
    }
  }

  /** @throws DeskError while an answer that ends before the cursor may be one of a lagging database */
  #requireReach(track: Track, head: number): void {
    const isShort = head < (track.log.cursor ?? 0);
    track.shortAnswers = isShort ? track.shortAnswers + 1 : 0;
    if (!isShort || track.shortAnswers > SHORT_ANSWERS) return;
    track.wanted = true;
    throw new DeskError('SERVICE_UNAVAILABLE', 'the answer is older than what has been told');
  }

  /** Ticket first, messages second, so that the rows reach at least as far as the cursor. */
  async #load(track: Track): Promise<void> {
    const { source } = this.#options;
    const { log, rows } = track;
    log.hold();
    // A socket that is there before the rows are read brings all that comes after them.
    if (source.online()) track.wanted = false;
    try {
      const ticket = await source.readTicket(track.id);
      const { messages, head, delivered, more } = await source.readNewest(track.id);
      this.#requireReach(track, head);
      if (head < (log.cursor ?? 0)) log.reset();
      log.learn(ticket);
      log.expect(head);
      track.ticket = ticket;
      if (track.opened > 0) rows.fill(messages, more);
      this.#deliver(track, delivered);
    } finally {
      this.#tell(track, log.release());
      notify(track);
    }
  }

  #tell(track: Track, events: LogEvent[]): void {
    for (const event of events) {
      if ('message' in event) track.rows.apply(event.message);
      else track.ticket = newer(track.ticket, event.ticket);
      this.#options.onEvent(event);
    }
    this.#save(track);
    if (events.length > 0) notify(track);
  }

  #save(track: Track): void {
    const isUnread = track.opened === 0 && (this.#staff || track.log.closed);
    const isOver = isUnread || track.refusal !== undefined;
    this.#options.onCursor(track.id, isOver ? undefined : track.log.safeCursor);
  }

  #drop(track: Track): void {
    this.#tracks.delete(track.id);
    this.#options.onCursor(track.id, undefined);
  }

  #reset(track: Track): void {
    track.rows.clear();
    track.delivered = undefined;
    this.#options.onCursor(track.id, undefined);
    this.#options.onReset(track.id);
    notify(track);
    if (track.opened > 0) this.#catchUp.want(track.id, true);
  }

  #refuse(ticketId: string, error: DeskError): void {
    const track = this.#tracks.get(ticketId);
    if (!track) return;
    track.refusal = error;
    this.#drop(track);
    notify(track);
  }
}
