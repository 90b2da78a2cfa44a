import { z } from 'zod';
import { normalizeWord } from '../contract/ticket-words.ts';

/** Rules there may be. */
export const MOST_ROUTES = 100;

/** To which guilds tickets of a partner, of a category, or all others go: the first of them that has room. */
export interface GuildRoute {
  by: 'partner' | 'category' | 'any';
  /** The partner or the category; empty for `any`. */
  name: string;
  guildIds: readonly string[];
}

const rule = /^(?:(partner|category):\s*(\S|\S.*\S)|\*)\s*=([\d\s+]+)$/;
const snowflake = /^\d{17,20}$/;

/** `partner:acme=ID`, or `*=ID+ID`: the last `=` parts what is matched from the guilds. */
function readRule(text: string): GuildRoute | undefined {
  const found = rule.exec(text);
  if (!found) return undefined;
  const [, by = 'any', name = '', ids = ''] = found;
  const guildIds = ids.split('+').map((id) => id.trim());
  const isSound = guildIds.every((id) => snowflake.test(id));
  if (!isSound || new Set(guildIds).size < guildIds.length) return undefined;
  // As the desk writes the names of categories.
  const known = by === 'category' ? normalizeWord(name) : name;
  return { by: by as GuildRoute['by'], name: known, guildIds };
}

/** Rules separated by commas, each about something else. */
export const guildRoutes = z.string().transform((value, ctx): GuildRoute[] => {
  const texts = value.split(',').map((text) => text.trim());
  const rules = texts.filter(Boolean).map(readRule);
  const known = rules.filter((one) => one !== undefined);
  const about = new Set(known.map(({ by, name }) => `${by}:${name}`));
  if (known.length < rules.length || about.size < known.length || known.length > MOST_ROUTES) {
    ctx.addIssue({ code: 'custom', message: 'is not a list of rules' });
    return z.NEVER;
  }
  return known;
});
