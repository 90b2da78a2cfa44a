import { Schema, type Types } from 'mongoose';

/** What there was of it when it was deleted; of posts in Discord, once they are. */
export interface ErasedCounts {
  tickets: number;
  entries: number;
  files: number;
  transcripts: number;
  profiles: number;
  blocks: number;
}

/** Whose data is wiped; kept until it is done, and not a moment longer. */
export interface ErasureSubject {
  /** Key of the customer; null for a profile that is joined to no user. */
  key: string | null;
  customer_id: Types.ObjectId | null;
}

/**
 * A ticket, or all that is known of a customer, that is wiped: the work while it is under way, and the
 * receipt ever after. `_id` is the ticket's own, or a new one for a customer's.
 */
export interface ErasureRow {
  _id: Types.ObjectId;
  kind: 'ticket' | 'customer';
  why: 'request' | 'retention';
  /** The customer's erasure that a ticket's is part of. */
  part_of: Types.ObjectId | null;
  by: { id: string; name: string };
  /** Milliseconds since 1970, as the others. */
  at: number;
  /** When nothing of it could be found any more here; Discord may still have its channel. */
  wiped_at: number | null;
  /** When it had been looked for once more, and Discord had nothing of it. */
  done_at: number | null;
  /**
   * Whether Discord has anything of it: `waiting` until the bridge has removed that; `unsure` where it has
   * removed what it found, but a transcript that no row names may be elsewhere.
   */
  discord: 'none' | 'waiting' | 'done' | 'unsure';
  counts: ErasedCounts;
  /** Of a ticket: what is kept of it. */
  ticket?: {
    number: number;
    created_at: number;
    closed_at: number | null;
    /** Every time it ended. */
    ended: number[];
  };
  /** Of a customer's, while it is under way. */
  subject?: ErasureSubject;
}

const optional = { type: Number, default: null };

export const erasureSchema = new Schema<ErasureRow>(
  {
    kind: { type: String, required: true },
    why: { type: String, required: true },
    part_of: { type: Schema.Types.ObjectId, default: null },
    by: { type: Schema.Types.Mixed, required: true },
    at: { type: Number, required: true },
    wiped_at: optional,
    done_at: optional,
    discord: { type: String, required: true },
    counts: { type: Schema.Types.Mixed, required: true },
    ticket: Schema.Types.Mixed,
    subject: Schema.Types.Mixed,
  } as never,
  { collection: 'erasures', versionKey: false, strict: 'throw' },
);
erasureSchema.index({ at: -1, _id: -1 }, { name: 'erasure_at' });
erasureSchema.index(
  { part_of: 1, done_at: 1 },
  { name: 'erasure_part', partialFilterExpression: { part_of: { $type: 'objectId' } } },
);
erasureSchema.index(
  { kind: 1, at: 1 },
  { name: 'erasure_under_way', partialFilterExpression: { wiped_at: { $type: 'null' } } },
);
erasureSchema.index(
  { discord: 1, kind: 1 },
  { name: 'erasure_in_discord', partialFilterExpression: { discord: 'waiting' } },
);
