import { Redis, type RedisOptions } from 'ioredis';
import type { Log } from './log.ts';

type Options = Omit<RedisOptions, 'replyMapping'>;

/**
 * A client for publishing and counting: fails at once while Redis is away, instead of queueing what
 * nobody will want any more by then. A Redis that is there and does not answer is away as well: the
 * first command pays for finding that out, the connection is dropped, and none after it waits.
 */
export const failFast: Options = {
  enableOfflineQueue: false,
  maxRetriesPerRequest: 0,
  connectTimeout: 2000,
  commandTimeout: 1000,
  socketTimeout: 1000,
};

const reconnectDelay = (attempt: number) => Math.min(attempt * 100, 2000);

/** The clients of one process that have lost Redis: it is one outage, however many notice. */
const outages = new WeakMap<Log, Set<Redis>>();

function outageOf(log: Log): Set<Redis> {
  const known = outages.get(log) ?? new Set<Redis>();
  outages.set(log, known);
  return known;
}

/** Opens a client that reconnects for ever; an outage is logged once for all clients of a log. */
export function openRedis(url: string, log: Log, options: Options = {}): Redis {
  const defaults: Options = { retryStrategy: reconnectDelay, maxRetriesPerRequest: null };
  const client = new Redis(url, { ...defaults, ...options });
  const away = outageOf(log);
  client.on('error', (error) => {
    const isFirst = away.size === 0;
    away.add(client);
    if (!isFirst) return;
    const what = 'Redis is away; other nodes hear by the reconciliation poll';
    log.warn({ reason: error.message }, what);
  });
  client.on('ready', () => {
    if (away.delete(client) && away.size === 0) log.info('Redis is back');
  });
  client.on('end', () => away.delete(client));
  return client;
}
