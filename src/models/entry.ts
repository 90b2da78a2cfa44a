import type { Timestamp } from 'mongodb';
import { Schema, type Types } from 'mongoose';
import type { UserRole } from '../contract/identity.ts';

/**
 * One line of a ticket's log. Entries are never changed and never removed: a message is its entries
 * folded up to a head. `seq` runs 1, 2, 3 … without holes in each ticket and stream.
 */
export interface EntryRow {
  _id: Types.ObjectId;
  ticket_id: Types.ObjectId;
  stream: 'public' | 'internal';
  seq: number;
  /** When MongoDB took it in, by the cluster's clock: never before an entry that was there earlier. */
  stored: Timestamp;
  type: 'message' | 'edit' | 'delete' | 'status';
  /** Milliseconds since 1970 at which the entry was made. */
  at: number;
  /** Key of the customer whose ticket it is, so that emitting needs no second read. */
  owner: string;
  author: { key: string; id: string; name: string; role: UserRole };
  /** Unique for the author in the ticket, for ever; the entry's own id where the author chose none. */
  client_id: string;
  origin: 'web' | 'discord' | 'system';
  /** Of a message, an edit and a deletion: the whole text and files after the entry. */
  content?: string;
  files?: FileRow[];
  /** Of an edit and a deletion: the message it changes, as its first entry had it. */
  of?: {
    id: Types.ObjectId;
    seq: number;
    at: number;
    author: EntryRow['author'];
    client_id: string;
    origin: EntryRow['origin'];
  };
  /** Of a status entry: what it did, and the whole ticket after it. */
  change?: 'closed' | 'updated';
  ticket?: Record<string, unknown>;
}

export interface FileRow {
  id: string;
  name: string;
  type: string;
  size: number;
}

export const entrySchema = new Schema<EntryRow>(
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
    content: String,
    files: { type: [Schema.Types.Mixed], default: undefined },
    of: Schema.Types.Mixed,
    change: String,
    ticket: Schema.Types.Mixed,
  },
  { collection: 'entries', versionKey: false, strict: 'throw' },
);

entrySchema.index({ ticket_id: 1, stream: 1, seq: 1 }, { unique: true, name: 'entry_seq' });
entrySchema.index(
  { ticket_id: 1, 'author.key': 1, client_id: 1 },
  { unique: true, name: 'entry_client_id' },
);
entrySchema.index({ stored: 1 }, { name: 'entry_stored' });
entrySchema.index(
  { 'of.id': 1, seq: 1 },
  { name: 'entry_changes', partialFilterExpression: { 'of.id': { $exists: true } } },
);
