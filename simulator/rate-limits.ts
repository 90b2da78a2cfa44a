import { createHash } from 'node:crypto';
import { RateLimited } from './errors.ts';
import type { Settings } from './settings.ts';

/** `count` calls in `seconds`. */
export type Limit = readonly [count: number, seconds: number];

interface Bucket {
  used: number;
  resetsAt: number;
}

interface Request {
  /** Method and route with its parameters' names: the same for all calls of one kind. */
  route: string;
  /** The channel, guild or webhook the limit is counted for. */
  major: string;
  /** Null for calls without a token. */
  caller: { id: string; bot: boolean } | null;
  limit: Limit;
  /** Interaction endpoints are outside the global limit. */
  exempt: boolean;
}

const GLOBAL_PER_SECOND = 50;
const PERSON_FACTOR = 20;
const KEPT_BUCKETS = 10_000;

/** Counts calls per route and per bot, as Discord announces it in its headers. */
export class RateLimits {
  private readonly settings: Settings;
  private readonly buckets = new Map<string, Bucket>();

  constructor(settings: Settings) {
    this.settings = settings;
  }

  clear(): void {
    this.buckets.clear();
  }

  /** Counts one call and gives the headers for its answer; throws RateLimited, with `headers` filled all the same. */
  take(request: Request, headers: Record<string, string>): void {
    const factor =
      this.settings.rateLimitFactor * (request.caller?.bot === false ? PERSON_FACTOR : 1);
    if (factor <= 0) return;
    if (request.caller?.bot && !request.exempt) this.takeGlobal(request.caller.id, factor);
    const [count, seconds] = request.limit;
    const limit = Math.max(1, Math.round(count * factor));
    const key = `${request.caller?.id ?? ''}|${request.route}|${request.major}`;
    const bucket = this.bucket(key, seconds);
    const wait = (bucket.resetsAt - Date.now()) / 1000;
    const full = bucket.used >= limit;
    if (!full) bucket.used += 1;
    Object.assign(headers, {
      'X-RateLimit-Limit': String(limit),
      'X-RateLimit-Remaining': String(limit - bucket.used),
      'X-RateLimit-Reset': (bucket.resetsAt / 1000).toFixed(3),
      'X-RateLimit-Reset-After': wait.toFixed(3),
      'X-RateLimit-Bucket': createHash('md5').update(request.route).digest('hex'),
    });
    if (full) throw new RateLimited(wait, 'user');
  }

  private takeGlobal(callerId: string, factor: number): void {
    const bucket = this.bucket(`global|${callerId}`, 1);
    if (bucket.used >= GLOBAL_PER_SECOND * factor) {
      throw new RateLimited((bucket.resetsAt - Date.now()) / 1000, 'global');
    }
    bucket.used += 1;
  }

  private bucket(key: string, seconds: number): Bucket {
    const found = this.buckets.get(key);
    if (found && found.resetsAt > Date.now()) return found;
    if (this.buckets.size > KEPT_BUCKETS) this.buckets.clear();
    const fresh = { used: 0, resetsAt: Date.now() + seconds * 1000 };
    this.buckets.set(key, fresh);
    return fresh;
  }
}
