import type { Timestamp } from 'mongodb';
import { Schema, type Types } from 'mongoose';
import type { Stream } from './entry.ts';

/** Consumer offset: how far a consumer has come in one log. */
export interface OffsetRow {
  /** Consumer, ticket and stream. */
  _id: string;
  consumer: string;
  ticket_id: Types.ObjectId;
  stream: Stream;
  /** The last entry that is dealt with. */
  seq: number;
  /** True where there is, or may be, more: what a start looks for. */
  lagging: boolean;
  /** Fencing token: a holder of an older lease may not write any more. */
  fence: number;
}

export const offsetSchema = new Schema<OffsetRow>(
  {
    _id: { type: String, required: true },
    consumer: { type: String, required: true },
    ticket_id: { type: Schema.Types.ObjectId, required: true },
    stream: { type: String, required: true },
    seq: { type: Number, required: true },
    lagging: { type: Boolean, required: true },
    fence: { type: Number, required: true },
  },
  { collection: 'offsets', versionKey: false, strict: 'throw' },
);
offsetSchema.index(
  { consumer: 1, ticket_id: 1 },
  { name: 'offset_lagging', partialFilterExpression: { lagging: true } },
);

/** Watermark of a consumer: which logs it knows of. */
export interface WatermarkRow {
  /** The consumer. */
  _id: string;
  /** Every log with an entry from before this cluster time is caught up with, or marked as lagging. */
  stored: Timestamp;
  /** When the consumer was first run, by the same clock. */
  began: Timestamp;
  /** What was there before the consumer: the last ticket of the first walk that is marked. */
  walked: Types.ObjectId | null;
  /** True once the first walk has reached its end. */
  complete: boolean;
  fence: number;
}

export const watermarkSchema = new Schema<WatermarkRow>(
  {
    _id: { type: String, required: true },
    stored: { type: Schema.Types.Mixed, required: true },
    began: { type: Schema.Types.Mixed, required: true },
    walked: { type: Schema.Types.ObjectId, default: null },
    complete: { type: Boolean, required: true },
    fence: { type: Number, required: true },
  },
  { collection: 'watermarks', versionKey: false, strict: 'throw' },
);

/** An entry that a consumer gave up, so that those behind it go on. */
export interface DeadLetterRow {
  /** Consumer, ticket, stream and seq. */
  _id: string;
  consumer: string;
  ticket_id: Types.ObjectId;
  stream: Stream;
  seq: number;
  reason: string;
  tries: number;
  /** Milliseconds since 1970. */
  at: number;
}

export const deadLetterSchema = new Schema<DeadLetterRow>(
  {
    _id: { type: String, required: true },
    consumer: { type: String, required: true },
    ticket_id: { type: Schema.Types.ObjectId, required: true },
    stream: { type: String, required: true },
    seq: { type: Number, required: true },
    reason: { type: String, required: true },
    tries: { type: Number, required: true },
    at: { type: Number, required: true },
  },
  { collection: 'dead_letters', versionKey: false, strict: 'throw' },
);
deadLetterSchema.index({ consumer: 1, at: -1 }, { name: 'dead_letter_at' });

/** Work that is due at a time, once. */
export interface DueRow {
  /** Kind and key. */
  _id: string;
  kind: string;
  key: string;
  /** Milliseconds since 1970; null for work that was given up. */
  at: number | null;
  data: unknown;
  /** Failed tries so far. */
  tries: number;
  /** Why it failed last. */
  problem: string | null;
  /** Another one whenever the work is scheduled anew, so that an older run cannot end the newer one. */
  version: string;
  /** Fencing token of the lease under which it was last taken up. */
  fence: number;
  /** True once its handler has passed the point from which it is not called off any more. */
  begun?: boolean;
}

export const dueSchema = new Schema<DueRow>(
  {
    _id: { type: String, required: true },
    kind: { type: String, required: true },
    key: { type: String, required: true },
    at: { type: Number, default: null },
    data: Schema.Types.Mixed,
    tries: { type: Number, required: true },
    problem: { type: String, default: null },
    version: { type: String, required: true },
    fence: { type: Number, required: true },
    begun: Boolean,
  } as never,
  { collection: 'due', versionKey: false, strict: 'throw' },
);
dueSchema.index(
  { at: 1 },
  { name: 'due_at', partialFilterExpression: { at: { $type: 'number' } } },
);
