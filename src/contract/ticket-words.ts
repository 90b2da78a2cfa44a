import { z } from 'zod';

/** What a ticket can be; which of them follow each other is the domain's. */
export const ticketStatuses = [
  'NEW',
  'OPEN',
  'ASSIGNED',
  'IN_PROGRESS',
  'WAITING',
  'RESOLVED',
  'CLOSED',
  'REOPENED',
  'REJECTED',
  'WITHDRAWN',
] as const;
export const issueLevels = ['NORMAL', 'URGENT', 'CRITICAL'] as const;
export const supportRoles = ['GENERAL', 'TECHNICAL', 'MANAGER', 'ADMIN'] as const;
export type TicketStatus = (typeof ticketStatuses)[number];
export type IssueLevel = (typeof issueLevels)[number];
export type SupportRole = (typeof supportRoles)[number];

export const ticketStatus = z.enum(ticketStatuses);
export const issueLevel = z.enum(issueLevels);
export const supportRole = z.enum(supportRoles);

const upperCase = (value: unknown) =>
  typeof value === 'string' ? value.trim().toUpperCase() : value;

/** The same in any case, for what comes in. */
export const issueLevelInput = z.preprocess(upperCase, issueLevel).meta({ enum: [...issueLevels] });
export const supportRoleInput = z
  .preprocess(upperCase, supportRole)
  .meta({ enum: [...supportRoles] });

const LONGEST_WORD = 40;

/** A word as it is stored: `in progress`, `In-Progress` and `IN_PROGRESS` are the same. */
export function normalizeWord(value: string): string {
  return value
    .trim()
    .toUpperCase()
    .replace(/[\s_-]+/g, '_');
}

const statusNames: Readonly<Record<string, TicketStatus>> = {
  ON_HOLD: 'WAITING',
  PENDING: 'WAITING',
};
const priorityNames: Readonly<Record<string, string>> = { CRITICAL: 'URGENT' };

/** A status as sibling systems send it: in any case, with spaces, `-` or `_`, by their names too. */
export const statusInput = z
  .string()
  .max(LONGEST_WORD)
  .transform((value) => statusNames[normalizeWord(value)] ?? normalizeWord(value))
  .pipe(ticketStatus);

/** The name of a row, alike however it is written. */
export const wordInput = z
  .string()
  .min(1)
  .max(LONGEST_WORD)
  .transform(normalizeWord)
  .pipe(z.string().regex(/^[\p{L}\p{N}_]+$/u, 'must be letters, digits, spaces, - and _'));

/** The name of a priority; `critical` is URGENT, as the sibling systems call it. */
export const priorityInput = wordInput.transform((name) => priorityNames[name] ?? name);
