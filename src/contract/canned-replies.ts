import { z } from 'zod';
import { hexId, millis } from './ids.ts';
import { pageQuery } from './pages.ts';
import { text } from './text.ts';

/** Lengths in characters, counts in items. */
export const cannedReplySizes = { name: 100, text: 4000, replies: 2000 } as const;

const fields = {
  name: text({ max: cannedReplySizes.name, trim: true }),
  text: text({ max: cannedReplySizes.text }),
};
const partner = text({ max: 200 })
  .nullish()
  .describe('The partner whose customers it is for; null for all.');

export const cannedReplyBody = z.object({ ...fields, partner });
export type CannedReplyBody = z.infer<typeof cannedReplyBody>;

export const changeCannedReplyBody = z
  .object({ name: fields.name.optional(), text: fields.text.optional() })
  .refine(({ name, text: words }) => name !== undefined || words !== undefined, {
    message: 'names nothing to change',
    params: { type: 'empty' },
  });
export type ChangeCannedReplyBody = z.infer<typeof changeCannedReplyBody>;

export const cannedReplyView = z.object({
  id: hexId,
  name: z.string(),
  text: z.string().describe('With `{customer}`, `{ticket}`, `{staff}` where they are filled in.'),
  partner: z.string().nullable(),
  created_at: millis,
  updated_at: millis,
  filled: z.string().exactOptional().describe('The text for the ticket that was asked for.'),
});
export type CannedReplyView = z.infer<typeof cannedReplyView>;

export const listCannedRepliesQuery = pageQuery.extend({
  q: text({ max: cannedReplySizes.name, trim: true })
    .optional()
    .describe('The beginning of the name.'),
});
export type ListCannedRepliesQuery = z.infer<typeof listCannedRepliesQuery>;

export const getCannedReplyQuery = z.object({ ticket_id: hexId.optional() });
