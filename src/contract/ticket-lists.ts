import { z } from 'zod';
import { hexId, queryInteger } from './ids.ts';
import { sizes } from './limits.ts';
import { LAST_PAGE } from './pages.ts';
import { text } from './text.ts';
import {
  issueLevelInput,
  priorityInput,
  statusInput,
  supportRoleInput,
  type TicketStatus,
  wordInput,
} from './ticket-words.ts';
import { searchText } from './tickets.ts';

/** Queries of the lists of tickets. */

const DAY_MS = 24 * 3_600_000;

/** What a list calls everything that has not ended, and what nobody has taken care of yet. */
export const statusGroups = ['open', 'new'] as const;
export type StatusGroup = (typeof statusGroups)[number];
const isGroup = (value: string): value is StatusGroup => statusGroups.includes(value as never);

const statusFilter = z
  .string()
  .max(sizes.label)
  .transform((value, context): TicketStatus | StatusGroup => {
    if (isGroup(value)) return value;
    const parsed = statusInput.safeParse(value);
    if (parsed.success) return parsed.data;
    for (const issue of parsed.error.issues) context.issues.push(issue as never);
    return z.NEVER;
  })
  .describe('`open`: not ended; `new`: nobody has taken care of it; else a status, in any case.');

/** A moment: milliseconds since 1970, or ISO 8601; of a day alone its first, or its last, in UTC. */
function moment(edge: 'first' | 'last') {
  const ofDay = (day: string) => Date.parse(day) + (edge === 'first' ? 0 : DAY_MS - 1);
  return z
    .union(
      [
        queryInteger(0, Number.MAX_SAFE_INTEGER),
        z.iso.datetime({ offset: true }).transform((value) => Date.parse(value)),
        z.iso.date().transform(ofDay),
      ],
      { error: 'must be milliseconds since 1970 or ISO 8601' },
    )
    .optional();
}

/** Where a list goes on: behind this ticket, and for sorts by something else, behind its value. */
const cursorPattern = /^([0-9a-f]{24})(?:\.(\d{1,15}))?$/;
export interface ListCursor {
  id: string;
  /** What the list is sorted by, as it was when the ticket was listed. */
  value?: number;
}
export const listCursor = z
  .string()
  .regex(cursorPattern, 'must be a ticket, as Link names it')
  .transform((text): ListCursor => {
    const [, id = '', value] = cursorPattern.exec(text) ?? [];
    return value === undefined ? { id } : { id, value: Number(value) };
  });

export const ticketSorts = ['created_at', 'updated_at', 'priority', 'sla'] as const;
export type TicketSort = (typeof ticketSorts)[number];

const pageOrCursor = {
  limit: queryInteger(1, sizes.ticketsPage).optional(),
  before: listCursor.optional().describe('The last ticket of the page before, as `Link` has it.'),
  page: queryInteger(1, LAST_PAGE).optional().describe('Instead of `before`; 20 rows a page.'),
};

const fields = z.object({
  status: statusFilter.optional(),
  issue_level: issueLevelInput.optional(),
  support_role: supportRoleInput.optional(),
  priority: priorityInput.optional(),
  category: wordInput.optional(),
  assigned_to: text({ max: sizes.assignee, trim: true })
    .optional()
    .describe('`none`; for staff also `me`, or an id.'),
  user_id: z.string().min(1).max(sizes.assignee).optional(),
  customer_id: hexId.optional().describe('Staff only: the tickets of a profile.'),
  tag: text({ max: sizes.label, trim: true }).optional().describe('Staff only.'),
  sla: z
    .enum(['due', 'breached'])
    .optional()
    .describe('Staff only: a promise is warned of, or broken.'),
  created_from: moment('first'),
  created_to: moment('last'),
  updated_from: moment('first'),
  updated_to: moment('last'),
  closed_from: moment('first'),
  closed_to: moment('last'),
  q: searchText
    .optional()
    .describe(
      'Words that the ticket has, all of them: in topic, description and messages, for staff in notes too.',
    ),
  sort: z
    .enum(ticketSorts)
    .optional()
    .describe('`sla`, for staff: what a due time is awaited of, the soonest first.'),
  order: z.enum(['asc', 'desc']).optional(),
  ...pageOrCursor,
});

const conflict = { path: ['before'], params: { type: 'conflict' } };

export const listTicketsQuery = fields
  .refine(({ before, page }) => before === undefined || page === undefined, {
    ...conflict,
    message: 'cannot be combined with page',
  })
  .refine(
    ({ before, sort = 'created_at' }) =>
      before === undefined || (before.value === undefined) === (sort === 'created_at'),
    { ...conflict, message: 'is of a list with another sort' },
  )
  .refine(
    ({ q, page, sort, order }) =>
      q === undefined ||
      (page === undefined && (sort ?? 'created_at') === 'created_at' && order !== 'asc'),
    { ...conflict, path: ['q'], message: 'comes newest first, and goes on by before' },
  );
export type ListTicketsQuery = z.output<typeof fields>;
