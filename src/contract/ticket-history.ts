import { z } from 'zod';
import { userRole } from './identity.ts';
import { millis, queryInteger, seq } from './ids.ts';
import { sizes } from './limits.ts';
import { streamCursor } from './stream-cursor.ts';

export const listHistoryQuery = z.object({
  limit: queryInteger(1, sizes.historyPage).optional(),
  after: streamCursor.optional().describe('The place that `Link` names.'),
});
export type ListHistoryQuery = z.infer<typeof listHistoryQuery>;

/** One field of a change; its values are as in a ticket on the wire. */
const fieldChange = z.object({
  field: z.string(),
  from: z.unknown(),
  to: z.unknown(),
});
export type FieldChange = z.infer<typeof fieldChange>;

export const historyEntry = z.object({
  seq: seq.describe('Of its log: the public one, or with `internal` the internal one.'),
  at: millis,
  action: z.string().describe('What was done: `closed`, `claimed`, `answered` …'),
  by: z.object({ id: z.string(), name: z.string(), role: userRole }),
  comment: z.string().nullable(),
  changes: z.array(fieldChange),
  internal: z.boolean().exactOptional().describe('For staff only: whether customers see it.'),
});
export type HistoryEntry = z.infer<typeof historyEntry>;

/** What has become of a ticket, from the beginning on. */
export const historyView = z.object({
  first_response_at: millis.nullable(),
  response_time: z.int().nullable().describe('In milliseconds, pauses taken off.'),
  resolved_at: millis.nullable(),
  resolution_time: z.int().nullable().describe('In milliseconds, pauses taken off.'),
  changes: z.array(historyEntry).describe('The oldest first.'),
});
export type HistoryView = z.infer<typeof historyView>;
