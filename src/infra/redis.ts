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

/** Opens a client that reconnects for ever; its errors are logged once for each outage. */
export function openRedis(url: string, log: Log, options: Options = {}): Redis {
  const defaults: Options = { retryStrategy: reconnectDelay, maxRetriesPerRequest: null };
  const client = new Redis(url, { ...defaults, ...options });
  let away = false;
  client.on('error', (error) => {
    if (!away)
      log.warn(
        { reason: error.message },
        'Redis is away; other nodes hear by the reconciliation poll',
      );
    away = true;
  });
  client.on('ready', () => {
    if (away) log.info('Redis is back');
    away = false;
  });
  return client;
}
