import type { AppContext } from '../../context.ts';
import { RATE_LIMIT_WINDOW_SECONDS, type RateLimitName } from '../../contract/limits.ts';
import { AppError } from '../../errors.ts';
import type { RateVerdict } from '../../infra/rate-limits.ts';

/** The header fields of the IETF draft, which tell a client where it stands. */
export function rateHeaders(verdict: RateVerdict): Record<string, string> {
  const { name, limit, remaining, resetSeconds } = verdict;
  return {
    'RateLimit-Policy': `"${name}";q=${limit};w=${RATE_LIMIT_WINDOW_SECONDS}`,
    RateLimit: `"${name}";r=${remaining};t=${resetSeconds}`,
  };
}

/**
 * Counts one request of a user, whichever door it came through.
 * @throws AppError RATELIMIT
 */
export async function countRequest(
  ctx: AppContext,
  name: RateLimitName,
  key: string,
): Promise<RateVerdict> {
  const verdict = await ctx.limits.consume(name, key);
  if (verdict.allowed) return verdict;
  throw new AppError(
    'RATELIMIT',
    `You are being ratelimited only ${verdict.limit} request are allowed`,
    { retryAfter: verdict.resetSeconds, headers: rateHeaders(verdict) },
  );
}
