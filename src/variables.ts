import proxyAddr from 'proxy-addr';
import { z } from 'zod';
import { digestTime } from './contract/digest.ts';
import { sizes } from './contract/limits.ts';
import { type IssueLevel, issueLevels } from './contract/ticket-words.ts';
import { mongoUriProblem } from './infra/mongo-uri.ts';

/** A variable of the environment: its schema, what it wants in words, and an example. */
export interface Variable {
  schema: z.ZodType;
  wants: string;
  example: string;
  secret?: true;
  /** Why a value that has the right form still cannot be used; undefined when it can. */
  problem?(value: string): string | undefined;
}

const port = z.coerce.number().int().min(0).max(65535);
const snowflake = z.string().regex(/^\d{17,20}$/);
const httpUrl = z.url({ protocol: /^https?$/ });
const flag = z.enum(['true', 'false']).transform((value) => value === 'true');
const list = z.string().transform((value) =>
  value
    .split(',')
    .map((item) => item.trim())
    .filter(Boolean),
);
export const roleNames = ['server', 'bot', 'worker'] as const;
const jwtSecret = z.string().min(8);
export const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;

/** What proxy-addr takes: an address, a CIDR range, a name for some of them. */
function isProxyRange(value: string): boolean {
  try {
    proxyAddr.compile(value);
    return true;
  } catch {
    return false;
  }
}

const discordId = (example: string) => ({
  schema: snowflake.optional(),
  wants: 'a Discord id of 17 to 20 digits',
  example,
});
const milliseconds = (fallback: number, wants: string, most = 3_600_000) => ({
  schema: z.coerce.number().int().min(0).max(most).default(fallback),
  wants,
  example: String(fallback),
});

const HOUR_MS = 3_600_000;
const MOST_HOURS = 8760;

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

const count = (fallback: number, wants: string) => ({
  schema: z.coerce.number().int().min(1).default(fallback),
  wants,
  example: String(fallback),
});

/** Every variable Deskcord reads, in the order of `.env.example`. */
export const variables = {
  WEB_SERVER_PORT: { schema: port.default(5000), wants: 'a port, 0 to 65535', example: '5000' },
  SERVER_MODE: {
    schema: z.enum(['DEVELOPMENT', 'PRODUCTION']).optional(),
    wants: 'DEVELOPMENT or PRODUCTION',
    example: 'DEVELOPMENT',
  },
  MONGO_URI: {
    schema: z
      .string()
      .regex(/^mongodb(\+srv)?:\/\/./)
      .optional(),
    wants: 'a MongoDB address of a replica set',
    example: 'mongodb://127.0.0.1:27017/?replicaSet=rs0',
    secret: true,
    problem: mongoUriProblem,
  },
  DB_NAME: {
    schema: z
      .string()
      .regex(/^[A-Za-z0-9_-]{1,60}$/)
      .default('deskcord'),
    wants: '1 to 60 letters, digits, - and _',
    example: 'deskcord',
  },
  DISCORD_BOT_TOKEN: {
    schema: z
      .string()
      .regex(/^[^\s<>]{10,}$/)
      .optional(),
    wants: 'the token of the bot',
    example: 'MTA…',
    secret: true,
  },
  GUILD_ID: discordId('100000000000000001'),
  TRANSCRIPT_CHANNEL_ID: discordId('100000000000000002'),
  GENERAL_TICKET_CATEGORY_ID: discordId('100000000000000003'),
  CRITICAL_TICKET_CATEGORY_ID: discordId('100000000000000004'),
  URGENT_TICKET_CATEGORY_ID: discordId('100000000000000005'),
  ADMIN_ROLE_ID: discordId('100000000000000006'),
  MANAGER_ROLE_ID: discordId('100000000000000007'),
  DEVELOPER_ROLE_ID: discordId('100000000000000008'),
  SUPPORT_TEAM_ROLE_ID: discordId('100000000000000009'),
  JWT_SECRET_KEY: {
    schema: jwtSecret,
    wants:
      'the secret shared with the backend that mints the tokens, of at least 8 characters (32 bytes in PRODUCTION)',
    example: 'the output of: openssl rand -hex 32',
    secret: true,
  },
  ERROR_WEBHOOK_URL: {
    schema: httpUrl.optional(),
    wants: 'an http(s) address of a Discord webhook',
    example: 'https://discord.com/api/webhooks/1/abc',
    secret: true,
  },
  ERROR_BOT_WEBHOOK_URL: {
    schema: httpUrl.optional(),
    wants: 'an http(s) address of a Discord webhook',
    example: 'https://discord.com/api/webhooks/2/def',
    secret: true,
  },
  ROLES: {
    schema: list.pipe(z.array(z.enum(roleNames)).min(1)).default([...roleNames]),
    wants: 'server, bot and worker, or some of them, separated by commas',
    example: 'server,bot,worker',
  },
  REDIS_URL: {
    schema: z.url({ protocol: /^rediss?$/ }).optional(),
    wants: 'an address of Redis 7 or newer, needed as soon as there is more than one process',
    example: 'redis://127.0.0.1:6379',
    secret: true,
  },
  HOST: {
    schema: z.string().min(1).optional(),
    wants: 'an address of this machine to listen on',
    example: '0.0.0.0',
  },
  PUBLIC_URL: {
    schema: httpUrl.optional(),
    wants: 'the http(s) address browsers reach this server at; links to files start with it',
    example: 'https://support.example.com',
  },
  ALLOWED_ORIGINS: {
    schema: list.pipe(z.array(z.string().regex(/^(\*|https?:\/\/(\*\.)?[^/*\s]+)$/))).optional(),
    wants: 'origins separated by commas, such as https://*.example.com; * for all',
    example: 'https://www.example.com,https://*.example.org',
  },
  DATA_DIR: {
    schema: z.string().min(1).default('./data'),
    wants: 'a directory',
    example: './data',
  },
  MONGOD_PATH: {
    schema: z.string().min(1).optional(),
    wants: 'the path of a mongod',
    example: '/usr/bin/mongod',
  },
  MAX_TICKETS_IN_DISCORD_PER_PARTNER: {
    schema: z.coerce.number().int().min(1).max(500).default(250),
    wants: "how many of one partner's tickets have a channel at the same time; the next ones wait",
    example: '250',
  },
  PARK_BELOW: {
    schema: z.coerce.number().int().min(0).max(499).default(25),
    wants:
      "below how many free channels of the server's 500 idle tickets are parked, 0 to 499; 0 for never",
    example: '25',
  },
  PARK_IDLE_HOURS: {
    schema: z.coerce.number().positive().max(MOST_HOURS).default(24),
    wants: `hours without anything new until a ticket may be parked, at most ${MOST_HOURS}`,
    example: '24',
  },
  DISCORD_API_URL: {
    schema: httpUrl.default('https://discord.com/api'),
    wants: "Discord's API address without the version",
    example: 'https://discord.com/api',
  },
  DISCORD_CDN_URL: {
    schema: httpUrl.default('https://cdn.discordapp.com'),
    wants: "Discord's CDN address",
    example: 'https://cdn.discordapp.com',
  },
  JWT_SECRET_KEY_PREVIOUS: {
    schema: jwtSecret.optional(),
    wants:
      'the secret before the current one, while it is being rotated, of at least 8 characters (32 bytes in PRODUCTION)',
    example: 'the former JWT_SECRET_KEY',
    secret: true,
  },
  LINK_SECRET: {
    schema: jwtSecret.optional(),
    wants: 'the secret that signs links to files; without it one is derived from JWT_SECRET_KEY',
    example: 'the output of: openssl rand -hex 32',
    secret: true,
  },
  JWT_ALGORITHMS: {
    schema: list.pipe(z.array(z.enum(['HS256', 'HS384', 'HS512'])).min(1)).default(['HS256']),
    wants: 'HS256, HS384 or HS512, separated by commas',
    example: 'HS256',
  },
  JWT_ISSUER: {
    schema: z.string().min(1).optional(),
    wants: 'the iss every token must carry',
    example: 'https://shop.example.com',
  },
  JWT_AUDIENCE: {
    schema: z.string().min(1).optional(),
    wants: 'the aud every token must carry',
    example: 'deskcord',
  },
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
  RATE_LIMIT_FACTOR: {
    schema: z.coerce.number().positive().max(1_000_000).default(1),
    wants: 'a number that every rate limit is multiplied by',
    example: '1',
  },
  MAX_CONNECTIONS: {
    schema: z.coerce.number().int().min(1).default(20_000),
    wants: 'how many sockets one process accepts',
    example: '20000',
  },
  MAX_CONNECTIONS_PER_USER: {
    schema: z.coerce.number().int().min(1).default(50),
    wants: 'how many sockets one user may have on one process',
    example: '50',
  },
  MAX_SOCKET_BUFFER_BYTES: {
    schema: z.coerce
      .number()
      .int()
      .min(65_536)
      .default(4 * 1024 * 1024),
    wants: 'bytes waiting for a slow reader before it is cut (it catches up later)',
    example: '4194304',
  },
  MAX_UPLOAD_BYTES_PER_USER: count(
    1024 * 1024 * 1024,
    'bytes of files one customer may have stored',
  ),
  MAX_UPLOAD_BYTES_PER_TICKET: count(
    256 * 1024 * 1024,
    'bytes of files each side of one ticket may have stored',
  ),
  MAX_OPEN_TICKETS_PER_USER: count(20, 'open tickets one customer may have'),
  MAX_UNSENT_BYTES: {
    schema: z.coerce
      .number()
      .int()
      .min(16 * 1024 * 1024)
      .default(256 * 1024 * 1024),
    wants:
      'bytes of answers over HTTP that may wait for slow readers in one process, 16777216 or more',
    example: '268435456',
  },
  TRUSTED_PROXIES: {
    schema: list.pipe(z.array(z.string().refine(isProxyRange))).optional(),
    wants:
      'addresses and CIDR ranges of your proxies, separated by commas; loopback and uniquelocal stand for theirs',
    example: '10.0.0.5,192.168.0.0/16',
  },
  WRITE_DEADLINE_MS: milliseconds(
    5000,
    'milliseconds until a write that MongoDB does not confirm is answered 503',
  ),
  SWEEP_INTERVAL_MS: milliseconds(
    4000,
    'milliseconds between two looks for entries another node wrote',
  ),
  SHUTDOWN_DELAY_MS: milliseconds(
    0,
    'milliseconds, at most 300000, /readyz fails before a stopping server closes its door',
    300_000,
  ),
  LOG_LEVEL: {
    schema: z.enum(logLevels).default('info'),
    wants: logLevels.join(', '),
    example: 'info',
  },
} satisfies Record<string, Variable>;

export type VariableName = keyof typeof variables;
