import { Types } from 'mongoose';
import type {
  EntryRow,
  FieldValue,
  FileRow,
  MessageChangeRow,
  MessageRow,
  ReactionRow,
  Stream,
  TicketChangeRow,
} from '../../models/entry.ts';
import { addedFields, newTicketFields, staffFields, type TicketRow } from '../../models/ticket.ts';
import { atInsertion } from './cluster-clock.ts';
import { strippedTicket } from './deletion.ts';

export type { Stream } from '../../models/entry.ts';

/** One log: a stream of a ticket. */
export interface LogId {
  ticketId: string;
  stream: Stream;
}

/** The log that the ticket's customer sees. */
export const publicLog = (ticketId: string): LogId => ({ ticketId, stream: 'public' });

/** The log that staff alone see. */
export const internalLog = (ticketId: string): LogId => ({ ticketId, stream: 'internal' });

/** A log as the key of a map. */
export const logKey = ({ ticketId, stream }: LogId): string =>
  stream === 'public' ? ticketId : `${ticketId}/${stream}`;

/** The log a key was made of. */
export function logOfKey(key: string): LogId {
  const [ticketId, stream = 'public'] = key.split('/');
  return { ticketId: ticketId as string, stream: stream as Stream };
}

/** A ticket as the domain hands it about: the stored row with its id as text. */
export type Ticket = Omit<TicketRow, '_id' | 'stored'> & { id: string };

type OptionalKeys<T> = { [K in keyof T]-?: undefined extends T[K] ? K : never }[keyof T];

/** A ticket as of a head of its log; what an entry is judged against. */
export interface TicketState {
  ticket: Ticket;
  head: number;
}

type Travelling<R> = Omit<R, '_id' | 'ticket_id' | 'stored' | 'of' | 'ticket' | 'reply_to'> & {
  id: string;
  ticket_id: string;
};
type Target = Omit<MessageChangeRow['of'], 'id' | 'reply_to'> & { id: string; reply_to?: string };

export type MessageEntry = Travelling<MessageRow> & { reply_to?: string };
export type MessageChangeEntry = Travelling<MessageChangeRow> & { of: Target };
export type TicketChangeEntry = Travelling<TicketChangeRow> & { ticket: Ticket };

/**
 * One entry of a log as it travels: plain JSON, ids as 24 hexadecimal characters.
 * See `models/entry.ts` for the fields.
 */
export type Entry = MessageEntry | MessageChangeEntry | TicketChangeEntry;
export type Author = Entry['author'];
/** Field by field: from, to. */
export type Changes = Record<string, readonly [from: FieldValue, to: FieldValue]>;

/** A message at some head of the log: its last entry folded over its first. */
export interface Message {
  id: string;
  ticket_id: string;
  stream: Stream;
  seq: number;
  rev: number;
  author: Author;
  client_id: string;
  origin: Entry['origin'];
  created_at: number;
  updated_at: number;
  content: string;
  files: FileRow[];
  /** The message it answers. */
  reply_to: string | null;
  edited: boolean;
  deleted: boolean;
  reactions: readonly ReactionRow[];
}

const toOid = (id: string) => Types.ObjectId.createFromHexString(id);

/** A ticket as a row or an entry of an earlier version has it lacks what came later. */
function complete<T extends Ticket | TicketRow>(ticket: T): T {
  const isComplete = addedFields.every((name) => name in ticket);
  return isComplete ? ticket : { ...newTicketFields(ticket), ...ticket };
}

/** The ticket after a change; a wiped entry has none any more. */
function ticketOf({ ticket, ticket_id, seq, at }: TicketChangeEntry): Ticket {
  return ticket ? complete(ticket) : strippedTicket(ticket_id, seq, at, {});
}

/** The fields a row may be without: each of them, as the compiler sees to. */
const optionalFields = Object.keys({
  moved_seq: true,
  unapproved: true,
  sla_state: true,
  sla_due_at: true,
  deleted_at: true,
} satisfies Record<OptionalKeys<Ticket>, true>) as OptionalKeys<Ticket>[];

/**
 * Field by field: the driver makes an object of so many fields a table of hashes, and a copy of that is one
 * too. It would be the dearest part of reading a page.
 */
export function toTicket(stored: TicketRow): Ticket {
  const row = complete(stored);
  const ticket: Ticket = {
    id: row._id.toHexString(),
    number: row.number,
    owner: row.owner,
    partner: row.partner,
    user_id: row.user_id,
    username: row.username,
    email: row.email,
    user_role: row.user_role,
    topic: row.topic,
    description: row.description,
    status: row.status,
    support_role: row.support_role,
    issue_level: row.issue_level,
    assigned_to: row.assigned_to,
    created_at: row.created_at,
    updated_at: row.updated_at,
    status_seq: row.status_seq,
    closed_at: row.closed_at,
    close_reason: row.close_reason,
    client_id: row.client_id,
    priority: row.priority,
    category: row.category,
    sub_category: row.sub_category,
    scheduled_date: row.scheduled_date,
    assignee: row.assignee,
    files: row.files,
    context: row.context,
    first_response_at: row.first_response_at,
    response_time: row.response_time,
    resolved_at: row.resolved_at,
    resolution_time: row.resolution_time,
    rejection_reason: row.rejection_reason,
    rating: row.rating,
    reopened: row.reopened,
    ending_seq: row.ending_seq,
    clock: row.clock,
    close_request: row.close_request,
    channel: row.channel,
    tags: row.tags,
    snoozed_until: row.snoozed_until,
    escalation: row.escalation,
    escalated_at: row.escalated_at,
    sla_told: row.sla_told,
  };
  for (const name of optionalFields) {
    if (row[name] !== undefined) Object.assign(ticket, { [name]: row[name] });
  }
  return ticket;
}

export function toEntry(row: EntryRow): Entry {
  const { _id, ticket_id, stored: _, ...rest } = row;
  const entry = { id: _id.toHexString(), ticket_id: ticket_id.toHexString(), ...rest } as Entry;
  if (entry.type === 'ticket_change') entry.ticket = ticketOf(entry);
  else if (row.type === 'message') {
    if (row.reply_to) (entry as MessageEntry).reply_to = row.reply_to.toHexString();
  } else if (row.type !== 'ticket_change') {
    const { id, reply_to, ...target } = row.of;
    const of: Target = { id: id.toHexString(), ...target };
    if (reply_to) of.reply_to = reply_to.toHexString();
    (entry as MessageChangeEntry).of = of;
  }
  return entry;
}

export function toRow(entry: Entry): EntryRow {
  const { id, ticket_id, ...rest } = entry;
  const row = {
    _id: toOid(id),
    ticket_id: toOid(ticket_id),
    stored: atInsertion,
    ...rest,
  } as unknown as EntryRow;
  if (entry.type === 'message') {
    if (entry.reply_to) (row as MessageRow).reply_to = toOid(entry.reply_to);
  } else if (entry.type !== 'ticket_change') {
    const { id: target, reply_to, ...of } = entry.of;
    (row as MessageChangeRow).of = {
      ...of,
      id: toOid(target),
      ...(reply_to && { reply_to: toOid(reply_to) }),
    };
  }
  return row;
}

/** The message an entry made or changed, as it is after the entry: edits and deletions carry all of it. */
export function foldMessage(entry: MessageEntry | MessageChangeEntry): Message {
  // A reaction is news of the message, and none of its text.
  const editedAt = entry.type === 'react' ? entry.edited_at : undefined;
  const first = entry.type === 'message' ? entry : entry.of;
  return {
    id: first.id,
    ticket_id: entry.ticket_id,
    stream: entry.stream,
    seq: entry.type === 'message' ? entry.seq : entry.of.seq,
    rev: entry.seq,
    author: first.author,
    client_id: first.client_id,
    origin: first.origin,
    created_at: first.at,
    updated_at: entry.type === 'react' ? (editedAt ?? first.at) : entry.at,
    content: entry.content,
    files: entry.files ?? [],
    reply_to: first.reply_to ?? null,
    edited: entry.type === 'edit' || editedAt !== undefined,
    deleted: entry.type === 'delete',
    reactions: entry.type === 'message' ? [] : (entry.reactions ?? []),
  };
}

/**
 * What `foldMessage` makes of the entry that a row holds, without the entry: pages are made of such rows.
 * @returns undefined where it is a change of the ticket itself
 */
export function foldRow(row: EntryRow, ticketId: string): Message | undefined {
  if (row.type === 'ticket_change') return undefined;
  if (row.type !== 'message') return foldMessage(toEntry(row) as MessageChangeEntry);
  return {
    id: row._id.toHexString(),
    ticket_id: ticketId,
    stream: row.stream,
    seq: row.seq,
    rev: row.seq,
    author: row.author,
    client_id: row.client_id,
    origin: row.origin,
    created_at: row.at,
    updated_at: row.at,
    content: row.content,
    files: row.files ?? [],
    reply_to: row.reply_to?.toHexString() ?? null,
    edited: false,
    deleted: false,
    reactions: [],
  };
}

/**
 * A ticket after a change of it. An entry knows the fields of its own stream for certain, those of the other
 * one as its writer had last heard of them.
 */
export function foldTicket(
  ticket: Ticket,
  { stream, ticket: after, changes }: TicketChangeEntry,
): Ticket {
  if (stream === 'public') {
    const own = Object.fromEntries(staffFields.map((name) => [name, ticket[name]]));
    return { ...after, ...own };
  }
  const set = Object.entries(changes).map(([name, [, to]]) => [name, to]);
  return { ...ticket, ...Object.fromEntries(set) };
}

/** True for an entry of a message; the others are changes of the ticket itself. */
export function isOfMessage(entry: Entry): entry is MessageEntry | MessageChangeEntry {
  return entry.type !== 'ticket_change';
}

/** The message an entry makes or changes. */
export function messageIdOf(entry: MessageEntry | MessageChangeEntry): string {
  return entry.type === 'message' ? entry.id : entry.of.id;
}
