import jwt from 'jsonwebtoken';

/** Long enough for PRODUCTION; a secret of nothing but this bench. */
export const secret = 'only-for-the-bench-0123456789-abcdefghijk';

export function mintToken(id: string, role: 'TEMP_USER' | 'AGENT'): string {
  const claims = { id, username: 'Ana', email: `${id}@example.com`, role };
  return jwt.sign(claims, secret, { expiresIn: '6h' });
}
