import type { Config } from '../config.ts';
import { type Bus, createLocalBus } from './bus-local.ts';
import { createRedisBus } from './bus-redis.ts';
import type { Log } from './log.ts';

/** One process needs no Redis; several meet through it. */
export function createBus<E>(
  config: Pick<Config, 'redisUrl' | 'dbName'>,
  log: Log,
  onBug: (error: unknown) => void,
): Bus<E> {
  const local = createLocalBus<E>(log, onBug);
  return config.redisUrl ? createRedisBus(config.redisUrl, config.dbName, local, log) : local;
}
