import type { DeskEventView, SyncAck } from '../src/contract/events.ts';
import type { MessageView } from '../src/contract/messages.ts';

/** One change of a ticket's internal stream, as listeners hear it. */
export type NoteEvent =
  | { name: 'note' | 'edit_note' | 'delete_note' | 'note_reaction'; rev: number; data: MessageView }
  | { name: 'desk_event'; rev: number; data: DeskEventView };

/** Events waiting behind a hole; what is beyond comes with the sync that fills it. */
const MAX_PARKED = 1000;

/**
 * The order of one ticket's notes and desk events: takes them as they come, late, double or with
 * holes, and pages of `sync`, and gives back each change once, in order. Pure: it neither waits nor asks.
 */
export class NoteLog {
  #cursor: number | undefined;
  #target = 0;
  /** A catch-up that has begun: the cursor it began at, and the notes it has told of. */
  #catchUp: { base: number; told: Set<string> } | undefined;
  readonly #parked = new Map<number, NoteEvent>();

  /** The last change told; undefined until the ticket's place in the stream is known. */
  get cursor(): number | undefined {
    return this.#cursor;
  }

  /** True where changes are known to exist that only a sync can bring. */
  get behind(): boolean {
    if (this.#cursor === undefined) return false;
    return this.#catchUp !== undefined || this.#cursor < this.#target;
  }

  /** Where nothing is known yet, the stream begins after `rev`. */
  begin(rev: number): void {
    this.#cursor ??= rev;
  }

  /** Takes an event from the socket. @returns what can be told now */
  accept(event: NoteEvent): NoteEvent[] {
    if (this.#cursor !== undefined && event.rev <= this.#cursor) return [];
    this.#target = Math.max(this.#target, event.rev);
    if (this.#parked.size < MAX_PARKED) this.#parked.set(event.rev, event);
    if (this.#catchUp) return [];
    this.#cursor ??= event.rev - 1;
    return this.#unpark();
  }

  /** Begins or goes on with a catch-up. @returns what to ask `sync` for */
  catchUp(): number {
    const cursor = this.#cursor ?? 0;
    this.#catchUp ??= { base: cursor, told: new Set() };
    return cursor;
  }

  /** Takes a page. @returns what can be told now */
  page({ messages, events = [], head, more }: SyncAck): NoteEvent[] {
    const run = this.#catchUp;
    const cursor = this.#cursor ?? 0;
    if (!run) return [];
    const notes = messages.map((data): NoteEvent => {
      const isNew = data.seq > run.base && !run.told.has(data.id);
      run.told.add(data.id);
      const name = data.deleted ? 'delete_note' : isNew ? 'note' : 'edit_note';
      return { name, rev: data.rev, data };
    });
    const desk = events.map((data): NoteEvent => ({ name: 'desk_event', rev: data.seq, data }));
    const told = [...notes, ...desk].filter(({ rev }) => rev > cursor);
    told.sort((a, b) => a.rev - b.rev);
    this.#cursor = told.at(-1)?.rev ?? cursor;
    if (more) return told;
    // A log that is shorter than what was told of has been set back.
    this.#cursor = head;
    this.#target = Math.max(head, ...this.#parked.keys());
    this.#catchUp = undefined;
    return [...told, ...this.#unpark()];
  }

  #unpark(): NoteEvent[] {
    const events: NoteEvent[] = [];
    for (const rev of this.#parked.keys()) {
      if (rev <= (this.#cursor ?? 0)) this.#parked.delete(rev);
    }
    for (;;) {
      const next = this.#parked.get((this.#cursor ?? 0) + 1);
      if (!next) return events;
      this.#parked.delete(next.rev);
      this.#cursor = next.rev;
      events.push(next);
    }
  }
}
