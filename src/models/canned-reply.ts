import { Schema, type Types } from 'mongoose';

/** A text that is kept to answer with. */
export interface CannedReplyRow {
  _id: Types.ObjectId;
  name: string;
  /** The name without case and accents: what it is found and sorted by. */
  name_key: string;
  text: string;
  partner: string | null;
  created_at: number;
  updated_at: number;
}

export const cannedReplySchema = new Schema<CannedReplyRow>(
  {
    name: { type: String, required: true },
    name_key: { type: String, required: true },
    text: { type: String, required: true },
    partner: { type: String, default: null },
    created_at: { type: Number, required: true },
    updated_at: { type: Number, required: true },
  },
  { collection: 'canned_replies', versionKey: false, strict: 'throw' },
);
cannedReplySchema.index({ name_key: 1, partner: 1 }, { unique: true, name: 'canned_reply_name' });
