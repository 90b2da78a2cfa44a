import type { IncomingMessage } from 'node:http';
import type { Log } from '../infra/log.ts';

function toPattern(allowed: string): RegExp {
  const escaped = allowed.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replace('*', '[a-z0-9.-]+');
  return new RegExp(`^${escaped}$`, 'i');
}

/**
 * Says whether a request's `Origin` may talk to this server: for CORS and for the handshake of a
 * socket, which browsers do not protect by CORS. Programs send no Origin and are not meant.
 * @param allowed `*`, origins, or origins with `*.` before the domain
 */
export function createOriginCheck(
  allowed: readonly string[],
  log: Log,
): (req: IncomingMessage) => boolean {
  if (allowed.includes('*')) return () => true;
  const patterns = allowed.map(toPattern);
  const refused = new Set<string>();
  return ({ headers }) => {
    const { origin, host } = headers;
    if (origin === undefined) return true;
    if (origin.replace(/^https?:\/\//, '') === host) return true;
    if (patterns.some((pattern) => pattern.test(origin))) return true;
    if (!refused.has(origin) && refused.size < 1000) {
      refused.add(origin);
      log.warn({ origin }, `refused an origin; to allow it add ${origin} to ALLOWED_ORIGINS`);
    }
    return false;
  };
}
