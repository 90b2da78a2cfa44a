import { z } from 'zod';
import { isBlank } from './text.ts';

export const userRoles = ['TEMP_USER', 'CUSTOMER', 'AGENT', 'ADMIN'] as const;
export type UserRole = (typeof userRoles)[number];
export const userRole = z.enum(userRoles);

/** The issuer of everybody who acts in Discord: no token may name it. */
export const DISCORD_ISSUER = 'discord';

/** Far beyond any date in seconds (the year 5138), far before any of today in milliseconds (1973). */
const FIRST_MILLISECONDS = 1e11;

/** Two names that differ must stay different where they are stored, and keep to one line there. */
const claim = (max: number) =>
  z
    .string()
    .min(1)
    .max(max)
    .regex(/^\P{Cc}*$/u, 'has control characters')
    .refine((value) => value.isWellFormed(), 'is not well-formed Unicode');

/** Text, or a safe integer, which is taken as its digits: what an id in a database often is. */
const userId = z
  .union([
    claim(200),
    z.int({
      error: ({ code }) =>
        code === 'too_big' || code === 'too_small'
          ? 'is too large to be exact as a number; send it as text'
          : 'must be text or a whole number',
    }),
  ])
  .transform(String);

/** Seconds since 1970. */
const time = z
  .number()
  .refine((value) => value < FIRST_MILLISECONDS, 'is in milliseconds; it wants seconds since 1970');

/**
 * What a token says of its bearer. `sub` stands for `id` where `id` is missing. Claims outside this
 * list and the registered ones are refused, so that a misspelt claim is noticed by the one who mints.
 */
export const tokenClaims = z
  .strictObject({
    id: userId.optional(),
    sub: userId.optional(),
    username: claim(100).refine((value) => !isBlank(value), 'has nothing visible'),
    email: z
      .string()
      .max(320)
      .regex(/^[^\s@]+@[^\s@]+$/, 'is not an e-mail address')
      .nullish(),
    role: userRole,
    iss: claim(200)
      .refine((value) => value !== DISCORD_ISSUER, `"${DISCORD_ISSUER}" is reserved`)
      .optional(),
    aud: z.union([z.string(), z.array(z.string())]).optional(),
    exp: time.optional(),
    nbf: time.optional(),
    iat: time.optional(),
    jti: z.string().optional(),
  })
  .refine((claims) => claims.id !== undefined || claims.sub !== undefined, {
    path: ['id'],
    message: 'is missing',
  })
  .refine(({ id, sub }) => id === undefined || sub === undefined || id === sub, {
    path: ['sub'],
    message: 'differs from id',
  })
  // A guest may have none.
  .refine((claims) => claims.role === 'TEMP_USER' || typeof claims.email === 'string', {
    path: ['email'],
    message: 'is missing',
  });

/** The user as the wire shows one: the answer to `authorize`. */
export const userView = z.object({
  id: z.string(),
  username: z.string(),
  email: z.string().nullable().describe('Null for a guest without one.'),
  role: userRole,
});
export type UserView = z.infer<typeof userView>;

export function isStaffRole(role: UserRole): boolean {
  return role === 'AGENT' || role === 'ADMIN';
}
