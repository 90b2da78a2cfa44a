import { Schema, type Types } from 'mongoose';

/** A customer who may read, but not write. */
export interface BlockRow {
  _id: Types.ObjectId;
  /** Of the customer. */
  key: string;
  user_id: string;
  partner: string | null;
  reason: string;
  /** Milliseconds since 1970; null for no end. */
  expires_at: number | null;
  created_at: number;
  /** Whoever did it. */
  by: { key: string; id: string; name: string };
}

export const blockSchema = new Schema<BlockRow>(
  {
    key: { type: String, required: true },
    user_id: { type: String, required: true },
    partner: { type: String, default: null },
    reason: { type: String, required: true },
    expires_at: { type: Number, default: null },
    created_at: { type: Number, required: true },
    by: { type: Schema.Types.Mixed, required: true },
  } as never,
  { collection: 'blocks', versionKey: false, strict: 'throw' },
);
blockSchema.index({ key: 1 }, { unique: true, name: 'block_key' });
blockSchema.index(
  { expires_at: 1 },
  { name: 'block_expires', partialFilterExpression: { expires_at: { $type: 'number' } } },
);
