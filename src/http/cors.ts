import type { IncomingMessage } from 'node:http';
import type { EndpointRow } from '../contract/endpoint-row.ts';
import { endpoints } from '../contract/endpoints.ts';
import type { RequestContext } from './request-context.ts';

/** What a client on a partner's page could not use and read otherwise: all there is in the contract. */
const all: readonly EndpointRow[] = Object.values(endpoints);
const methods = [...new Set(all.map(({ method }) => method))].sort().join(', ');
const always = ['RateLimit', 'RateLimit-Policy', 'Retry-After', 'WWW-Authenticate', 'X-Request-Id'];
const exposed = [...new Set([...always, ...all.flatMap(({ headers = [] }) => headers)])].join(', ');
const accepted = 'Authorization, Content-Type, Idempotency-Key, X-Request-Id, Range';

/** Adds the CORS headers of an allowed origin; answers a preflight. @returns true when answered */
export function applyCors(
  isAllowed: (req: IncomingMessage) => boolean,
  { req, res }: RequestContext,
): boolean {
  const { origin } = req.headers;
  if (origin === undefined) return false;
  res.setHeader('Vary', 'Origin');
  if (isAllowed(req)) {
    res.setHeader('Access-Control-Allow-Origin', origin);
    res.setHeader('Access-Control-Expose-Headers', exposed);
  }
  if (req.method !== 'OPTIONS' || !req.headers['access-control-request-method']) return false;
  if (isAllowed(req)) {
    res.setHeader('Access-Control-Allow-Methods', methods);
    res.setHeader('Access-Control-Allow-Headers', accepted);
    res.setHeader('Access-Control-Max-Age', '600');
  }
  res.writeHead(204).end();
  return true;
}
