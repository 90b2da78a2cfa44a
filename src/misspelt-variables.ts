import type { Variable } from './variables/kinds.ts';
import { variables } from './variables.ts';

/** Names other programs give to the same thing. */
const aliases: Record<string, keyof typeof variables> = {
  PORT: 'WEB_SERVER_PORT',
  HTTP_PORT: 'WEB_SERVER_PORT',
  SERVER_PORT: 'WEB_SERVER_PORT',
  WEB_PORT: 'WEB_SERVER_PORT',
  MODE: 'SERVER_MODE',
  MONGODB_URI: 'MONGO_URI',
  MONGODB_URL: 'MONGO_URI',
  MONGO_URL: 'MONGO_URI',
  MONGO_CONNECTION_STRING: 'MONGO_URI',
  DATABASE_URL: 'MONGO_URI',
  DATABASE_URI: 'MONGO_URI',
  DATABASE_NAME: 'DB_NAME',
  MONGO_DB_NAME: 'DB_NAME',
  MONGO_DATABASE: 'DB_NAME',
  REDIS_URI: 'REDIS_URL',
  BOT_TOKEN: 'DISCORD_BOT_TOKEN',
  DISCORD_TOKEN: 'DISCORD_BOT_TOKEN',
  DISCORD_GUILD_ID: 'GUILD_ID',
  SERVER_ID: 'GUILD_ID',
  JWT_SECRET: 'JWT_SECRET_KEY',
  JWT_KEY: 'JWT_SECRET_KEY',
  SECRET_KEY: 'JWT_SECRET_KEY',
  CORS_ORIGIN: 'ALLOWED_ORIGINS',
  CORS_ORIGINS: 'ALLOWED_ORIGINS',
  LOGLEVEL: 'LOG_LEVEL',
  NORMAL_TICKET_CATEGORY_ID: 'GENERAL_TICKET_CATEGORY_ID',
  TECHNICAL_ROLE_ID: 'DEVELOPER_ROLE_ID',
  GENERAL_ROLE_ID: 'SUPPORT_TEAM_ROLE_ID',
};

/** One insertion, deletion or replacement for every so many characters of a name is a slip. */
const CHARACTERS_A_SLIP = 5;
const MAX_SLIPS = 3;

/** Levenshtein's distance. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] as number) + 1, (next[j - 1] as number) + 1));
    }
    row = next;
  }
  return row[b.length] as number;
}

const secretsOf = Object.entries(variables as Record<string, Variable>)
  .filter(([, { secret }]) => secret)
  .map(([name]) => `${name}_FILE`);
const known = [...Object.keys(variables), ...secretsOf];

function nearestOf(name: string): string | undefined {
  const upper = name.toUpperCase();
  const alias = aliases[upper];
  if (alias) return alias;
  let best: { name: string; slips: number } | undefined;
  for (const candidate of known) {
    const allowed = Math.min(MAX_SLIPS, Math.floor(candidate.length / CHARACTERS_A_SLIP));
    if (Math.abs(candidate.length - upper.length) > allowed) continue;
    const slips = distance(upper, candidate);
    if (slips <= allowed && (!best || slips < best.slips)) best = { name: candidate, slips };
  }
  return best?.name;
}

/**
 * Finds variables that are not read and look like one that is and is not set: other programs have
 * variables here as well, so a name that is merely unknown says nothing.
 * @returns one line for each, without any value
 */
export function noticeMisspelt(env: NodeJS.ProcessEnv): string[] {
  const isSet = (name: string) => Boolean(env[name]?.trim());
  return Object.keys(env).flatMap((name) => {
    if (known.includes(name) || !isSet(name)) return [];
    const plain = name.replace(/_FILE$/, '');
    if (plain !== name && Object.hasOwn(variables, plain)) {
      return [`${name} is not read: only a secret may come from a file; set ${plain}`];
    }
    const nearest = nearestOf(name);
    if (!nearest || isSet(nearest) || isSet(`${nearest}_FILE`)) return [];
    return [`${name} is not read: is ${nearest} meant?`];
  });
}
