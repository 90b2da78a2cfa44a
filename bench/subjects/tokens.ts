import { randomBytes } from 'node:crypto';
import jwt from 'jsonwebtoken';

/** Of this run alone, and good enough for PRODUCTION. */
export const secret = randomBytes(32).toString('hex');

export function mintToken(id: string, role: 'TEMP_USER' | 'AGENT' | 'ADMIN'): string {
  const claims = { id, username: 'Ana', email: `${id}@example.com`, role };
  return jwt.sign(claims, secret, { expiresIn: '6h' });
}
