import { LAST_PAGE, type PageQuery, pageRows } from '../contract/pages.ts';
import type { Page } from '../domain/pages.ts';
import type { RequestContext } from './request-context.ts';

/** `X-Total-Count`, and `Link` (RFC 8288) to the first, previous, next and last page. */
export function pageHeaders(
  request: RequestContext,
  { page = 1, limit = pageRows.usual }: PageQuery,
  { total }: Page<unknown>,
): Record<string, string> {
  const last = Math.min(LAST_PAGE, Math.max(1, Math.ceil(total / limit)));
  const links: [relation: string, page: number][] = [['first', 1]];
  if (page > 1) links.push(['prev', Math.min(page - 1, last)]);
  if (page < last) links.push(['next', page + 1]);
  links.push(['last', last]);
  const linkTo = ([relation, number]: [string, number]) => {
    const query = new URLSearchParams(request.query);
    query.set('page', String(number));
    return `<${request.path}?${query.toString()}>; rel="${relation}"`;
  };
  return { 'X-Total-Count': String(total), Link: links.map(linkTo).join(', ') };
}
