import type { Types } from 'mongoose';
import type { AppContext } from '../../context.ts';
import { majority, native, oid } from '../log/collections.ts';
import type { Stream } from '../log/entry.ts';

/** A filter of stored tickets, and the index to go by. */
export interface TicketFilter {
  filter: Record<string, unknown>;
  hint?: string | undefined;
}

export interface Batch {
  /** Different tickets, newest first. */
  candidates: string[];
  /** Where the next batch begins, as `before`; undefined after the last one. */
  last: string | undefined;
}

/** A list of tickets in the order of their ids, newest first, that is read bit by bit. */
export interface Postings {
  /** The next up to `size` that are older than `before`. */
  list(before: string | undefined, size: number): Promise<Batch>;
  /** Those of the candidates that are on it, in their order. */
  probe(candidates: string[]): Promise<string[]>;
}

function batchOf(rows: readonly Types.ObjectId[], size: number): Batch {
  const candidates = [...new Set(rows.map((id) => id.toHexString()))];
  return { candidates, last: rows.length < size ? undefined : candidates.at(-1) };
}

const among = (candidates: string[], found: ReadonlySet<string>) =>
  candidates.filter((id) => found.has(id));

/**
 * The tickets that have a word. Everything is answered by the keys of one index, whose order is that of
 * the answer: no row is read, and nothing is sorted. A ticket of many blocks fills a batch with itself;
 * the next one begins behind it.
 */
export function wordPostings(ctx: AppContext, word: string, withNotes: boolean): Postings {
  const rows = () => native(ctx.db.search);
  const options = {
    hint: 'search_words',
    projection: { _id: 0, ticket: 1 },
    readConcern: majority,
  } as const;
  const isPublic: { stream: Stream } = { stream: 'public' };
  const place = { words: word, ...(!withNotes && isPublic) };
  return {
    async list(before, size) {
      const older = before && { ticket: { $lt: oid(before) } };
      const found = await rows()
        .find({ ...place, ...older } as never, options)
        .sort({ ticket: -1 })
        .limit(size)
        .batchSize(size + 1)
        .toArray();
      return batchOf(
        found.map(({ ticket }) => ticket),
        size,
      );
    },
    async probe(candidates) {
      const found = await rows()
        .find({ ...place, ticket: { $in: candidates.map(oid) } } as never, options)
        .batchSize(candidates.length * 4)
        .toArray();
      return among(candidates, new Set(found.map(({ ticket }) => ticket.toHexString())));
    },
  };
}

/** The tickets that a filter of lists names. */
export function listingOf(ctx: AppContext, { filter, hint }: TicketFilter): Postings {
  const rows = () => native(ctx.db.tickets);
  const options = { projection: { _id: 1 }, readConcern: majority } as const;
  const byIndex = hint && { hint };
  return {
    async list(before, size) {
      const older = before && { _id: { $lt: oid(before) } };
      const found = await rows()
        .find({ ...filter, ...older } as never, { ...options, ...byIndex })
        .sort({ _id: -1 })
        .limit(size)
        .batchSize(size + 1)
        .toArray();
      return batchOf(
        found.map(({ _id }) => _id),
        size,
      );
    },
    async probe(candidates) {
      const found = await rows()
        .find({ ...filter, _id: { $in: candidates.map(oid) } } as never, options)
        .toArray();
      return among(candidates, new Set(found.map(({ _id }) => _id.toHexString())));
    },
  };
}
