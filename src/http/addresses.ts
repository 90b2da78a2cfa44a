import type { IncomingMessage } from 'node:http';
import { isIP, isIPv4 } from 'node:net';
import ipaddr from 'ipaddr.js';
import proxyAddr from 'proxy-addr';

/** Without what makes one address look like two: a port, brackets, an IPv4 address in IPv6's form. */
function normalize(address: string): string | undefined {
  if (isIPv4(address)) return address;
  const bare =
    /^\[([^\]]+)\](?::\d+)?$/.exec(address)?.[1] ?? address.replace(/^([\d.]+):\d+$/, '$1');
  return isIP(bare) === 0 ? undefined : ipaddr.process(bare.replace(/%.*$/, '')).toString();
}

/**
 * Says which address a request comes from: the connection's, or where that is one of `trusted` (a
 * proxy of the operator), the one the proxy names in `X-Forwarded-For`. What anybody else writes
 * there is not believed.
 * @param trusted addresses and CIDR ranges, and the names `loopback`, `linklocal`, `uniquelocal`
 */
export function createAddressOf(trusted: readonly string[]): (req: IncomingMessage) => string {
  const own = ({ socket }: IncomingMessage) => normalize(socket.remoteAddress ?? '') ?? 'unknown';
  if (trusted.length === 0) return own;
  const isTrusted = proxyAddr.compile([...trusted]);
  return (req) => {
    if (req.headers['x-forwarded-for'] === undefined) return own(req);
    // The connection's own first, then those the proxies name, up to the first that is not trusted.
    for (const address of proxyAddr.all(req, isTrusted).toReversed()) {
      const known = normalize(address);
      if (known) return known;
    }
    return own(req);
  };
}
