import { z } from 'zod';
import { hexId } from './ids.ts';
import { issueLevel, supportRole, wordInput } from './ticket-words.ts';

/** How many priorities, and how many categories, there may be, the archived ones included. */
export const catalogueSizes = { priorities: 50, categories: 200 } as const;

const YEAR = 366 * 24 * 3_600_000;
const rank = z.int().min(0).max(1_000_000);
const duration = z.int().min(60_000).max(YEAR);

const namesSomething = [
  (body: object) => Object.values(body).some((value) => value !== undefined),
  { message: 'names nothing to change', params: { type: 'empty' } },
] as const;

export const priorityView = z.object({
  id: hexId,
  name: z.string(),
  rank: z.int().describe('Higher is more urgent.'),
  issue_level: issueLevel,
  archived: z.boolean().describe('Kept for the tickets that have it; given to no other.'),
  first_response_ms: z
    .int()
    .exactOptional()
    .describe('For staff only: within how much working time staff are to answer.'),
  resolution_ms: z.int().exactOptional().describe('For staff only.'),
});
export type PriorityView = z.infer<typeof priorityView>;

export const priorityBody = z.object({
  name: wordInput,
  rank,
  issue_level: issueLevel,
  first_response_ms: duration,
  resolution_ms: duration,
});
export type PriorityBody = z.infer<typeof priorityBody>;

export const changePriorityBody = priorityBody
  .partial()
  .extend({ archived: z.boolean().optional() })
  .refine(...namesSomething);
export type ChangePriorityBody = z.infer<typeof changePriorityBody>;

export const categoryView = z.object({
  id: hexId,
  name: z.string(),
  archived: z.boolean().describe('Kept for the tickets that have it; given to no other.'),
  support_role: supportRole
    .nullable()
    .exactOptional()
    .describe('For staff only: whom its tickets are routed to.'),
});
export type CategoryView = z.infer<typeof categoryView>;

export const categoryBody = z.object({
  name: wordInput,
  support_role: supportRole.nullable().optional(),
});
export type CategoryBody = z.infer<typeof categoryBody>;

export const changeCategoryBody = categoryBody
  .partial()
  .extend({ archived: z.boolean().optional() })
  .refine(...namesSomething);
export type ChangeCategoryBody = z.infer<typeof changeCategoryBody>;
