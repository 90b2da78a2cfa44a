import type {
  ClosingView,
  DeliveredView,
  DeskEventView,
  TicketDeletedView,
  TypingView,
} from '../src/contract/events.ts';
import type { MessageView } from '../src/contract/messages.ts';
import type { TicketView } from '../src/contract/tickets.ts';
import type { Clock } from './clock.ts';
import type { ConnectionState } from './connection.ts';
import type { DeskError } from './errors.ts';
import type { NewTicketChange } from './new-tickets.ts';
import type { OutboxChange } from './outbox.ts';
import type { OutboxStorage } from './storage.ts';

export interface DeskClientOptions {
  /** Where the server is: `https://support.example.com`. */
  url: string;
  /**
   * Called for the first token, and for another one whenever the last is refused or about to expire; again
   * where it has not answered within 30 s.
   */
  getToken: () => Promise<string> | string;
  /** Where unsent messages and cursors are kept; in memory when not given. One for each user. */
  storage?: OutboxStorage;
  /** How many of its newest messages an opened ticket begins with; a page of the server's (500) otherwise. */
  newest?: number;
  /** Tried in this order. */
  transports?: ('websocket' | 'polling')[];
  /** Milliseconds without an answer after which a request is tried again. */
  timeout?: number;
  fetch?: typeof globalThis.fetch;
  clock?: Clock;
  random?: () => number;
  /** Told what nothing else tells of: a storage that is full, a token that cannot be had. */
  onError?: (error: DeskError) => void;
}

/** What listeners hear. The first seven come in the order of their ticket, each once. */
export interface DeskEvents {
  message: MessageView;
  edit_message: MessageView;
  delete_message: MessageView;
  /** What was missed while offline comes with the message, as `edit_message`. */
  reaction: MessageView;
  ticket_created: TicketView;
  ticket_updated: TicketView;
  ticket_closed: TicketView;
  typing: TypingView;
  read: TypingView & { seq: number };
  /** How far what the user has written stands where staff read it in Discord; told when it grows. */
  delivered: DeliveredView;
  /** Nobody keeps it: after a time offline, a ticket's `closing_due_at` says it. */
  ticket_closing: ClosingView;
  /** The ticket is gone, with all that was written in it; a ticket that is open says so as its `refusal`. */
  ticket_deleted: TicketDeletedView;
  connection: ConnectionState;
  outbox: OutboxChange;
  new_ticket: NewTicketChange;
  /** These six a `StaffClient` alone hears; the first five in the order of their ticket's notes. */
  note: MessageView;
  edit_note: MessageView;
  delete_note: MessageView;
  note_reaction: MessageView;
  desk_event: DeskEventView;
  notes_outbox: OutboxChange;
  error: DeskError;
  /** A fresh token was refused as well: the person has to sign in. Tries go on, seldom. */
  auth_required: DeskError;
  /** The server's log is shorter than what was seen of it; the ticket is read anew. */
  reset: { ticket_id: string };
}
