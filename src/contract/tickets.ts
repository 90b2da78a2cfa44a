import { z } from 'zod';
import { userRole } from './identity.ts';
import { clientId, hexId, millis, queryInteger, seq } from './ids.ts';
import { sizes } from './limits.ts';
import { text } from './text.ts';

export const ticketStatuses = ['OPEN', 'CLOSED'] as const;
export const issueLevels = ['NORMAL', 'URGENT', 'CRITICAL'] as const;
export const supportRoles = ['GENERAL', 'TECHNICAL', 'MANAGER', 'ADMIN'] as const;
export type TicketStatus = (typeof ticketStatuses)[number];
export type IssueLevel = (typeof issueLevels)[number];
export type SupportRole = (typeof supportRoles)[number];

const ticketStatus = z.enum(ticketStatuses);
const issueLevel = z.enum(issueLevels);
const supportRole = z.enum(supportRoles);

/** A ticket on the wire. */
export const ticketView = z.object({
  id: hexId,
  user_id: z.string().describe('Whose it is: the `id` of the token that opened it.'),
  topic: z.string(),
  description: z.string().describe('What was written to open it; never changes.'),
  status: ticketStatus,
  created_at: millis,
  updated_at: millis.describe('Moves with every message, too.'),
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
});
export type TicketView = z.infer<typeof ticketView>;

export const topicText = text({ max: sizes.topic, trim: true });
export const descriptionText = text({ max: sizes.description });
export const reasonText = text({ max: sizes.reason, trim: true });
export const assigneeText = text({ max: sizes.assignee, trim: true });
export const searchText = text({ max: sizes.query, trim: true });

export const createTicketBody = z.object({
  topic: topicText,
  description: descriptionText,
  client_id: clientId.optional(),
  issue_level: issueLevel.optional(),
  support_role: supportRole.optional(),
});
export type CreateTicketBody = z.infer<typeof createTicketBody>;

export const updateTicketBody = z
  .object({
    topic: topicText.optional(),
    issue_level: issueLevel.optional(),
    support_role: supportRole.optional(),
    assigned_to: z.union([z.null(), assigneeText]).optional(),
  })
  .refine((body) => Object.values(body).some((value) => value !== undefined), {
    message: 'names nothing to change',
    params: { type: 'empty' },
  });
export type UpdateTicketBody = z.infer<typeof updateTicketBody>;

export const closeTicketBody = z.object({ reason: reasonText.nullish() });
export type CloseTicketBody = z.infer<typeof closeTicketBody>;

export const listTicketsQuery = z.object({
  status: ticketStatus.optional(),
  issue_level: issueLevel.optional(),
  support_role: supportRole.optional(),
  limit: queryInteger(1, sizes.ticketsPage).optional(),
  before: hexId.optional(),
  q: searchText
    .optional()
    .describe(
      'Words that the ticket has, all of them: in topic, description and messages, for staff in notes too.',
    ),
});
export type ListTicketsQuery = z.infer<typeof listTicketsQuery>;
