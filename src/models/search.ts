import { Schema, type Types } from 'mongoose';
import type { Stream } from './entry.ts';

/** A text of a ticket as the index has it. */
export interface IndexedTextRow {
  /** The entry that made the text what it is; an older one never takes its place. */
  rev: number;
  /** Its words, with a space between them; none once it is deleted. */
  words: string;
}

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
  /** Every word of `texts`, once. */
  words: string[];
  /** By the seq of a message's first entry, `topic` or `description`. */
  texts: Record<string, IndexedTextRow>;
  /** Another one with every change, so that of two writers one begins again. */
  version: Types.ObjectId;
}

export const searchSchema = new Schema<SearchRow>(
  {
    _id: { type: String, required: true },
    ticket: { type: Schema.Types.ObjectId, required: true },
    stream: { type: String, required: true },
    words: { type: [String], required: true },
    texts: { type: Schema.Types.Mixed, required: true },
    version: { type: Schema.Types.ObjectId, required: true },
  } as never,
  { collection: 'search', versionKey: false, strict: 'throw' },
);
// Newest ticket first within a word: a page of the commonest word costs what one of a rare word does.
searchSchema.index({ words: 1, ticket: -1, stream: 1 }, { name: 'search_words' });
