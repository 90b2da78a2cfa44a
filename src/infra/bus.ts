import type { Config } from '../config.ts';
import { type Bus, createLocalBus } from './bus-local.ts';
import { createRedisBus } from './bus-redis.ts';
import type { Log } from './log.ts';

/**
 * One process needs no Redis; several meet through it.
 * @param isEvent checks what comes from other processes
 */
export function createBus<E>(
  config: Pick<Config, 'redisUrl' | 'dbName'>,
  isEvent: (value: unknown) => value is E,
  log: Log,
  onBug: (error: unknown) => void,
): Bus<E> {
  const local = createLocalBus<E>(log, onBug);
  if (!config.redisUrl) return local;
  return createRedisBus(config.redisUrl, config.dbName, local, isEvent, log);
}
