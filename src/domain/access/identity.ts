import jwt from 'jsonwebtoken';
import { LRUCache } from 'lru-cache';
import type { z } from 'zod';
import type { Config } from '../../config.ts';
import { tokenClaims } from '../../contract/identity.ts';
import { sizes } from '../../contract/limits.ts';
import { displayName } from '../../contract/text.ts';
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
  /**
   * Asynchronous, since the key of some issuers must be fetched first; a token met before is
   * answered from the cache.
   * @throws AppError UNAUTHORIZED that says why
   */
  verify(token: string): Promise<VerifiedToken>;
}

const CACHED_TOKENS = 20_000;

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

function checkExtensions({ crit }: { crit?: unknown }): void {
  if (crit !== undefined) throw refuse('critical header extensions are not supported');
}

function checkHeader(token: string, algorithms: readonly string[]): void {
  const header = decodeHeader(token);
  if (!header) throw refuse('the token is not a JWT');
  if (!algorithms.includes(header.alg)) {
    throw refuse(`algorithm "${header.alg}" is not allowed, only ${algorithms.join(', ')}`);
  }
  checkExtensions(header);
}

/**
 * The claims of a token that somebody with a secret has signed. Its times are checked later. The header
 * of what is refused is looked at first: what is wrong there is the better reason.
 */
function checkSignature(token: string, config: Config['jwt']): unknown {
  let reason = 'signature does not match';
  for (const key of config.keys) {
    try {
      const { header, payload } = jwt.verify(token, key, {
        algorithms: [...config.algorithms],
        ignoreExpiration: true,
        ignoreNotBefore: true,
        complete: true,
      });
      checkExtensions(header);
      return payload;
    } catch (error) {
      if (error instanceof AppError) throw error;
      checkHeader(token, config.algorithms);
      // It looks into the claims once the signature matches, and into null it cannot.
      if (!(error instanceof jwt.JsonWebTokenError)) throw refuse(NO_OBJECT);
      if (error.message !== 'invalid signature') reason = error.message;
    }
  }
  throw refuse(reason);
}

const NO_OBJECT = 'the claims are not an object';

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A claim as a reason shows it, whatever it is. */
function show(value: unknown): string {
  return `"${typeof value === 'string' ? value : JSON.stringify(value)}"`;
}

/** Of the forms a claim may have, what is wrong with the one that was meant. */
function describeIssue(issue: z.core.$ZodIssue, value: unknown): string {
  if (issue.code !== 'invalid_union') return issue.message;
  const [text, other] = issue.errors;
  return (typeof value === 'string' ? text : other)?.[0]?.message ?? issue.message;
}

function describeClaims(payload: Record<string, unknown>, issue: z.core.$ZodIssue): string {
  if (issue.code === 'unrecognized_keys') return `claim "${issue.keys[0]}" is not known`;
  const name = String(issue.path[0] ?? 'claims');
  const value = payload[name];
  if (issue.code === 'custom' && (value === undefined || value === null)) {
    return `claim "${name}" ${issue.message}`;
  }
  if (!Object.hasOwn(payload, name)) return `claim "${name}" is missing`;
  if (issue.code === 'invalid_value') {
    return `${name} ${show(value)} is not one of ${issue.values.join(', ')}`;
  }
  return `claim "${name}" is wrong: ${describeIssue(issue, value)}`;
}

/** In PRODUCTION a token must end, and within the lives of those who signed it. */
function checkExpiry(exp: number | undefined, now: number): void {
  if (exp === undefined) throw refuse('claim "exp" is missing');
  if (exp * 1000 > now + sizes.tokenLife) {
    throw refuse('claim "exp" is more than 10 years ahead');
  }
}

function checkClaims(payload: unknown, config: Config['jwt'], now: number): VerifiedToken {
  if (!isObject(payload)) throw refuse(NO_OBJECT);
  const parsed = tokenClaims.safeParse(payload);
  const issue = parsed.error?.issues[0];
  if (issue) throw refuse(describeClaims(payload, issue));
  const claims = parsed.data as z.output<typeof tokenClaims>;
  if (config.requireExpiry) checkExpiry(claims.exp, now);
  if (config.issuer && claims.iss !== config.issuer) throw refuse('issuer does not match');
  if (config.audience && ![claims.aud].flat().includes(config.audience)) {
    throw refuse('audience does not match');
  }
  const id = (claims.id ?? claims.sub) as string;
  const side = sideOf(claims.role);
  return {
    actor: {
      key: userKey(side, id, claims.iss),
      id,
      username: displayName(claims.username, side),
      email: claims.email ?? null,
      role: claims.role,
      origin: 'web',
      ...(claims.iss !== undefined && { partner: claims.iss }),
    },
    expiresAt: claims.exp === undefined ? Number.POSITIVE_INFINITY : claims.exp * 1000,
    notBefore: (claims.nbf ?? 0) * 1000,
  };
}

function checkTimes({ expiresAt, notBefore }: VerifiedToken, now: number): void {
  if (now >= expiresAt + sizes.tokenClockSkew) throw refuse('token expired');
  if (now < notBefore - sizes.tokenClockSkew) throw refuse('token is not valid yet');
}

/**
 * Verifies tokens and caches the verdicts: the same token is presented with every request, and its
 * signature is the dearest part of one. Times are checked at every call.
 */
export function createTokenVerifier(config: Config['jwt'], clock: () => number): TokenVerifier {
  const verified = new LRUCache<string, VerifiedToken>({ max: CACHED_TOKENS });
  return {
    async verify(token) {
      if (token.length > sizes.token) {
        throw refuse(`the token is longer than ${sizes.token} characters`);
      }
      const known = verified.get(token);
      if (known) {
        checkTimes(known, clock());
        return known;
      }
      const fresh = checkClaims(checkSignature(token, config), config, clock());
      checkTimes(fresh, clock());
      verified.set(token, fresh);
      return fresh;
    },
  };
}
