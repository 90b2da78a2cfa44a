import type { TicketView } from '../src/contract/tickets.ts';
import type { DeskError } from './errors.ts';
import { TicketLog } from './ticket-log.ts';
import { TicketRows } from './ticket-rows.ts';

/** What is known of one ticket. */
export interface Track {
  readonly id: string;
  readonly log: TicketLog;
  readonly rows: TicketRows;
  /** The newest state seen, which may be ahead of the log's cursor. */
  ticket: TicketView | undefined;
  /** All up to this `seq` stands where staff read it; undefined where nothing is known to. */
  delivered: number | undefined;
  /** How many have it open; the rows are kept while it is not 0. */
  opened: number;
  /** Created while nobody listened: told of with the first page. */
  isNews: boolean;
  /** Its creation has been told of. */
  isTold: boolean;
  /** Answers in a row that end before the cursor: a new primary may lag, a log set back stays so. */
  shortAnswers: number;
  /** A sync is due, whatever the log knows. */
  wanted: boolean;
  /** Why it cannot be shown. */
  refusal: DeskError | undefined;
  readonly listeners: Set<() => void>;
}

export function createTrack(id: string): Track {
  return {
    id,
    log: new TicketLog(),
    rows: new TicketRows(),
    ticket: undefined,
    delivered: undefined,
    opened: 0,
    isNews: false,
    isTold: false,
    shortAnswers: 0,
    wanted: false,
    refusal: undefined,
    listeners: new Set(),
  };
}

/** Tells those who look at the ticket that something of it has changed. */
export function notify(track: Track): void {
  for (const listener of [...track.listeners]) listener();
}

/**
 * The later of two states of a ticket. `ticket_updated` does not say when it will be closed: what was
 * known of that stays.
 */
export function newer(known: TicketView | undefined, told: TicketView): TicketView {
  if (!known) return told;
  if (known.last_seq > told.last_seq) return known;
  const { closing_due_at } = { ...known, ...told };
  const isSame = closing_due_at === undefined || closing_due_at === told.closing_due_at;
  return isSame ? told : { ...told, closing_due_at };
}
