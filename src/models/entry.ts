import type { Timestamp } from 'mongodb';
import { Schema, type Types } from 'mongoose';
import type { UserRole } from '../contract/identity.ts';

/**
 * Who may read a log: `public` is what the customer sees, `internal` is the staff's. Each stream of a
 * ticket is a log of its own, with its own `seq`, so that a note leaves no hole a customer could see.
 */
export type Stream = 'public' | 'internal';

/** A value of a ticket's field, as JSON. */
export type FieldValue = string | number | boolean | null | readonly FieldValue[] | object;

interface EntryBase {
  _id: Types.ObjectId;
  ticket_id: Types.ObjectId;
  stream: Stream;
  seq: number;
  /** Cluster time of the insert: never before that of an entry that was there earlier. */
  stored: Timestamp;
  /** Milliseconds since 1970 at which the entry was made. */
  at: number;
  /** Key of the customer whose ticket it is, so that emitting needs no second read. */
  owner: string;
  author: { key: string; id: string; name: string; role: UserRole };
  /**
   * The idempotency key: unique for the author in the log, for ever; the entry's own id where the
   * author chose none.
   */
  client_id: string;
  origin: 'web' | 'discord' | 'system';
  /** The request that made it, as in `X-Request-Id`; to follow it from door to door. */
  request?: string;
}

/** The message that an edit or a deletion changes, as its first entry had it. */
interface Target {
  id: Types.ObjectId;
  seq: number;
  at: number;
  author: EntryBase['author'];
  client_id: string;
  origin: EntryBase['origin'];
  reply_to?: Types.ObjectId;
}

export interface MessageRow extends EntryBase {
  type: 'message';
  content: string;
  files?: FileRow[];
  /** The message it answers, of the same log. */
  reply_to?: Types.ObjectId;
}

/** Somebody's reaction to a message: one for each person and emoji. */
export interface ReactionRow {
  emoji: string;
  author: EntryBase['author'];
  origin: EntryBase['origin'];
}

/** Carries the whole text, files and reactions after the change, so that a message is its last entry. */
export interface MessageChangeRow extends EntryBase {
  type: 'edit' | 'delete' | 'react';
  content: string;
  files: FileRow[];
  /** Those there are, in order of time; absent where nobody has reacted. */
  reactions?: ReactionRow[];
  /** Of `react`: what was set or taken back by its author. */
  reaction?: { emoji: string; set: boolean };
  /** Of `react`: when the text was last changed; absent where it never was. */
  edited_at?: number;
  of: Target;
}

export interface TicketChangeRow extends EntryBase {
  type: 'ticket_change';
  /** What was done: `closed`, `updated`, … */
  action: string;
  /** Each field that changed: from, to. What the first version of the program left out is not in it. */
  changes: Record<string, readonly [from: FieldValue, to: FieldValue]>;
  /** What whoever did it said about it. */
  comment?: string;
  /** What a desk event tells that is no field of the ticket. */
  data?: Record<string, FieldValue>;
  /** The whole ticket after it, but for the staff's fields. */
  ticket: Record<string, unknown>;
}

/**
 * One entry of a log. Entries are never changed and never removed: a message is its entries folded up
 * to a head. `seq` runs 1, 2, 3 … without holes in each ticket and stream. When a ticket is deleted, one
 * last entry ends both of its logs, and the others keep their place and time alone: see `domain/erasure`.
 */
export type EntryRow = MessageRow | MessageChangeRow | TicketChangeRow;

export interface FileRow {
  id: string;
  name: string;
  type: string;
  size: number;
}

export const entrySchema = new Schema<EntryBase>(
  {
    ticket_id: { type: Schema.Types.ObjectId, required: true },
    stream: { type: String, required: true },
    seq: { type: Number, required: true },
    stored: { type: Schema.Types.Mixed, required: true },
    type: { type: String, required: true },
    at: { type: Number, required: true },
    owner: { type: String, required: true },
    author: { type: Schema.Types.Mixed, required: true },
    client_id: { type: String, required: true },
    origin: { type: String, required: true },
    request: String,
    content: String,
    files: { type: [Schema.Types.Mixed], default: undefined },
    reply_to: Schema.Types.ObjectId,
    of: Schema.Types.Mixed,
    reactions: { type: [Schema.Types.Mixed], default: undefined },
    reaction: Schema.Types.Mixed,
    edited_at: Number,
    action: String,
    changes: Schema.Types.Mixed,
    comment: String,
    data: Schema.Types.Mixed,
    ticket: Schema.Types.Mixed,
  } as never,
  { collection: 'entries', versionKey: false, strict: 'throw' },
);

entrySchema.index({ ticket_id: 1, stream: 1, seq: 1 }, { unique: true, name: 'entry_seq' });
// The name is that of the first version's index, which had no stream: so that version refuses to
// work on this one's database.
entrySchema.index(
  { ticket_id: 1, stream: 1, 'author.key': 1, client_id: 1 },
  { unique: true, name: 'entry_client_id' },
);
entrySchema.index({ stored: 1 }, { name: 'entry_stored' });
// The history of a ticket: a page of it costs its rows, however many messages lie between them.
entrySchema.index(
  { ticket_id: 1, stream: 1, seq: 1, type: 1 },
  { name: 'entry_ticket_changes', partialFilterExpression: { type: 'ticket_change' } },
);
entrySchema.index(
  { 'of.id': 1, seq: 1 },
  { name: 'entry_changes', partialFilterExpression: { 'of.id': { $exists: true } } },
);

/**
 * Which entries of a stretch of a log no answer needs, as bits: a visibility map. Derived from the
 * log, and never ahead of it: a bit that is missing costs a read, nothing else.
 */
export interface VisibilityRow {
  _id: { ticket: Types.ObjectId; stream: Stream; block: number };
  /** Word by word: entries that a later one of the same message has superseded, and ticket changes. */
  superseded?: Record<string, number>;
  /** Word by word: entries that are not the first one of a message that is still there. */
  hidden?: Record<string, number>;
}

export const visibilitySchema = new Schema<VisibilityRow>(
  {
    _id: { type: Schema.Types.Mixed, required: true },
    superseded: Schema.Types.Mixed,
    hidden: Schema.Types.Mixed,
  } as never,
  { collection: 'visibility', versionKey: false, strict: 'throw' },
);
