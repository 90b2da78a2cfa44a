import { createSecretKey, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { z } from 'zod';
import {
  type logLevels,
  roleNames,
  type Variable,
  type VariableName,
  variables,
} from './variables.ts';

type Name = VariableName;
type Raw = { [N in Name]: z.output<(typeof variables)[N]['schema']> };

/** Named stops for tests that kill the process at a given moment; inert unless set. */
const FAILPOINT_VARIABLE = 'DESKCORD_FAILPOINT';

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
  /** Signs links to files; without it they are signed with a key derived from the first of `jwt.keys`. */
  linkSecret: KeyObject | undefined;
  errorWebhookUrl: string | undefined;
  errorBotWebhookUrl: string | undefined;
  customerMaySetLevel: boolean;
  rateLimitFactor: number;
  maxConnections: number;
  maxConnectionsPerUser: number;
  maxSocketBufferBytes: number;
  maxUnsentBytes: number;
  /** Proxies whose `X-Forwarded-For` is believed. */
  trustedProxies: readonly string[];
  writeDeadlineMs: number;
  reconcileIntervalMs: number;
  shutdownDelayMs: number;
  logLevel: (typeof logLevels)[number];
  failpoint: string | undefined;
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
export function readVariable(
  env: NodeJS.ProcessEnv,
  name: Name,
  problems: string[],
): string | undefined {
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
  for (const name of ['JWT_SECRET_KEY', 'JWT_SECRET_KEY_PREVIOUS', 'LINK_SECRET'] as const) {
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
    linkSecret: raw.LINK_SECRET ? createSecretKey(Buffer.from(raw.LINK_SECRET)) : undefined,
    errorWebhookUrl: raw.ERROR_WEBHOOK_URL,
    errorBotWebhookUrl: raw.ERROR_BOT_WEBHOOK_URL,
    customerMaySetLevel: raw.CUSTOMER_MAY_SET_LEVEL,
    rateLimitFactor: raw.RATE_LIMIT_FACTOR,
    maxConnections: raw.MAX_CONNECTIONS,
    maxConnectionsPerUser: raw.MAX_CONNECTIONS_PER_USER,
    maxSocketBufferBytes: raw.MAX_SOCKET_BUFFER_BYTES,
    maxUnsentBytes: raw.MAX_UNSENT_BYTES,
    trustedProxies: raw.TRUSTED_PROXIES ?? [],
    writeDeadlineMs: raw.WRITE_DEADLINE_MS,
    reconcileIntervalMs: raw.SWEEP_INTERVAL_MS,
    shutdownDelayMs: raw.SHUTDOWN_DELAY_MS,
    logLevel: raw.LOG_LEVEL,
    failpoint: env[FAILPOINT_VARIABLE],
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
