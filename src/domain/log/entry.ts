import { Types } from 'mongoose';
import type { EntryRow, FileRow } from '../../models/entry.ts';
import type { TicketRow } from '../../models/ticket.ts';
import { atInsertion } from './cluster-clock.ts';

/** A ticket as the domain hands it about: the stored row with its id as text. */
export type Ticket = Omit<TicketRow, '_id' | 'stored'> & { id: string };

/** A ticket as of a head of its log; what an entry is judged against. */
export interface TicketState {
  ticket: Ticket;
  head: number;
}

/**
 * One line of a ticket's log as it travels: plain JSON, ids as 24 hexadecimal characters.
 * See `models/entry.ts` for the fields.
 */
export type Entry = Omit<EntryRow, '_id' | 'ticket_id' | 'stored' | 'of' | 'ticket'> & {
  id: string;
  ticket_id: string;
  of?: Omit<NonNullable<EntryRow['of']>, 'id'> & { id: string };
  ticket?: Ticket;
};

export type Author = Entry['author'];

/** A message at some head of the log: its last entry folded over its first. */
export interface Message {
  id: string;
  ticket_id: string;
  seq: number;
  rev: number;
  author: Author;
  client_id: string;
  origin: Entry['origin'];
  created_at: number;
  updated_at: number;
  content: string;
  files: FileRow[];
  edited: boolean;
  deleted: boolean;
}

export function toTicket(row: TicketRow): Ticket {
  const { _id, stored: _, ...rest } = row;
  return { id: _id.toHexString(), ...rest };
}

export function toEntry(row: EntryRow): Entry {
  const { _id, ticket_id, stored: _, of, ticket, ...rest } = row;
  const entry: Entry = { id: _id.toHexString(), ticket_id: ticket_id.toHexString(), ...rest };
  if (of) entry.of = { ...of, id: of.id.toHexString() };
  if (ticket) entry.ticket = ticket as unknown as Ticket;
  return entry;
}

export function toRow(entry: Entry): EntryRow {
  const { id, ticket_id, of, ticket, ...rest } = entry;
  const row: EntryRow = {
    _id: Types.ObjectId.createFromHexString(id),
    ticket_id: Types.ObjectId.createFromHexString(ticket_id),
    stored: atInsertion,
    ...rest,
  };
  if (of) row.of = { ...of, id: Types.ObjectId.createFromHexString(of.id) };
  if (ticket) row.ticket = { ...ticket };
  return row;
}

/** The message an entry made or changed, as it is after the entry: edits and deletions carry all of it. */
export function foldMessage(entry: Entry): Message {
  const first = entry.of ?? entry;
  return {
    id: first.id,
    ticket_id: entry.ticket_id,
    seq: first.seq,
    rev: entry.seq,
    author: first.author,
    client_id: first.client_id,
    origin: first.origin,
    created_at: first.at,
    updated_at: entry.at,
    content: entry.content ?? '',
    files: entry.files ?? [],
    edited: entry.type === 'edit',
    deleted: entry.type === 'delete',
  };
}
