import type { Keeper } from './keeper.ts';

/** What this machine knows of a ticket beyond the server: the same in every tab. */
export interface TicketState {
  /** The `seq` of every message of others that nobody has looked at here. */
  unread: number[];
  /** It has come to where staff read it, up to this `seq`: 0 is the opening. */
  delivered?: number;
  /** Staff have seen up to this `seq`. */
  seen: number;
  /** The newest line, for the list. */
  last?: { text: string; isMine: boolean; seq: number };
}

const NAME = 'tickets';
const TICKETS_KEPT = 60;
const UNREAD_KEPT = 100;

type All = Record<string, TicketState>;

/** Read, changed and written in one turn, so that tabs do not undo each other's changes. */
export class TicketStates {
  readonly #kept: Keeper;
  #all: All;

  constructor(kept: Keeper) {
    this.#kept = kept;
    this.#all = kept.get<All>(NAME) ?? {};
  }

  get(ticketId: string): TicketState {
    return this.#all[ticketId] ?? { unread: [], seen: 0 };
  }

  get ids(): string[] {
    return Object.keys(this.#all);
  }

  get unread(): number {
    return Object.values(this.#all).reduce((sum, { unread }) => sum + unread.length, 0);
  }

  /** Another tab has changed something. */
  reload(): void {
    this.#all = this.#kept.get<All>(NAME) ?? {};
  }

  update(ticketId: string, change: (state: TicketState) => TicketState): void {
    this.reload();
    const before = this.get(ticketId);
    const after = change(before);
    if (after === before) return;
    // Ids of tickets sort by time: the newest are kept.
    const others = Object.entries(this.#all).filter(([id]) => id !== ticketId);
    const kept = [...others, [ticketId, after] as const]
      .sort(([a], [b]) => (a < b ? 1 : -1))
      .slice(0, TICKETS_KEPT);
    this.#all = Object.fromEntries(kept);
    this.#kept.set(NAME, this.#all);
  }

  /** The ticket is gone: nothing of it is to be counted or shown. */
  forget(ticketId: string): void {
    this.reload();
    if (!(ticketId in this.#all)) return;
    delete this.#all[ticketId];
    this.#kept.set(NAME, this.#all);
  }

  receive(ticketId: string, seq: number): void {
    this.update(ticketId, (state) => {
      if (state.unread.includes(seq)) return state;
      return { ...state, unread: [...state.unread, seq].slice(-UNREAD_KEPT) };
    });
  }

  /** Looked at, or deleted. @param upTo everything up to this `seq` */
  read(ticketId: string, isRead: (seq: number) => boolean): void {
    this.update(ticketId, (state) => {
      const unread = state.unread.filter((seq) => !isRead(seq));
      return unread.length === state.unread.length ? state : { ...state, unread };
    });
  }

  /** Staff have come further: it never goes back. */
  raise(ticketId: string, what: 'delivered' | 'seen', seq: number): void {
    this.update(ticketId, (state) =>
      seq > (state[what] ?? -1) ? { ...state, [what]: seq } : state,
    );
  }

  /** How far an own message has come, 0 being the opening. */
  reach(ticketId: string, seq: number): 'sent' | 'delivered' | 'seen' {
    const { seen, delivered = -1, last } = this.get(ticketId);
    // Whoever has answered has seen the opening.
    if (seq > 0 ? seen >= seq : last?.isMine === false) return 'seen';
    return delivered >= seq ? 'delivered' : 'sent';
  }

  say(ticketId: string, text: string, isMine: boolean, seq: number): void {
    this.update(ticketId, (state) =>
      seq < (state.last?.seq ?? 0)
        ? state
        : { ...state, last: { text: text.slice(0, 120), isMine, seq } },
    );
  }
}
