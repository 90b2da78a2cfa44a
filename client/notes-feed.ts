import type { DeskEventView, SyncAck } from '../src/contract/events.ts';
import type { MessageView } from '../src/contract/messages.ts';
import { CatchUp } from './catch-up.ts';
import type { Clock } from './clock.ts';
import type { ServerEventData, ServerEventName } from './connection.ts';
import { DeskError } from './errors.ts';
import { type NoteEvent, NoteLog } from './note-log.ts';

export interface NotesFeedOptions {
  online(): boolean;
  sync(ticketId: string, after: number): Promise<SyncAck>;
  /** Told each change once, in the order of its ticket's notes. */
  onEvent(event: NoteEvent): void;
  clock: Clock;
  random: () => number;
}

/** Tickets whose place is kept, beside those that are followed; one that is forgotten begins anew. */
const MAX_KEPT = 1000;
/** So many answers in a row that end before the cursor are believed: a new primary may lag. */
const SHORT_ANSWERS = 3;

interface Track {
  log: NoteLog;
  followed: number;
  wanted: boolean;
  shortAnswers: number;
}

const noteEvents = ['note', 'edit_note', 'delete_note', 'note_reaction'] as const;

const isNoteEvent = (name: ServerEventName): name is (typeof noteEvents)[number] =>
  (noteEvents as readonly string[]).includes(name);

/** Turns what comes of notes over sockets that break into one stream per ticket without holes or doubles. */
export class NotesFeed {
  readonly #options: NotesFeedOptions;
  readonly #tracks = new Map<string, Track>();
  readonly #catchUp: CatchUp;

  constructor(options: NotesFeedOptions) {
    this.#options = options;
    this.#catchUp = new CatchUp({
      clock: options.clock,
      random: options.random,
      work: (ticketId) => this.#bring(ticketId),
      onRefused: (ticketId) => this.#tracks.delete(ticketId),
    });
  }

  /** From now on what a lost connection has kept from here is asked for. @returns what ends it */
  follow(ticketId: string): () => void {
    const track = this.#track(ticketId);
    track.followed++;
    let isOver = false;
    return () => {
      if (!isOver) track.followed--;
      isOver = true;
    };
  }

  /** The stream was read up to `head`: where nothing is known yet, it begins there. */
  learn(ticketId: string, head: number): void {
    this.#track(ticketId).log.begin(head);
  }

  /** A socket is authorised: it brings every later event. */
  online(): void {
    for (const [ticketId, track] of this.#tracks) {
      const isLate = track.followed > 0 && track.log.cursor !== undefined;
      if (isLate || track.log.behind) this.#want(ticketId, track);
    }
    this.#catchUp.wake();
  }

  accept(name: ServerEventName, data: never): void {
    if (isNoteEvent(name)) {
      const note: MessageView = data;
      this.#take(note.ticket_id, { name, rev: note.rev, data: note });
    } else if (name === 'desk_event') {
      const event: DeskEventView = data;
      this.#take(event.ticket_id, { name, rev: event.seq, data: event });
    } else if (name === 'resync') {
      const { ticket_id, after, stream }: ServerEventData<'resync'> = data;
      if (stream !== 'internal') return;
      const track = this.#track(ticket_id);
      track.log.begin(after);
      this.#want(ticket_id, track);
    }
  }

  close(): void {
    this.#catchUp.close();
  }

  #track(ticketId: string): Track {
    const known = this.#tracks.get(ticketId);
    const track = known ?? { log: new NoteLog(), followed: 0, wanted: false, shortAnswers: 0 };
    this.#tracks.delete(ticketId);
    this.#tracks.set(ticketId, track);
    for (const [id, { followed, wanted, log }] of this.#tracks) {
      if (this.#tracks.size <= MAX_KEPT) break;
      if (followed === 0 && !wanted && !log.behind && id !== ticketId) this.#tracks.delete(id);
    }
    return track;
  }

  #take(ticketId: string, event: NoteEvent): void {
    const track = this.#track(ticketId);
    this.#tell(track.log.accept(event));
    if (track.log.behind) this.#want(ticketId, track);
  }

  #want(ticketId: string, track: Track): void {
    track.wanted = true;
    this.#catchUp.want(ticketId, track.followed > 0);
  }

  async #bring(ticketId: string): Promise<void> {
    const track = this.#tracks.get(ticketId);
    if (!track) return;
    const { online, sync } = this.#options;
    while ((track.wanted || track.log.behind) && online()) {
      // What is asked for meanwhile is asked for again.
      track.wanted = false;
      try {
        const page = await sync(ticketId, track.log.catchUp());
        this.#requireReach(track, page.head);
        this.#tell(track.log.page(page));
      } catch (error) {
        track.wanted = true;
        throw error;
      }
    }
  }

  /** @throws DeskError while an answer that ends before the cursor may be one of a lagging database */
  #requireReach(track: Track, head: number): void {
    const isShort = head < (track.log.cursor ?? 0);
    track.shortAnswers = isShort ? track.shortAnswers + 1 : 0;
    if (!isShort || track.shortAnswers > SHORT_ANSWERS) return;
    throw new DeskError('SERVICE_UNAVAILABLE', 'the answer is older than what has been told');
  }

  #tell(events: readonly NoteEvent[]): void {
    for (const event of events) this.#options.onEvent(event);
  }
}
