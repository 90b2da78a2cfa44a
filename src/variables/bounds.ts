import proxyAddr from 'proxy-addr';
import { z } from 'zod';
import { list, type Variable } from './kinds.ts';

export const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;

/** What proxy-addr takes: an address, a CIDR range, a name for some of them. */
function isProxyRange(value: string): boolean {
  try {
    proxyAddr.compile(value);
    return true;
  } catch {
    return false;
  }
}

const milliseconds = (fallback: number, wants: string, most = 3_600_000) => ({
  schema: z.coerce.number().int().min(0).max(most).default(fallback),
  wants,
  example: String(fallback),
});

const count = (fallback: number, wants: string) => ({
  schema: z.coerce.number().int().min(1).default(fallback),
  wants,
  example: String(fallback),
});

/** Limits, deadlines and the log. */
export const boundVariables = {
  RATE_LIMIT_FACTOR: {
    schema: z.coerce.number().positive().max(1_000_000).default(1),
    wants: 'a number that every rate limit is multiplied by',
    example: '1',
  },
  MAX_CONNECTIONS: {
    schema: z.coerce.number().int().min(1).default(20_000),
    wants: 'how many sockets one process accepts',
    example: '20000',
  },
  MAX_CONNECTIONS_PER_USER: {
    schema: z.coerce.number().int().min(1).default(50),
    wants: 'how many sockets one user may have on one process',
    example: '50',
  },
  MAX_SOCKET_BUFFER_BYTES: {
    schema: z.coerce
      .number()
      .int()
      .min(65_536)
      .default(4 * 1024 * 1024),
    wants: 'bytes waiting for a slow reader before it is cut (it catches up later)',
    example: '4194304',
  },
  MAX_UPLOAD_BYTES_PER_USER: count(
    1024 * 1024 * 1024,
    'bytes of files one customer may have stored',
  ),
  MAX_UPLOAD_BYTES_PER_TICKET: count(
    256 * 1024 * 1024,
    'bytes of files each side of one ticket may have stored',
  ),
  MAX_OPEN_TICKETS_PER_USER: count(20, 'open tickets one customer may have'),
  MAX_UNSENT_BYTES: {
    schema: z.coerce
      .number()
      .int()
      .min(16 * 1024 * 1024)
      .default(256 * 1024 * 1024),
    wants:
      'bytes of answers over HTTP that may wait for slow readers in one process, 16777216 or more',
    example: '268435456',
  },
  TRUSTED_PROXIES: {
    schema: list.pipe(z.array(z.string().refine(isProxyRange))).optional(),
    wants:
      'addresses and CIDR ranges of your proxies, separated by commas; loopback and uniquelocal stand for theirs',
    example: '10.0.0.5,192.168.0.0/16',
  },
  WRITE_DEADLINE_MS: milliseconds(
    5000,
    'milliseconds until a write that MongoDB does not confirm is answered 503',
  ),
  SWEEP_INTERVAL_MS: milliseconds(
    4000,
    'milliseconds between two looks for entries another node wrote',
  ),
  SHUTDOWN_DELAY_MS: milliseconds(
    0,
    'milliseconds, at most 300000, /readyz fails before a stopping server closes its door',
    300_000,
  ),
  LOG_LEVEL: {
    schema: z.enum(logLevels).default('info'),
    wants: logLevels.join(', '),
    example: 'info',
  },
} satisfies Record<string, Variable>;
