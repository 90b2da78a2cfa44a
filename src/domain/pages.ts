import { type PageQuery, pageRows } from '../contract/pages.ts';

/** Rows of one page, and how many there are on all of them. */
export interface Page<T> {
  rows: T[];
  total: number;
}

/** Which rows a page has. */
export function spanOf({ page = 1, limit = pageRows.usual }: PageQuery) {
  return { skip: (page - 1) * limit, limit };
}
