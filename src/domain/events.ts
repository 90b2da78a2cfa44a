import type { Author, Entry, Ticket } from './log/entry.ts';

/** What travels on the bus: hints about what is written, and signals that nobody keeps. */
export type DomainEvent =
  | { kind: 'entry'; entry: Entry }
  | { kind: 'ticket_created'; ticket: Ticket }
  | { kind: 'typing'; ticket_id: string; owner: string; by: Author }
  | { kind: 'read'; ticket_id: string; owner: string; by: Author; seq: number };
