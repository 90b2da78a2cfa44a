import { z } from 'zod';

export const getTranscriptQuery = z.object({
  version: z
    .enum(['staff', 'customer'])
    .optional()
    .describe('Of staff: with notes, events, earlier versions and what was deleted, or without.'),
});
export type GetTranscriptQuery = z.infer<typeof getTranscriptQuery>;
