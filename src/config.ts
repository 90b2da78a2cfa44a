import { createSecretKey, type KeyObject } from 'node:crypto';
import { resolve } from 'node:path';
import { type IssueLevel, issueLevels } from './contract/ticket-words.ts';
import { ConfigError, describe, parseVariables, type Raw } from './environment.ts';
import { noticeMisspelt } from './misspelt-variables.ts';
import type { logLevels } from './variables/bounds.ts';
import type { GuildRoute } from './variables/guild-routes.ts';
import type { roleNames } from './variables/process.ts';
import type { VariableName } from './variables.ts';
import { secretWeakness } from './weak-secret.ts';

/** Named stops for tests that kill the process at a given moment; inert unless set. */
const FAILPOINT_VARIABLE = 'DESKCORD_FAILPOINT';

type Id = string | undefined;
const HOUR_MS = 3_600_000;

/** When an idle ticket's channel may be removed for a while. */
export interface ParkingRules {
  /** Below how many free channels of the server; 0 parks nothing. */
  below: number;
  /** Milliseconds without anything new. */
  idleMs: number;
}

/** The ids are those of the environment; what is undefined is for `/setup` to make or find. */
export interface DiscordConfig {
  token: string;
  guildId: Id;
  /** Guilds beside that one, in order; what is in them is for `/setup` to make or find. */
  moreGuildIds: readonly string[];
  /** Which tickets go to which of the guilds; those that no rule names go to the first with room. */
  routes: readonly GuildRoute[];
  transcriptChannelId: Id;
  categories: { NORMAL: Id; URGENT: Id; CRITICAL: Id };
  roles: { GENERAL: Id; TECHNICAL: Id; MANAGER: Id; ADMIN: Id };
  /** In whose name customers' messages are posted: the bot's, or by a webhook their own. */
  persona: 'bot' | 'webhook';
  /** Where Discord finds their pictures by their ids, `{id}`; undefined shows none. */
  personaAvatarUrl: string | undefined;
  /** How many of one partner's tickets may have a channel at the same time. */
  maxTicketsPerPartner: number;
  /** How many channels of the server are kept free, and which tickets give theirs up for it. */
  parking: ParkingRules;
  /** What is done while fewer are free: idle tickets give theirs up, new ones become posts of a forum, or both. */
  whenNearlyFull: 'park' | 'post' | 'both';
  apiUrl: string;
  cdnUrl: string;
}

/** Milliseconds of a customer's silence until they are warned, and from there until the ticket is closed. */
export type IdleTimes = Partial<
  Record<IssueLevel, { warnMs: number; closeMs: number | undefined }>
>;

export interface Config {
  port: number;
  host: string;
  production: boolean;
  mongoUri: string | undefined;
  mongodPath: string | undefined;
  dbName: string;
  dataDir: string;
  roles: readonly (typeof roleNames)[number][];
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
  requireApproval: boolean;
  autoStatus: boolean;
  reopenDays: number;
  /** Days after its end at which a ticket is deleted; 0 for never. */
  retentionDays: number;
  agentSees: 'all' | 'assigned';
  agentMayAssign: boolean;
  autoAssign: 'off' | 'least_loaded' | 'round_robin';
  /** What is done about customers who say nothing any more. */
  idle: { levels: IdleTimes; text: string | undefined };
  outOfHoursText: string | undefined;
  holidayText: string | undefined;
  /** True where whoever is on call is named by new tickets that are not urgent in the working hours alone. */
  quietHours: boolean;
  /** When the digest of the week is due where no setting says otherwise: `mon 09:00`, or `off`. */
  weeklyDigest: string;
  /** Which of staff's plain messages in Discord are for the customer: all, or those that say so. */
  replyMode: 'all' | 'reply';
  rateLimitFactor: number;
  maxConnections: number;
  maxConnectionsPerUser: number;
  maxSocketBufferBytes: number;
  maxUploadBytesPerUser: number;
  maxUploadBytesPerTicket: number;
  maxOpenTicketsPerUser: number;
  maxUnsentBytes: number;
  /** Proxies whose `X-Forwarded-For` is believed. */
  trustedProxies: readonly string[];
  writeDeadlineMs: number;
  reconcileIntervalMs: number;
  shutdownDelayMs: number;
  logLevel: (typeof logLevels)[number];
  failpoint: string | undefined;
  /** What is allowed and still worth a line in the log at start. */
  notices: readonly string[];
}

const roleVariables = [
  'ADMIN_ROLE_ID',
  'MANAGER_ROLE_ID',
  'DEVELOPER_ROLE_ID',
  'SUPPORT_TEAM_ROLE_ID',
] as const satisfies readonly VariableName[];

/** Rules that take more than one variable. */
function crossCheck(raw: Raw, failed: Set<VariableName>, problems: string[]): void {
  const missing = (name: VariableName, why: string) => {
    if (raw[name] === undefined && !failed.has(name)) problems.push(describe(name, undefined, why));
  };
  const roles = raw.ROLES ?? [];
  if (raw.DISCORD_BOT_TOKEN && roles.includes('bot')) {
    for (const name of roleVariables) {
      if (raw[name] === undefined || raw[name] !== raw.GUILD_ID) continue;
      problems.push(`${name}: is GUILD_ID, whose role is @everyone; wants a role of the staff`);
    }
  }
  // What a worker does can wait for its poll; a message between the other two cannot.
  if (roles.length > 0 && !(roles.includes('server') && roles.includes('bot'))) {
    missing('REDIS_URL', `ROLES is ${roles.join(',')}: split roles meet through Redis`);
  }
  if (raw.SERVER_MODE === undefined && !failed.has('SERVER_MODE') && raw.HOST) {
    const why = 'SERVER_MODE is not set, and without it nothing but loopback is listened on';
    if (!isLoopback(raw.HOST)) problems.push(describe('HOST', raw.HOST, why));
  }
  const guildVariables = ['GUILD_ID', 'MORE_GUILDS', 'GUILD_ROUTES'] as const;
  if (!guildVariables.some((name) => failed.has(name))) checkGuilds(raw, missing, problems);
  if (!failed.has('IDLE_WARNING_HOURS')) checkIdle(raw, problems);
  const { RETENTION_DAYS: retention = 0, REOPEN_DAYS: reopen = 0 } = raw;
  if (retention > 0 && retention <= reopen) {
    const why = `a closed ticket may be reopened for REOPEN_DAYS (${reopen}), and is there for longer`;
    problems.push(describe('RETENTION_DAYS', String(retention), why));
  }
  if (raw.PARK_BELOW === 0 && (raw.WHEN_NEARLY_FULL ?? 'park') !== 'park') {
    const why = 'PARK_BELOW is 0, and says from when on a server is nearly full';
    problems.push(describe('WHEN_NEARLY_FULL', raw.WHEN_NEARLY_FULL, why));
  }
  if (raw.SERVER_MODE === 'PRODUCTION') checkProduction(raw, missing, problems);
}

function checkProduction(
  raw: Raw,
  missing: (name: VariableName, why: string) => void,
  problems: string[],
): void {
  missing('MONGO_URI', 'the embedded MongoDB is for DEVELOPMENT only');
  for (const name of ['JWT_SECRET_KEY', 'JWT_SECRET_KEY_PREVIOUS', 'LINK_SECRET'] as const) {
    const secret = raw[name];
    if (!secret) continue;
    const isShort = Buffer.byteLength(secret) < 32;
    const why = isShort ? 'too short for PRODUCTION' : secretWeakness(secret);
    if (why) problems.push(describe(name, secret, why));
  }
}

/** A rule names a guild that the desk has; without GUILD_ID nobody could say which is the first. */
function checkGuilds(
  raw: Raw,
  missing: (name: VariableName, why: string) => void,
  problems: string[],
): void {
  const { GUILD_ID: first, MORE_GUILDS: more = [], GUILD_ROUTES: routes = [] } = raw;
  if (more.length > 0) missing('GUILD_ID', 'MORE_GUILDS is set, and GUILD_ID is the first of them');
  const all = [...(first ? [first] : []), ...more];
  const twice = all.find((id, index) => all.indexOf(id) < index);
  if (twice) problems.push(describe('MORE_GUILDS', more.join(','), `${twice} is there twice`));
  for (const [index, { by, name, guildIds }] of routes.entries()) {
    const about = by === 'any' ? '*' : `${by}:${name}`;
    const stranger = guildIds.find((id) => !all.includes(id));
    if (!stranger) continue;
    const why = `${stranger} is neither GUILD_ID nor one of MORE_GUILDS`;
    problems.push(`GUILD_ROUTES: rule ${index + 1} (${about}): ${why}`);
  }
}

/** A ticket is never closed for silence without a word before. */
function checkIdle(raw: Raw, problems: string[]): void {
  const { IDLE_WARNING_HOURS: warning = {}, IDLE_CLOSE_HOURS: closing = {} } = raw;
  const bare = issueLevels.filter((level) => level in closing && !(level in warning));
  if (bare.length === 0) return;
  problems.push(`IDLE_CLOSE_HOURS: ${bare.join(', ')} has no IDLE_WARNING_HOURS; wants one`);
}

function idleTimes(raw: Raw): IdleTimes {
  const { IDLE_WARNING_HOURS: warning = {}, IDLE_CLOSE_HOURS: closing = {} } = raw;
  return Object.fromEntries(
    issueLevels.flatMap((level) => {
      const warnMs = warning[level];
      return warnMs === undefined ? [] : [[level, { warnMs, closeMs: closing[level] }]];
    }),
  );
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);
}

function noticesOf(env: NodeJS.ProcessEnv, raw: Raw): string[] {
  const notices = noticeMisspelt(env);
  if (raw.SERVER_MODE === undefined) {
    notices.push(
      'SERVER_MODE is not set: this is DEVELOPMENT, and nothing but loopback is listened on; set it to PRODUCTION to serve others',
    );
  } else if (raw.SERVER_MODE === 'DEVELOPMENT' && raw.HOST && !isLoopback(raw.HOST)) {
    notices.push(
      `SERVER_MODE is DEVELOPMENT and HOST is ${raw.HOST}: others reach a server that needs no exp in tokens and, without ALLOWED_ORIGINS, allows every origin`,
    );
  }
  if (raw.PERSONA_AVATAR_URL !== undefined && raw.DISCORD_PERSONA !== 'webhook') {
    notices.push(
      'PERSONA_AVATAR_URL is set, and shows nobody while DISCORD_PERSONA is not webhook',
    );
  }
  return notices;
}

function discordConfig(raw: Raw): DiscordConfig | undefined {
  if (!raw.DISCORD_BOT_TOKEN || !raw.ROLES.includes('bot')) return undefined;
  return {
    token: raw.DISCORD_BOT_TOKEN,
    guildId: raw.GUILD_ID,
    moreGuildIds: raw.MORE_GUILDS ?? [],
    routes: raw.GUILD_ROUTES ?? [],
    transcriptChannelId: raw.TRANSCRIPT_CHANNEL_ID,
    categories: {
      NORMAL: raw.GENERAL_TICKET_CATEGORY_ID,
      URGENT: raw.URGENT_TICKET_CATEGORY_ID,
      CRITICAL: raw.CRITICAL_TICKET_CATEGORY_ID,
    },
    roles: {
      GENERAL: raw.SUPPORT_TEAM_ROLE_ID,
      TECHNICAL: raw.DEVELOPER_ROLE_ID,
      MANAGER: raw.MANAGER_ROLE_ID,
      ADMIN: raw.ADMIN_ROLE_ID,
    },
    maxTicketsPerPartner: raw.MAX_TICKETS_IN_DISCORD_PER_PARTNER,
    parking: {
      below: raw.PARK_BELOW,
      idleMs: raw.PARK_IDLE_HOURS * HOUR_MS,
    },
    whenNearlyFull: raw.WHEN_NEARLY_FULL,
    persona: raw.DISCORD_PERSONA,
    personaAvatarUrl: raw.PERSONA_AVATAR_URL,
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
    host: raw.HOST ?? (production ? '0.0.0.0' : '127.0.0.1'),
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
    requireApproval: raw.REQUIRE_APPROVAL,
    autoStatus: raw.AUTO_STATUS,
    reopenDays: raw.REOPEN_DAYS,
    retentionDays: raw.RETENTION_DAYS,
    agentSees: raw.AGENT_SEES,
    agentMayAssign: raw.AGENT_MAY_ASSIGN,
    autoAssign: raw.AUTO_ASSIGN,
    idle: { levels: idleTimes(raw), text: raw.IDLE_WARNING_TEXT },
    outOfHoursText: raw.OUT_OF_HOURS_TEXT,
    holidayText: raw.HOLIDAY_TEXT,
    quietHours: raw.QUIET_HOURS,
    weeklyDigest: raw.WEEKLY_DIGEST,
    replyMode: raw.DISCORD_REPLY_MODE,
    rateLimitFactor: raw.RATE_LIMIT_FACTOR,
    maxConnections: raw.MAX_CONNECTIONS,
    maxConnectionsPerUser: raw.MAX_CONNECTIONS_PER_USER,
    maxSocketBufferBytes: raw.MAX_SOCKET_BUFFER_BYTES,
    maxUploadBytesPerUser: raw.MAX_UPLOAD_BYTES_PER_USER,
    maxUploadBytesPerTicket: raw.MAX_UPLOAD_BYTES_PER_TICKET,
    maxOpenTicketsPerUser: raw.MAX_OPEN_TICKETS_PER_USER,
    maxUnsentBytes: raw.MAX_UNSENT_BYTES,
    trustedProxies: raw.TRUSTED_PROXIES ?? [],
    writeDeadlineMs: raw.WRITE_DEADLINE_MS,
    reconcileIntervalMs: raw.SWEEP_INTERVAL_MS,
    shutdownDelayMs: raw.SHUTDOWN_DELAY_MS,
    logLevel: raw.LOG_LEVEL,
    failpoint: env[FAILPOINT_VARIABLE],
    notices: noticesOf(env, raw),
  });
}
