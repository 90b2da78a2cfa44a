import type { MessageView } from '../src/contract/messages.ts';

/** The messages of an opened ticket that are shown, in order of `seq`. Deleted ones are left out. */
export class TicketRows {
  #rows: MessageView[] = [];
  #loaded = false;
  #hasOlder = false;

  get loaded(): boolean {
    return this.#loaded;
  }

  /** True where there are messages above the first one. */
  get hasOlder(): boolean {
    return this.#hasOlder;
  }

  get all(): readonly MessageView[] {
    return this.#rows;
  }

  /** The newest page, and whether there is more above it. */
  fill(newest: readonly MessageView[], hasOlder: boolean): void {
    this.#rows = [...newest];
    this.#loaded = true;
    this.#hasOlder = hasOlder;
  }

  /** The page above the first row. */
  prepend(older: readonly MessageView[], hasOlder: boolean): void {
    const known = new Set(this.#rows.map(({ id }) => id));
    this.#rows = [...older.filter(({ id }) => !known.has(id)), ...this.#rows];
    this.#hasOlder = hasOlder;
  }

  /** Lets go of all but the newest; they come again with older pages. @returns whether there were more */
  keepNewest(count: number): boolean {
    if (this.#rows.length <= count) return false;
    this.#rows = this.#rows.slice(-count);
    this.#hasOlder = true;
    return true;
  }

  /** Takes a message as it is at its `rev`, unless a newer state is shown. */
  apply(message: MessageView): void {
    if (!this.#loaded) return;
    const at = this.#rows.findIndex(({ id }) => id === message.id);
    const shown = this.#rows[at];
    if (shown && shown.rev > message.rev) return;
    if (shown && message.deleted) this.#rows = this.#rows.toSpliced(at, 1);
    else if (shown) this.#rows = this.#rows.with(at, message);
    else if (!message.deleted && this.#reaches(message.seq)) this.#insert(message);
  }

  clear(): void {
    this.#rows = [];
    this.#loaded = false;
    this.#hasOlder = false;
  }

  /** What is above the first row comes with an older page, in the state it has then. */
  #reaches(seq: number): boolean {
    const first = this.#rows[0];
    return !this.#hasOlder || first === undefined || seq > first.seq;
  }

  #insert(message: MessageView): void {
    const behind = this.#rows.findLastIndex(({ seq }) => seq < message.seq);
    this.#rows = this.#rows.toSpliced(behind + 1, 0, message);
  }
}
