import jwt from 'jsonwebtoken';
import { LRUCache } from 'lru-cache';
import type { Config } from '../../config.ts';
import { tokenClaims } from '../../contract/identity.ts';
import { sizes } from '../../contract/limits.ts';
import { AppError } from '../../errors.ts';
import { type Actor, sideOf, userKey } from './actor.ts';

/** A verified token: who, and the times between which it holds, in milliseconds since 1970. */
export interface VerifiedToken {
  actor: Actor;
  /** Infinity where the token has no `exp`. */
  expiresAt: number;
  notBefore: number;
}

export interface TokenVerifier {
  /** @throws AppError UNAUTHORIZED that says why. */
  verify(token: string): VerifiedToken;
}

const CACHED_TOKENS = 20_000;
const skewSeconds = sizes.tokenClockSkew / 1000;

function refuse(reason: string): AppError {
  const printable = reason.replace(/[^\x20-\x7e]/g, '?').slice(0, 200);
  const quoted = printable.replace(/["\\]/g, "'");
  return new AppError('UNAUTHORIZED', printable, {
    headers: {
      'WWW-Authenticate': `Bearer error="invalid_token", error_description="${quoted}"`,
    },
  });
}

/** jsonwebtoken throws on some tokens that are none, and answers null on others. */
function decodeHeader(token: string): (jwt.JwtHeader & { crit?: unknown }) | undefined {
  try {
    return jwt.decode(token, { complete: true })?.header;
  } catch {
    return undefined;
  }
}

function checkHeader(token: string, algorithms: readonly string[]): void {
  const header = decodeHeader(token);
  if (!header) throw refuse('the token is not a JWT');
  if (!algorithms.includes(header.alg)) {
    throw refuse(`algorithm "${header.alg}" is not allowed, only ${algorithms.join(', ')}`);
  }
  if (header.crit !== undefined) throw refuse('critical header extensions are not supported');
}

function checkSignature(token: string, config: Config['jwt'], now: number): unknown {
  let reason = 'signature does not match';
  for (const key of config.keys) {
    try {
      return jwt.verify(token, key, {
        algorithms: [...config.algorithms],
        clockTolerance: skewSeconds,
        clockTimestamp: Math.floor(now / 1000),
      });
    } catch (error) {
      const { message } = error as Error;
      if (message === 'jwt expired') reason = 'token expired';
      else if (message === 'jwt not active') reason = 'token is not valid yet';
      else if (message !== 'invalid signature') reason = message;
    }
  }
  throw refuse(reason);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function describeClaims(payload: Record<string, unknown>): string {
  const parsed = tokenClaims.safeParse(payload);
  const issue = parsed.error?.issues[0];
  if (!issue) return 'the claims are wrong';
  if (issue.code === 'unrecognized_keys') return `claim "${issue.keys[0]}" is not known`;
  const name = String(issue.path[0] ?? 'claims');
  if (!(name in payload)) return `claim "${name}" is missing`;
  if (issue.code === 'invalid_value') {
    return `${name} "${String(payload[name])}" is not one of ${issue.values.join(', ')}`;
  }
  return `claim "${name}" is wrong: ${issue.message}`;
}

function checkClaims(payload: unknown, config: Config['jwt']): VerifiedToken {
  if (!isObject(payload)) throw refuse('the claims are not an object');
  const parsed = tokenClaims.safeParse(payload);
  if (!parsed.success) throw refuse(describeClaims(payload));
  const claims = parsed.data;
  if (config.requireExpiry && claims.exp === undefined) throw refuse('claim "exp" is missing');
  if (config.issuer && claims.iss !== config.issuer) throw refuse('issuer does not match');
  if (config.audience && ![claims.aud].flat().includes(config.audience)) {
    throw refuse('audience does not match');
  }
  const id = (claims.id ?? claims.sub) as string;
  return {
    actor: {
      key: userKey(sideOf(claims.role), id, claims.iss),
      id,
      username: claims.username,
      email: claims.email,
      role: claims.role,
      origin: 'web',
    },
    expiresAt: claims.exp === undefined ? Number.POSITIVE_INFINITY : claims.exp * 1000,
    notBefore: (claims.nbf ?? 0) * 1000,
  };
}

/**
 * Verifies tokens and remembers the verdicts: the same token is presented with every request, and its
 * signature is the dearest part of one. Times are checked at every call.
 */
export function createTokenVerifier(config: Config['jwt'], clock: () => number): TokenVerifier {
  const verified = new LRUCache<string, VerifiedToken>({ max: CACHED_TOKENS });
  return {
    verify(token) {
      if (token.length > sizes.token) {
        throw refuse(`the token is longer than ${sizes.token} characters`);
      }
      const known = verified.get(token);
      if (known) {
        const now = clock();
        if (now >= known.expiresAt + sizes.tokenClockSkew) throw refuse('token expired');
        if (now < known.notBefore - sizes.tokenClockSkew) throw refuse('token is not valid yet');
        return known;
      }
      checkHeader(token, config.algorithms);
      const fresh = checkClaims(checkSignature(token, config, clock()), config);
      verified.set(token, fresh);
      return fresh;
    },
  };
}
