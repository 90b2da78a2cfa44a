import { z } from 'zod';
import type { UserRole } from './identity.ts';
import { sizes } from './limits.ts';
import { text } from './text.ts';

const ticketStatuses = ['OPEN', 'CLOSED'] as const;
export const issueLevels = ['NORMAL', 'URGENT', 'CRITICAL'] as const;
export const supportRoles = ['GENERAL', 'TECHNICAL', 'MANAGER', 'ADMIN'] as const;
export type TicketStatus = (typeof ticketStatuses)[number];
export type IssueLevel = (typeof issueLevels)[number];
export type SupportRole = (typeof supportRoles)[number];

/** A ticket on the wire. Times are integer milliseconds since 1970 UTC. */
export interface TicketView {
  id: string;
  /** Whose it is: the `id` of the token that opened it. */
  user_id: string;
  topic: string;
  /** What was written to open it; never changes. */
  description: string;
  status: TicketStatus;
  created_at: number;
  /** Moves with every message, too. */
  updated_at: number;
  user_role: UserRole;
  support_role: SupportRole;
  issue_level: IssueLevel;
  /** Short and unique, for people. */
  number: number;
  username: string;
  /** Whoever of the staff takes care of it, as they named them. */
  assigned_to: string | null;
  closed_at: number | null;
  close_reason: string | null;
  /** The newest entry of the ticket's log; 0 before the first. */
  last_seq: number;
}

/** 1–200 characters chosen by the sender; the same one again never makes a second message or ticket. */
export const clientId = text({ max: sizes.clientId });

const levels = {
  issue_level: z.enum(issueLevels),
  support_role: z.enum(supportRoles),
};

export const createTicketBody = z.object({
  topic: text({ max: sizes.topic, trim: true }),
  description: text({ max: sizes.description }),
  client_id: clientId.optional(),
  issue_level: levels.issue_level.optional(),
  support_role: levels.support_role.optional(),
});
export type CreateTicketBody = z.infer<typeof createTicketBody>;

export const updateTicketBody = z
  .object({
    topic: text({ max: sizes.topic, trim: true }).optional(),
    issue_level: levels.issue_level.optional(),
    support_role: levels.support_role.optional(),
    assigned_to: z.union([z.null(), text({ max: sizes.assignee, trim: true })]).optional(),
  })
  .refine((body) => Object.values(body).some((value) => value !== undefined), {
    message: 'names nothing to change',
    params: { type: 'empty' },
  });
export type UpdateTicketBody = z.infer<typeof updateTicketBody>;

export const closeTicketBody = z.object({
  reason: text({ max: sizes.reason, trim: true }).nullish(),
});
export type CloseTicketBody = z.infer<typeof closeTicketBody>;

/** An integer from a query string. */
export function queryInteger(min: number, max: number) {
  return z
    .string()
    .regex(/^\d{1,15}$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.number().min(min).max(max));
}

const hexIdPattern = /^[0-9a-f]{24}$/;
export const hexId = z.string().regex(hexIdPattern, 'must be 24 hexadecimal characters');

/** The same rule where a schema would be too much: for the ids in a path. */
export function isHexId(text: string): boolean {
  return hexIdPattern.test(text);
}

export const listTicketsQuery = z.object({
  status: z.enum(ticketStatuses).optional(),
  issue_level: levels.issue_level.optional(),
  support_role: levels.support_role.optional(),
  limit: queryInteger(1, sizes.ticketsPage).optional(),
  before: hexId.optional(),
});
export type ListTicketsQuery = z.infer<typeof listTicketsQuery>;
