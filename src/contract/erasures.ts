import { z } from 'zod';
import { partnerText, userIdText } from './customers.ts';
import { hexId, millis } from './ids.ts';

const isNamedOnce = (who: { customer_id?: unknown; user_id?: unknown }) =>
  (who.customer_id === undefined) !== (who.user_id === undefined);
const namedOnce = {
  path: ['customer_id'],
  message: 'or user_id names the customer: one of them',
  params: { type: 'ambiguous' },
};

const who = {
  customer_id: hexId.optional().describe('Of the profile.'),
  user_id: userIdText.optional().describe("The `id` of the customer's tokens."),
  partner: partnerText.optional().describe('Their issuer.'),
};

/** A customer by the profile, or by the user, who needs none. */
export const eraseCustomerBody = z.object(who).refine(isNamedOnce, namedOnce);
export type CustomerName = z.infer<typeof eraseCustomerBody>;

export const exportQuery = z
  .object({
    customer_id: who.customer_id,
    user_id: z.string().min(1).max(200).optional().describe('The `id` of their tokens.'),
    partner: who.partner,
  })
  .refine((query) => isNamedOnce(query) || Object.values(query).every((one) => !one), namedOnce);
export type ExportQuery = z.infer<typeof exportQuery>;

export const erasureCounts = z.object({
  tickets: z.int(),
  entries: z.int().describe('Messages, notes and changes of the tickets.'),
  files: z.int(),
  transcripts: z.int().describe('Posts in Discord that held one.'),
  profiles: z.int(),
  blocks: z.int(),
});

export const erasureView = z.object({
  id: hexId.describe("A ticket's own, or of a customer's erasure."),
  kind: z.enum(['ticket', 'customer']),
  why: z.enum(['request', 'retention']),
  part_of: hexId.nullable().describe("The customer's erasure that a ticket's is part of."),
  by: z.object({ id: z.string(), name: z.string() }).describe('Who asked for it.'),
  at: millis,
  wiped_at: millis.nullable().describe('Since when nothing of it can be read here.'),
  done_at: millis
    .nullable()
    .describe('When it was looked for once more, and the bot was done with Discord too.'),
  discord: z
    .enum(['none', 'waiting', 'done', 'unsure'])
    .describe(
      '`waiting`: its channel or transcript may still be there. `unsure`: what the bot found is removed, ' +
        'but a transcript may stand elsewhere; look for it by hand.',
    ),
  counts: erasureCounts.describe('What there was of it.'),
  ticket: z
    .object({ number: z.int(), created_at: millis, closed_at: millis.nullable() })
    .exactOptional()
    .describe('What is kept of a ticket.'),
});
export type ErasureView = z.infer<typeof erasureView>;
