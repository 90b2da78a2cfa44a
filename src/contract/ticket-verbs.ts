import { z } from 'zod';
import { millis } from './ids.ts';
import { sizes } from './limits.ts';
import { text } from './text.ts';
import { priorityInput, statusInput, supportRole, wordInput } from './ticket-words.ts';

/** Bodies of the verbs of a ticket, beside those of `tickets.ts`. */

const commentText = text({ max: sizes.comment, trim: true });
const reason = text({ max: sizes.reason, trim: true });
const role = wordInput.pipe(supportRole);

export const setStatusBody = z.object({
  status: statusInput,
  comment: commentText.optional().describe('Stands in the history; with `internal` it is a note.'),
  internal: z.boolean().optional(),
  rejection_reason: reason.optional(),
});
export type SetStatusBody = z.infer<typeof setStatusBody>;

export const setPriorityBody = z.object({
  priority: priorityInput,
  comment: commentText.optional(),
});
export type SetPriorityBody = z.infer<typeof setPriorityBody>;

export const assignTicketBody = z.object({
  assigned_to: z
    .union([z.null(), text({ max: sizes.assignee, trim: true })])
    .describe("A staff member's id, `auto`, or null for nobody."),
});
export type AssignTicketBody = z.infer<typeof assignTicketBody>;

export const approveTicketBody = z
  .object({
    priority: priorityInput.optional(),
    support_role: role.optional(),
    department: role.optional().describe('As sibling systems call `support_role`.'),
    approval_notes: commentText.optional().describe('Kept as a note.'),
  })
  .transform(({ department, ...body }) => ({
    ...body,
    support_role: body.support_role ?? department,
  }));
export type ApproveTicketBody = z.infer<typeof approveTicketBody>;

export const rejectTicketBody = z.object({ rejection_reason: reason });
export type RejectTicketBody = z.infer<typeof rejectTicketBody>;

export const withdrawTicketBody = z.object({ comment: reason.optional() });
export const reopenTicketBody = z.object({ reason: reason.optional() });

export const rateTicketBody = z.object({
  score: z.int().min(1).max(5),
  comment: commentText.nullish(),
});
export type RateTicketBody = z.infer<typeof rateTicketBody>;

const isoTime = z.iso.datetime({ offset: true }).transform((value) => Date.parse(value));
export const snoozeTicketBody = z.object({
  until: z.union([z.null(), millis, isoTime]).describe('Milliseconds since 1970, or ISO 8601.'),
});

export const scheduleClosingBody = z
  .object({
    in_ms: z.int().min(1).max(sizes.closingWithin, 'must be at most 30 days').optional(),
    at: z
      .union([millis, isoTime])
      .optional()
      .describe('Milliseconds since 1970, or ISO 8601; at most 30 days ahead.'),
    reason: reason.nullish(),
    silent: z.boolean().optional().describe('For staff: the customer is not told before.'),
  })
  .refine(({ in_ms, at }) => (in_ms === undefined) !== (at === undefined), {
    path: ['in_ms'],
    message: 'give either in_ms or at',
    params: { type: 'one_of' },
  });
export type ScheduleClosingBody = z.infer<typeof scheduleClosingBody>;

export const requestClosingBody = z.object({ comment: commentText.nullish() });
export const answerClosingBody = z.object({ close: z.boolean() });
