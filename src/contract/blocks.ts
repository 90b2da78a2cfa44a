import { z } from 'zod';
import { partnerText, userIdText } from './customers.ts';
import { hexId, millis } from './ids.ts';
import { reasonText } from './tickets.ts';

/** Customers that may be blocked at the same time: every process knows them all. */
export const MAX_BLOCKS = 10_000;

export const blockBody = z.object({
  user_id: userIdText.describe("The `id` of the customer's tokens."),
  partner: partnerText.nullish().describe('Their issuer.'),
  reason: reasonText.describe('The customer is told.'),
  expires_at: z
    .union([millis, z.iso.datetime({ offset: true }).transform((value) => Date.parse(value))])
    .nullish()
    .describe('In milliseconds or ISO 8601; null for no end.'),
});
export type BlockBody = z.infer<typeof blockBody>;

export const blockView = z.object({
  id: hexId,
  user_id: z.string(),
  partner: z.string().nullable(),
  reason: z.string(),
  expires_at: millis.nullable(),
  created_at: millis,
  created_by: z.string().describe('The name of whoever did it.'),
});
export type BlockView = z.infer<typeof blockView>;
