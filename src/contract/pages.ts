import { z } from 'zod';
import { queryInteger } from './ids.ts';

/** How many rows a page has at most, and unless `limit` says otherwise. */
export const pageRows = { most: 100, usual: 20 } as const;
/** The last page there is: what lies further back is to be searched for. */
export const LAST_PAGE = 1000;

/** The query of a list by pages: `X-Total-Count` says how many rows there are, `Link` where to go on. */
export const pageQuery = z.object({
  page: queryInteger(1, LAST_PAGE).optional(),
  limit: queryInteger(1, pageRows.most).optional(),
});
export type PageQuery = z.infer<typeof pageQuery>;

/** Headers of an answer that is a page. */
export const pageHeaderNames = ['Link', 'X-Total-Count'] as const;
