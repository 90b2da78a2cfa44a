import type { Collection, Document, Filter, Sort, WithId } from 'mongodb';
import { type PageQuery, pageRows } from '../contract/pages.ts';
import { majority } from './log/collections.ts';

/** Rows of one page, and how many there are on all of them. */
export interface Page<T> {
  rows: T[];
  total: number;
}

/** Which rows a page has. */
export function spanOf({ page = 1, limit = pageRows.usual }: PageQuery) {
  return { skip: (page - 1) * limit, limit };
}

/**
 * One page of a collection, in an order that an index has, and how many rows there are; all of a collection
 * are counted by its metadata.
 * @param filter left out for all
 */
export async function readRows<T extends Document>(
  collection: Collection<T>,
  query: PageQuery,
  sort: Sort,
  filter?: Filter<T>,
): Promise<Page<WithId<T>>> {
  const { skip, limit } = spanOf(query);
  const found = collection.find(filter ?? {}, { readConcern: majority }).sort(sort);
  const [rows, total] = await Promise.all([
    found.skip(skip).limit(limit).toArray(),
    filter
      ? collection.countDocuments(filter, { readConcern: majority })
      : collection.estimatedDocumentCount(),
  ]);
  return { rows, total };
}
