import { z } from 'zod';
import { jwtSecret, list, type Variable } from './kinds.ts';

/** Which tokens are taken, and what links to files are signed with. */
export const tokenVariables = {
  JWT_SECRET_KEY_PREVIOUS: {
    schema: jwtSecret.optional(),
    wants:
      'the secret before the current one, while it is being rotated, of at least 8 characters (32 bytes in PRODUCTION)',
    example: 'the former JWT_SECRET_KEY',
    secret: true,
  },
  LINK_SECRET: {
    schema: jwtSecret.optional(),
    wants: 'the secret that signs links to files; without it one is derived from JWT_SECRET_KEY',
    example: 'the output of: openssl rand -hex 32',
    secret: true,
  },
  JWT_ALGORITHMS: {
    schema: list.pipe(z.array(z.enum(['HS256', 'HS384', 'HS512'])).min(1)).default(['HS256']),
    wants: 'HS256, HS384 or HS512, separated by commas',
    example: 'HS256',
  },
  JWT_ISSUER: {
    schema: z.string().min(1).optional(),
    wants: 'the iss every token must carry',
    example: 'https://shop.example.com',
  },
  JWT_AUDIENCE: {
    schema: z.string().min(1).optional(),
    wants: 'the aud every token must carry',
    example: 'deskcord',
  },
} satisfies Record<string, Variable>;
