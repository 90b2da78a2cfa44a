import { z } from 'zod';
import { userRole } from './identity.ts';
import { hexId, millis, queryInteger } from './ids.ts';
import { sizes } from './limits.ts';
import { text } from './text.ts';
import { supportRoles } from './tickets.ts';

export const presences = ['online', 'away', 'offline'] as const;
export type Presence = (typeof presences)[number];

/** The length of a code that joins two identities of one person, and its life in milliseconds. */
export const linkCode = { length: 8, life: 10 * 60_000 } as const;
export const AGENT_NAME_MAX = 100;
/** People who may be on call at the same time. */
export const ON_CALL_MAX = 10;

const skill = z.enum(supportRoles);
const skills = z.array(skill).max(supportRoles.length);

/** Somebody of the staff. */
export const agentView = z.object({
  id: z
    .string()
    .describe('As `assigned_to` of tickets has it: that of their tokens, or else that in Discord.'),
  name: z.string(),
  role: userRole,
  presence: z
    .enum(presences)
    .describe('`online`: with a socket open, or acting in Discord; `away` by their own word.'),
  on_call: z
    .boolean()
    .describe('Called in Discord by every new ticket that they fit, unless they are away.'),
  open_tickets: z.int(),
  skills: z.array(skill).describe('Support roles; none means that all of them fit.'),
  user_id: z.string().nullable().describe('The `id` of their tokens.'),
  partner: z.string().nullable(),
  discord_id: z.string().nullable(),
  seen_at: millis,
});
export type AgentView = z.infer<typeof agentView>;

export const changeAgentBody = z
  .object({
    skills: skills
      .transform((list) => [...new Set(list)])
      .nullish()
      .describe('Null: those of the roles in Discord.'),
    away: z.boolean().optional(),
    on_call: z.boolean().optional(),
    name: text({ max: AGENT_NAME_MAX, trim: true })
      .nullish()
      .describe('Null: as the token has it.'),
  })
  .refine((body) => Object.values(body).some((value) => value !== undefined), {
    message: 'names nothing to change',
    params: { type: 'empty' },
  });
export type ChangeAgentBody = z.infer<typeof changeAgentBody>;

export const linkCodeView = z.object({
  code: z.string().describe('For `/link` in Discord, once.'),
  expires_at: millis,
});
export type LinkCodeView = z.infer<typeof linkCodeView>;

export const agentTicketsQuery = z.object({
  status: z.enum(['open', 'all']).optional(),
  limit: queryInteger(1, sizes.ticketsPage).optional(),
  before: hexId.optional(),
});
export type AgentTicketsQuery = z.infer<typeof agentTicketsQuery>;
