import type { Author, Entry, Ticket } from './log/entry.ts';

/**
 * What travels on the bus: hints about what is written, and signals that nobody keeps. An entry of the
 * internal stream has a kind of its own, so that a listener has to ask for it: one that handles
 * `entry` alone can never show a customer what is not public.
 */
export type DomainEvent =
  | { kind: 'entry'; entry: Entry }
  | { kind: 'internal_entry'; entry: Entry }
  | { kind: 'ticket_created'; ticket: Ticket }
  | { kind: 'typing'; ticket_id: string; owner: string; by: Author }
  | { kind: 'read'; ticket_id: string; owner: string; by: Author; seq: number }
  /** All that its customer has said up to `seq` stands where staff read it; 0 is the description. */
  | { kind: 'delivered'; ticket_id: string; owner: string; seq: number }
  | {
      kind: 'ticket_closing';
      ticket_id: string;
      owner: string;
      by: Author;
      /** Null where it was called off. */
      due_at: number | null;
      /** The customer is not told. */
      silent: boolean;
    }
  /** Asks every node whether it has a socket of a ticket's customer; each answers for itself. */
  | { kind: 'presence_asked'; ticket_id: string; owner: string }
  | { kind: 'presence'; ticket_id: string; owner: string; here: boolean }
  | { kind: 'setting_changed'; name: string };

/** The hint that an entry is stored. */
export function entryEvent(entry: Entry): DomainEvent {
  return { kind: entry.stream === 'public' ? 'entry' : 'internal_entry', entry };
}
