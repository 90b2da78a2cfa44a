import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import type { Config } from '../config.ts';
import { RATE_LIMIT_WINDOW_SECONDS, type RateLimitName, rateLimits } from '../contract/limits.ts';
import type { Log } from './log.ts';
import { failFast, openRedis } from './redis.ts';

/** Where a user stands after one more request. */
export interface RateVerdict {
  name: RateLimitName;
  allowed: boolean;
  /** Requests in a window. */
  limit: number;
  remaining: number;
  /** Seconds until the window ends, rounded up. */
  resetSeconds: number;
}

export interface RateLimits {
  consume(name: RateLimitName, key: string): Promise<RateVerdict>;
  close(): Promise<void>;
}

/**
 * Counts requests in one fixed minute for each limit and user: in memory, or in Redis for all nodes
 * together, with each node counting for itself while Redis is away.
 */
export function createRateLimits(
  config: Pick<Config, 'redisUrl' | 'rateLimitFactor' | 'dbName'>,
  log: Log,
): RateLimits {
  const redis = config.redisUrl ? openRedis(config.redisUrl, log, failFast) : undefined;
  const limiters = new Map<RateLimitName, RateLimiterMemory | RateLimiterRedis>();
  const points = (name: RateLimitName) =>
    Math.max(1, Math.round(rateLimits[name] * config.rateLimitFactor));
  for (const name of Object.keys(rateLimits) as RateLimitName[]) {
    const options = {
      points: points(name),
      duration: RATE_LIMIT_WINDOW_SECONDS,
      keyPrefix: `deskcord:${config.dbName}:${name}`,
    };
    const memory = new RateLimiterMemory(options);
    limiters.set(
      name,
      redis
        ? new RateLimiterRedis({
            ...options,
            storeClient: redis,
            insuranceLimiter: memory,
            rejectIfRedisNotReady: true,
            inMemoryBlockOnConsumed: options.points + 1,
          })
        : memory,
    );
  }
  return {
    async consume(name, key) {
      const limiter = limiters.get(name) as RateLimiterMemory;
      const verdict = (allowed: boolean, state: RateLimiterRes): RateVerdict => ({
        name,
        allowed,
        limit: limiter.points,
        remaining: Math.max(0, state.remainingPoints),
        resetSeconds: Math.max(1, Math.ceil(state.msBeforeNext / 1000)),
      });
      try {
        return verdict(true, await limiter.consume(key));
      } catch (refusal) {
        if (refusal instanceof RateLimiterRes) return verdict(false, refusal);
        throw refusal;
      }
    },
    async close() {
      redis?.disconnect();
    },
  };
}
