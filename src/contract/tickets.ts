import { z } from 'zod';
import { emailText } from './customers.ts';
import { userRole } from './identity.ts';
import { clientId, hexId, millis, seq } from './ids.ts';
import { sizes } from './limits.ts';
import { fileView } from './messages.ts';
import { text } from './text.ts';
import {
  issueLevel,
  priorityInput,
  supportRole,
  supportRoleInput,
  ticketStatus,
  wordInput,
} from './ticket-words.ts';

export {
  type IssueLevel,
  issueLevels,
  type SupportRole,
  supportRoles,
  type TicketStatus,
  ticketStatuses,
} from './ticket-words.ts';

/** Whoever takes care of a ticket, as everybody may see them. */
export const assigneeView = z.object({ id: z.string(), name: z.string() });

export const ratingView = z.object({
  score: z.int().min(1).max(5),
  comment: z.string().nullable(),
  at: millis,
});

/** A promise: kept, not due yet, or broken; for good, once what was promised has come. */
const promise = z.enum(['met', 'running', 'breached']);

/** By when staff are to have answered, and to have done with a ticket. */
export const slaView = z.object({
  first_response_due: millis
    .nullable()
    .describe('In working time; null while the clock stands still, and where it never comes.'),
  resolution_due: millis.nullable().describe('The same.'),
  paused: z.boolean().describe('While WAITING.'),
  first_response: promise,
  resolution: promise,
});
export type SlaView = z.infer<typeof slaView>;

/** Letters, digits, spaces, `_`, `.` and `-`; the first a letter or digit, so that it is no key of the database's own. */
const contextKey = z
  .string()
  .min(1)
  .max(sizes.contextKey)
  .regex(/^[\p{L}\p{N}][\p{L}\p{N} _.-]*$/u, 'must be letters, digits, spaces, _, . and -');

/** What the customer's page and the backend say of the circumstances: `page`, `browser`, `plan` … */
export const contextInput = z
  .record(contextKey, text({ max: sizes.contextValue, empty: true }))
  .refine((context) => Object.keys(context).length <= sizes.contextKeys, {
    message: `must have at most ${sizes.contextKeys} keys`,
    params: { type: 'too_long', context: { max: sizes.contextKeys } },
  });

const day = z.iso.date('must be a day as YYYY-MM-DD');

/** A ticket on the wire. */
export const ticketView = z.object({
  id: hexId,
  user_id: z.string().describe('Whose it is: the `id` of the token that opened it.'),
  topic: z.string(),
  description: z.string().describe('What was written to open it; never changes.'),
  status: ticketStatus,
  created_at: millis,
  updated_at: millis.describe('Moves with every message, too.'),
  changed_at: millis.describe(
    'When the ticket itself last changed, messages left out: `sort=updated_at` goes by it.',
  ),
  user_role: userRole,
  support_role: supportRole,
  issue_level: issueLevel,
  number: z.int().describe('Short and unique, for people.'),
  username: z.string(),
  assigned_to: z
    .string()
    .nullable()
    .describe('Whoever of the staff takes care of it, as they named them.'),
  closed_at: millis.nullable(),
  close_reason: z.string().nullable(),
  last_seq: seq.describe("The newest entry of the ticket's log; 0 before the first."),
  reference: z.string().describe('`TICK-YYYYMMDD-NNNN`, of its day and number.'),
  priority: z.string().describe('The name of a priority; `issue_level` is its level.'),
  category: z.string().nullable(),
  sub_category: z.string().nullable(),
  scheduled_date: day.nullable().describe('YYYY-MM-DD'),
  assignee: assigneeView.nullable().describe('Whom `assigned_to` names, where it is known who.'),
  files: z.array(fileView).describe('What was attached when it was opened.'),
  context: z.record(z.string(), z.string()),
  first_response_at: millis.nullable().describe('When staff first answered.'),
  response_time: z.int().nullable().describe('Until then, in milliseconds, pauses taken off.'),
  resolved_at: millis.nullable(),
  resolution_time: z.int().nullable().describe('Until then, in milliseconds, pauses taken off.'),
  rejection_reason: z.string().nullable(),
  rating: ratingView.nullable(),
  reopened: z.int().describe('How often.'),
  reopen_until: millis
    .nullable()
    .describe('Of a closed one: until when it may be reopened; null where it may not.'),
  close_request: z
    .object({ at: millis, by_name: z.string() })
    .nullable()
    .describe('Staff ask the customer whether it may be closed.'),
  closing_due_at: millis
    .nullable()
    .exactOptional()
    .describe('When it will be closed; not in `ticket_updated`: `ticket_closing` tells of it.'),
  tags: z.array(z.string()).exactOptional().describe('For staff only.'),
  snoozed_until: millis.nullable().exactOptional().describe('For staff only.'),
  escalation: supportRole
    .nullable()
    .exactOptional()
    .describe('For staff only: how far up a broken promise has come, until it is acknowledged.'),
  sla: slaView
    .nullable()
    .exactOptional()
    .describe(
      'In answers to staff only; null before a ticket is approved, and for a rejected one.',
    ),
  last_internal_seq: seq
    .exactOptional()
    .describe('The newest entry of the internal stream; in answers to staff only.'),
});
export type TicketView = z.infer<typeof ticketView>;

export const topicText = text({ max: sizes.topic, trim: true });
export const descriptionText = text({ max: sizes.description });
export const reasonText = text({ max: sizes.reason, trim: true });
export const assigneeText = text({ max: sizes.assignee, trim: true });
export const searchText = text({ max: sizes.query, trim: true });

/** A word or two of somebody's own: a sub-category, a tag. */
export const labelText = text({ max: sizes.label, trim: true });
export const tagsInput = z
  .array(labelText)
  .max(sizes.tags)
  .transform((tags) => [...new Set(tags)]);

export const createTicketBody = z.object({
  topic: topicText,
  description: descriptionText,
  client_id: clientId.optional(),
  issue_level: issueLevel.optional(),
  support_role: supportRoleInput.optional(),
  priority: priorityInput.optional(),
  category: wordInput.nullish(),
  sub_category: labelText.nullish(),
  scheduled_date: day.nullish(),
  context: contextInput.optional(),
  attachments: z
    .array(hexId)
    .max(sizes.filesPerMessage)
    .optional()
    .describe('Files uploaded by `POST /attachments`.'),
  customer_id: hexId.optional().describe('Of staff: whose ticket it is, by the profile.'),
  customer_email: emailText.optional().describe('The same, by e-mail address.'),
});
export type CreateTicketBody = z.infer<typeof createTicketBody>;

export const updateTicketBody = z
  .object({
    topic: topicText.optional(),
    issue_level: issueLevel.optional(),
    support_role: supportRoleInput.optional(),
    assigned_to: z.union([z.null(), assigneeText]).optional(),
    priority: priorityInput.optional(),
    category: wordInput.nullable().optional(),
    sub_category: labelText.nullable().optional(),
    scheduled_date: day.nullable().optional(),
    tags: tagsInput.optional().describe('Staff only; kept in the internal stream.'),
  })
  .refine((body) => Object.values(body).some((value) => value !== undefined), {
    message: 'names nothing to change',
    params: { type: 'empty' },
  });
export type UpdateTicketBody = z.infer<typeof updateTicketBody>;

export const closeTicketBody = z.object({
  reason: reasonText.nullish(),
  comment: reasonText.nullish().describe('Another name of `reason`.'),
});
export type CloseTicketBody = z.infer<typeof closeTicketBody>;
