import { z } from 'zod';
import { sizes } from './limits.ts';
import { text } from './text.ts';

const hexIdPattern = /^[0-9a-f]{24}$/;
export const hexId = z.string().regex(hexIdPattern, 'must be 24 hexadecimal characters');

/** The same rule where a schema would be too much: for the ids in a path. */
export function isHexId(text: string): boolean {
  return hexIdPattern.test(text);
}

/**
 * Idempotency key: 1–200 characters chosen by the sender; the same one again never makes a second
 * message or ticket.
 */
export const clientId = text({ max: sizes.clientId });

/** Integer milliseconds since 1970 UTC. */
export const millis = z.int().min(0).max(8.64e15);

/** The number of an entry in a ticket's log: 1, 2, 3 … without holes; 0 before the first. */
export const seq = z.int().min(0);

/** An integer from a query string. */
export function queryInteger(min: number, max: number) {
  return z
    .string()
    .regex(/^\d{1,15}$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.number().min(min).max(max))
    .meta({ format: 'integer' });
}
