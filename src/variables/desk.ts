import { z } from 'zod';
import { digestTime } from '../contract/digest.ts';
import { sizes } from '../contract/limits.ts';
import { type IssueLevel, issueLevels } from '../contract/ticket-words.ts';
import { avatarTemplateProblem } from './avatar-template.ts';
import { MOST_HOURS, type Variable } from './kinds.ts';

const HOUR_MS = 3_600_000;
const flag = z.enum(['true', 'false']).transform((value) => value === 'true');

/** `48`, or `URGENT=24,CRITICAL=8`: milliseconds by level. */
const hoursByLevel = z.string().transform((value, ctx): Partial<Record<IssueLevel, number>> => {
  const found: Partial<Record<IssueLevel, number>> = {};
  const parts = value.includes('=')
    ? value.split(',')
    : issueLevels.map((level) => `${level}=${value}`);
  for (const part of parts) {
    const [name = '', text = ''] = part.split('=').map((side) => side.trim());
    const level = issueLevels.find((one) => one === name);
    const hours = /^\d+(\.\d+)?$/.test(text) ? Number(text) : 0;
    if (!level || level in found || hours <= 0 || hours > MOST_HOURS) {
      ctx.addIssue({ code: 'custom', message: 'is not hours by level' });
      return z.NEVER;
    }
    found[level] = hours * HOUR_MS;
  }
  return found;
});

const idleHours = (what: string, example: string) => ({
  schema: hoursByLevel.optional(),
  wants: `${what}: hours, at most ${MOST_HOURS}, for all levels or as NORMAL=72,URGENT=24`,
  example,
});

/** What customers are told by itself. */
const announcement = (wants: string, example: string) => ({
  schema: z
    .string()
    .max(sizes.content - 200)
    .optional(),
  wants: `${wants}, of at most ${sizes.content - 200} characters`,
  example,
});

/** How the help desk works, and what it says by itself. */
export const deskVariables = {
  CUSTOMER_MAY_SET_LEVEL: { schema: flag.default(false), wants: 'true or false', example: 'false' },
  REQUIRE_APPROVAL: { schema: flag.default(false), wants: 'true or false', example: 'false' },
  AUTO_STATUS: { schema: flag.default(true), wants: 'true or false', example: 'true' },
  REOPEN_DAYS: {
    schema: z.coerce.number().int().min(0).max(3650).default(7),
    wants: 'days for which a closed ticket may be reopened; 0 for never',
    example: '7',
  },
  RETENTION_DAYS: {
    schema: z.coerce.number().int().min(0).max(36_500).default(0),
    wants: 'days after its end at which a ticket is deleted, more than REOPEN_DAYS; 0 for never',
    example: '730',
  },
  AGENT_SEES: {
    schema: z.enum(['all', 'assigned']).default('all'),
    wants: 'all or assigned',
    example: 'all',
  },
  AGENT_MAY_ASSIGN: { schema: flag.default(false), wants: 'true or false', example: 'false' },
  AUTO_ASSIGN: {
    schema: z.enum(['off', 'least_loaded', 'round_robin']).default('off'),
    wants: 'off, least_loaded or round_robin',
    example: 'off',
  },
  DISCORD_PERSONA: {
    schema: z.enum(['bot', 'webhook']).default('bot'),
    wants:
      "bot or webhook: in whose name customers' messages stand in Discord, the bot's or their own",
    example: 'bot',
  },
  PERSONA_AVATAR_URL: {
    schema: z.string().max(1000).optional(),
    wants:
      "with DISCORD_PERSONA=webhook, the https address of a customer's picture, in which {id} stands for their id",
    example: 'https://partner.example/avatars/{id}.png',
    problem: avatarTemplateProblem,
  },
  DISCORD_REPLY_MODE: {
    schema: z.enum(['all', 'reply']).default('all'),
    wants: "all or reply: which of staff's plain messages in Discord go to the customer",
    example: 'all',
  },
  IDLE_WARNING_HOURS: idleHours("how long a customer's silence lasts until they are asked", '72'),
  IDLE_CLOSE_HOURS: idleHours('how long after that the ticket is closed', '48'),
  IDLE_WARNING_TEXT: announcement(
    'what they are told; {hours} stands for the time until the closing',
    'Are you still there? Without a message we close this in {hours}.',
  ),
  OUT_OF_HOURS_TEXT: announcement(
    'what the customer of a new ticket is told outside the working hours; {opens} is when they begin',
    'We are back at {opens}.',
  ),
  HOLIDAY_TEXT: announcement('the same on a holiday', 'Happy holidays! We are back at {opens}.'),
  QUIET_HOURS: { schema: flag.default(false), wants: 'true or false', example: 'false' },
  WEEKLY_DIGEST: {
    schema: digestTime.default('mon 09:00'),
    wants:
      "when the week's numbers are posted where transcripts are kept, by the calendar's time zone, as mon 09:00; or off",
    example: 'mon 09:00',
  },
} satisfies Record<string, Variable>;
