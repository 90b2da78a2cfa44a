import { Schema, type Types } from 'mongoose';
import type { Stream } from './entry.ts';

/**
 * Postings of a block of a log: the words that its texts have, once each. Of a block and not of a ticket,
 * so that a message costs the same in a long ticket; of a stream, so that a note's words stand in no row
 * that a customer's search may read. Derived from the log, and made again by `npm run reindex`.
 */
export interface SearchRow {
  /** The log's key and the block. */
  _id: string;
  ticket: Types.ObjectId;
  stream: Stream;
  /** Every word of its texts, once. */
  words: string[];
  /**
   * Of texts that have taken the place of another one, the entry that made them what they are, by the seq of
   * the message's first entry or `topic`: an older one is not taken on any more.
   */
  revs?: Record<string, number>;
  /** The newest entry it has a text of: where the block is read again, that one must not be missing. */
  seen?: number;
  /** The same as `revs` of a row that was written before there were `revs`. */
  texts?: Record<string, { rev: number }>;
  /** Another one with every change, so that of two writers one begins again. */
  version: Types.ObjectId;
}

export const searchSchema = new Schema<SearchRow>(
  {
    _id: { type: String, required: true },
    ticket: { type: Schema.Types.ObjectId, required: true },
    stream: { type: String, required: true },
    words: { type: [String], required: true },
    revs: { type: Schema.Types.Mixed },
    seen: { type: Number },
    texts: { type: Schema.Types.Mixed },
    version: { type: Schema.Types.ObjectId, required: true },
  } as never,
  { collection: 'search', versionKey: false, strict: 'throw' },
);
// Newest ticket first within a word: a page of the commonest word costs what one of a rare word does.
searchSchema.index({ words: 1, ticket: -1, stream: 1 }, { name: 'search_words' });
