import type { IncomingMessage } from 'node:http';
import type { RequestContext } from './request-context.ts';

const exposed =
  'Link, RateLimit, RateLimit-Policy, Retry-After, X-Request-Id, Deskcord-Head, WWW-Authenticate';
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
    res.setHeader('Access-Control-Allow-Methods', 'GET, POST, PATCH, DELETE');
    res.setHeader('Access-Control-Allow-Headers', accepted);
    res.setHeader('Access-Control-Max-Age', '600');
  }
  res.writeHead(204).end();
  return true;
}
