import { createSecretKey, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { z } from 'zod';

/** A variable of the environment: its schema, what it wants in words, and an example. */
interface Variable {
  schema: z.ZodType;
  wants: string;
  example: string;
  secret?: true;
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
const roleNames = ['server', 'bot'] as const;
/** Not the `<placeholder>` of an example, which everybody knows. */
const jwtSecret = z.string().min(8).regex(/^[^<]/);
const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;

const discordId = (example: string) => ({
  schema: snowflake.optional(),
  wants: 'a Discord id of 17 to 20 digits',
  example,
});
const milliseconds = (fallback: number, wants: string) => ({
  schema: z.coerce.number().int().min(0).default(fallback),
  wants,
  example: String(fallback),
});

/** Every variable Deskcord reads, in the order of `.env.example`. */
export const variables = {
  WEB_SERVER_PORT: { schema: port.default(5000), wants: 'a port, 0 to 65535', example: '5000' },
  SERVER_MODE: {
    schema: z.enum(['DEVELOPMENT', 'PRODUCTION']).default('DEVELOPMENT'),
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
      'the secret shared with the backend that mints the tokens (32 bytes or more in PRODUCTION)',
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
    schema: list.pipe(z.array(z.enum(roleNames)).min(1)).default(['server', 'bot']),
    wants: 'server, bot or both, separated by a comma',
    example: 'server,bot',
  },
  REDIS_URL: {
    schema: z.url({ protocol: /^rediss?$/ }).optional(),
    wants: 'an address of Redis 7 or newer, needed as soon as there is more than one process',
    example: 'redis://127.0.0.1:6379',
    secret: true,
  },
  HOST: {
    schema: z.string().min(1).default('0.0.0.0'),
    wants: 'an address to listen on',
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
    wants: 'the secret before the current one, while it is being rotated',
    example: 'the former JWT_SECRET_KEY',
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
    'milliseconds /readyz fails before a stopping server closes its door',
  ),
  LOG_LEVEL: {
    schema: z.enum(logLevels).default('info'),
    wants: logLevels.join(', '),
    example: 'info',
  },
} satisfies Record<string, Variable>;

type Name = keyof typeof variables;
type Raw = { [N in Name]: z.output<(typeof variables)[N]['schema']> };

/** Named stops for tests that kill the process at a given moment; inert unless set. */
const CRASH_VARIABLE = 'DESKCORD_CRASH_AT';

export interface DiscordConfig {
  token: string;
  guildId: string;
  transcriptChannelId: string;
  categories: { NORMAL: string; URGENT: string; CRITICAL: string };
  roles: { GENERAL: string; TECHNICAL: string; MANAGER: string; ADMIN: string };
  apiUrl: string;
  cdnUrl: string;
}

export interface Config {
  port: number;
  host: string;
  production: boolean;
  mongoUri: string | undefined;
  mongodPath: string | undefined;
  dbName: string;
  dataDir: string;
  roles: readonly ('server' | 'bot')[];
  redisUrl: string | undefined;
  publicUrl: string | undefined;
  allowedOrigins: readonly string[];
  discord: DiscordConfig | undefined;
  jwt: {
    keys: readonly KeyObject[];
    algorithms: readonly ('HS256' | 'HS384' | 'HS512')[];
    issuer: string | undefined;
    audience: string | undefined;
    requireExpiry: boolean;
  };
  errorWebhookUrl: string | undefined;
  errorBotWebhookUrl: string | undefined;
  customerMaySetLevel: boolean;
  rateLimitFactor: number;
  maxConnections: number;
  maxConnectionsPerUser: number;
  maxSocketBufferBytes: number;
  writeDeadlineMs: number;
  sweepIntervalMs: number;
  shutdownDelayMs: number;
  logLevel: (typeof logLevels)[number];
  crashAt: string | undefined;
}

/** Thrown when the environment is wrong; `lines` has one line for each wrong variable. */
export class ConfigError extends Error {
  readonly lines: readonly string[];

  constructor(lines: readonly string[]) {
    super(`the configuration is wrong:\n${lines.map((line) => `  ${line}`).join('\n')}`);
    this.name = 'ConfigError';
    this.lines = lines;
  }
}

function describe(name: Name, got: string | undefined, why?: string): string {
  const { wants, example, secret } = variables[name] as Variable;
  const shown =
    got === undefined
      ? 'nothing'
      : secret
        ? `a value of ${got.length} characters`
        : JSON.stringify(got);
  return `${name}: got ${shown}${why ? ` (${why})` : ''}; wants ${wants}; for example ${example}`;
}

/** `NAME`, or for a secret the content of the file that `NAME_FILE` names. Empty counts as unset. */
function readVariable(env: NodeJS.ProcessEnv, name: Name, problems: string[]): string | undefined {
  const value = env[name]?.trim() || undefined;
  const file = env[`${name}_FILE`]?.trim();
  if (!file || !(variables[name] as Variable).secret) return value;
  if (value !== undefined) {
    problems.push(`${name}_FILE: ${name} is set too; set one of them`);
    return value;
  }
  try {
    return readFileSync(file, 'utf8').trim() || undefined;
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? 'unreadable';
    problems.push(
      `${name}_FILE: cannot read "${file}" (${reason}); wants a file that holds ${name}`,
    );
    return undefined;
  }
}

function parseVariables(env: NodeJS.ProcessEnv): {
  raw: Raw;
  problems: string[];
  failed: Set<Name>;
} {
  const problems: string[] = [];
  const failed = new Set<Name>();
  const raw: Record<string, unknown> = {};
  for (const name of Object.keys(variables) as Name[]) {
    const got = readVariable(env, name, problems);
    const parsed = variables[name].schema.safeParse(got);
    if (parsed.success) raw[name] = parsed.data;
    else {
      failed.add(name);
      problems.push(describe(name, got));
    }
  }
  return { raw: raw as Raw, problems, failed };
}

const discordNames = [
  'GUILD_ID',
  'TRANSCRIPT_CHANNEL_ID',
  'GENERAL_TICKET_CATEGORY_ID',
  'CRITICAL_TICKET_CATEGORY_ID',
  'URGENT_TICKET_CATEGORY_ID',
  'ADMIN_ROLE_ID',
  'MANAGER_ROLE_ID',
  'DEVELOPER_ROLE_ID',
  'SUPPORT_TEAM_ROLE_ID',
] as const satisfies readonly Name[];

/** Rules that take more than one variable. */
function crossCheck(raw: Raw, failed: Set<Name>, problems: string[]): void {
  const missing = (name: Name, why: string) => {
    if (raw[name] === undefined && !failed.has(name)) problems.push(describe(name, undefined, why));
  };
  const roles = raw.ROLES ?? [];
  if (raw.DISCORD_BOT_TOKEN && roles.includes('bot')) {
    for (const name of discordNames) missing(name, 'DISCORD_BOT_TOKEN is set');
  }
  if (roles.length > 0 && new Set(roles).size < roleNames.length) {
    missing('REDIS_URL', `ROLES is ${roles.join(',')}: split roles meet through Redis`);
  }
  if (raw.SERVER_MODE !== 'PRODUCTION') return;
  missing('MONGO_URI', 'the embedded MongoDB is for DEVELOPMENT only');
  for (const name of ['JWT_SECRET_KEY', 'JWT_SECRET_KEY_PREVIOUS'] as const) {
    const secret = raw[name];
    if (secret && Buffer.byteLength(secret) < 32) {
      problems.push(describe(name, secret, 'too short for PRODUCTION'));
    }
  }
}

function discordConfig(raw: Raw): DiscordConfig | undefined {
  if (!raw.DISCORD_BOT_TOKEN || !raw.ROLES.includes('bot')) return undefined;
  const id = (name: (typeof discordNames)[number]) => raw[name] as string;
  return {
    token: raw.DISCORD_BOT_TOKEN,
    guildId: id('GUILD_ID'),
    transcriptChannelId: id('TRANSCRIPT_CHANNEL_ID'),
    categories: {
      NORMAL: id('GENERAL_TICKET_CATEGORY_ID'),
      URGENT: id('URGENT_TICKET_CATEGORY_ID'),
      CRITICAL: id('CRITICAL_TICKET_CATEGORY_ID'),
    },
    roles: {
      GENERAL: id('SUPPORT_TEAM_ROLE_ID'),
      TECHNICAL: id('DEVELOPER_ROLE_ID'),
      MANAGER: id('MANAGER_ROLE_ID'),
      ADMIN: id('ADMIN_ROLE_ID'),
    },
    apiUrl: raw.DISCORD_API_URL,
    cdnUrl: raw.DISCORD_CDN_URL,
  };
}

/**
 * Reads the whole configuration from `env`.
 * @throws ConfigError with one line for every wrong variable, all at once.
 */
export function readConfig(env: NodeJS.ProcessEnv = process.env): Config {
  const { raw, problems, failed } = parseVariables(env);
  crossCheck(raw, failed, problems);
  if (problems.length > 0) throw new ConfigError(problems);
  const production = raw.SERVER_MODE === 'PRODUCTION';
  const secrets = [raw.JWT_SECRET_KEY, raw.JWT_SECRET_KEY_PREVIOUS].filter(
    (key) => key !== undefined,
  );
  return Object.freeze({
    port: raw.WEB_SERVER_PORT,
    host: raw.HOST,
    production,
    mongoUri: raw.MONGO_URI,
    mongodPath: raw.MONGOD_PATH,
    dbName: raw.DB_NAME,
    dataDir: resolve(raw.DATA_DIR),
    roles: [...new Set(raw.ROLES)],
    redisUrl: raw.REDIS_URL,
    publicUrl: raw.PUBLIC_URL?.replace(/\/+$/, ''),
    allowedOrigins: raw.ALLOWED_ORIGINS ?? (production ? [] : ['*']),
    discord: discordConfig(raw),
    jwt: {
      keys: secrets.map((secret) => createSecretKey(Buffer.from(secret))),
      algorithms: raw.JWT_ALGORITHMS,
      issuer: raw.JWT_ISSUER,
      audience: raw.JWT_AUDIENCE,
      requireExpiry: production,
    },
    errorWebhookUrl: raw.ERROR_WEBHOOK_URL,
    errorBotWebhookUrl: raw.ERROR_BOT_WEBHOOK_URL,
    customerMaySetLevel: raw.CUSTOMER_MAY_SET_LEVEL,
    rateLimitFactor: raw.RATE_LIMIT_FACTOR,
    maxConnections: raw.MAX_CONNECTIONS,
    maxConnectionsPerUser: raw.MAX_CONNECTIONS_PER_USER,
    maxSocketBufferBytes: raw.MAX_SOCKET_BUFFER_BYTES,
    writeDeadlineMs: raw.WRITE_DEADLINE_MS,
    sweepIntervalMs: raw.SWEEP_INTERVAL_MS,
    shutdownDelayMs: raw.SHUTDOWN_DELAY_MS,
    logLevel: raw.LOG_LEVEL,
    crashAt: env[CRASH_VARIABLE],
  });
}

/** The environment, completed from `.env` in the working directory where there is one. */
export function loadEnvironment(): NodeJS.ProcessEnv {
  try {
    process.loadEnvFile('.env');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  return process.env;
}
