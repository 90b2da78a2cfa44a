import { Schema, type Types } from 'mongoose';
import type { Stream } from './entry.ts';

/**
 * What is to carry a file, or does. A message: by its id where that is known already, or else by its
 * author's idempotency key; the author is the file's uploader. Or a ticket that was opened with it.
 */
export type FileHolder = { stream: Stream } & (
  | { message: Types.ObjectId }
  | { client_id: string }
  | { ticket: Types.ObjectId }
);

/**
 * One stored file: what is known of it, and what its bytes count as. The row is written before the
 * first byte and removed after the last, so that no crash leaves bytes nobody knows of.
 */
export interface StoredFileRow {
  _id: Types.ObjectId;
  /** Null until a ticket has it, for what was uploaded before there was one. */
  ticket_id: Types.ObjectId | null;
  /** Key of whoever brought it. */
  uploader: string;
  /** Whose quota of the ticket it counts for, where not for the customer's; those of before count there. */
  side?: 'staff';
  name: string;
  type: string;
  /** What it counts against the quotas: what was set aside for it, then its size. */
  bytes: number;
  /** `doubtful`: a message that had it is being changed; who still has it is looked up when asked. */
  state: 'uploading' | 'stored' | 'doubtful' | 'removing';
  holders: FileHolder[];
  /** When the collector is to look at it next, milliseconds since 1970; null for no more. */
  due: number | null;
  created_at: number;
}

export const storedFileSchema = new Schema<StoredFileRow>(
  {
    ticket_id: { type: Schema.Types.ObjectId, default: null },
    uploader: { type: String, required: true },
    side: String,
    name: { type: String, required: true },
    type: { type: String, required: true },
    bytes: { type: Number, required: true },
    state: { type: String, required: true },
    holders: { type: [Schema.Types.Mixed], default: [] } as never,
    due: { type: Number, default: null },
    created_at: { type: Number, required: true },
  },
  { collection: 'stored_files', versionKey: false, strict: 'throw' },
);
storedFileSchema.index(
  { due: 1 },
  { name: 'file_due', partialFilterExpression: { due: { $type: 'number' } } },
);

// The files of a ticket; and what somebody has uploaded that no ticket has.
storedFileSchema.index({ ticket_id: 1, uploader: 1 }, { name: 'file_ticket' });

/** What a user or a ticket takes up; changed in one transaction with the rows it counts. */
export interface UsageRow {
  /** `user KEY`, `ticket ID`, `ticket ID staff`; `opener KEY` for the turns of a user's new tickets. */
  _id: string;
  /** Bytes of files. */
  bytes: number;
  /** Grows with each new ticket of a user, so that two at once come one after the other. */
  turn?: number;
}

export const usageSchema = new Schema<UsageRow>(
  {
    _id: { type: String, required: true },
    bytes: { type: Number, required: true },
    turn: Number,
  },
  { collection: 'usage', versionKey: false, strict: 'throw' },
);
