import { z } from 'zod';

export const userRoles = ['TEMP_USER', 'CUSTOMER', 'AGENT', 'ADMIN'] as const;
export type UserRole = (typeof userRoles)[number];

/** Two names that differ must stay different where they are stored, and keep to one line there. */
const claim = (max: number) =>
  z
    .string()
    .min(1)
    .max(max)
    .regex(/^\P{Cc}*$/u, 'has control characters')
    .refine((value) => value.isWellFormed(), 'is not well-formed Unicode');

/**
 * What a token says of its bearer. `sub` stands for `id` where `id` is missing. Claims outside this
 * list and the registered ones are refused, so that a misspelt claim is noticed by the one who mints.
 */
export const tokenClaims = z
  .strictObject({
    id: claim(200).optional(),
    sub: claim(200).optional(),
    username: claim(100),
    email: z
      .string()
      .max(320)
      .regex(/^[^\s@]+@[^\s@]+$/, 'is not an e-mail address'),
    role: z.enum(userRoles),
    iss: claim(200).optional(),
    aud: z.union([z.string(), z.array(z.string())]).optional(),
    exp: z.number().optional(),
    nbf: z.number().optional(),
    iat: z.number().optional(),
    jti: z.string().optional(),
  })
  .refine((claims) => claims.id !== undefined || claims.sub !== undefined, {
    path: ['id'],
    message: 'is missing',
  })
  .refine((claims) => !claims.id || !claims.sub || claims.id === claims.sub, {
    path: ['sub'],
    message: 'differs from id',
  });

/** The user as the wire shows one: the answer to `authorize`. */
export interface UserView {
  id: string;
  username: string;
  /** Null for a guest without one. */
  email: string | null;
  role: UserRole;
}

export function isStaffRole(role: UserRole): boolean {
  return role === 'AGENT' || role === 'ADMIN';
}
