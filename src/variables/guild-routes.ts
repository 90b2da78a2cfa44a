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

/** `partner:acme=ID`, or `*=ID+ID`: the last `=` parts what is matched from the guilds. Or why it is no rule. */
function readRule(text: string): GuildRoute | string {
  const found = rule.exec(text);
  if (!found) return 'is not partner:NAME=ID, category:NAME=ID or *=ID';
  const [, by = 'any', name = '', ids = ''] = found;
  const guildIds = ids.split('+').map((id) => id.trim());
  const wrong = guildIds.find((id) => !snowflake.test(id));
  if (wrong !== undefined)
    return `has ${JSON.stringify(wrong)} where an id of 17 to 20 digits stands`;
  if (new Set(guildIds).size < guildIds.length) return 'names a guild twice';
  // As the desk writes the names of categories.
  const known = by === 'category' ? normalizeWord(name) : name;
  return { by: by as GuildRoute['by'], name: known, guildIds };
}

const aboutOf = ({ by, name }: GuildRoute) => `${by}:${name}`;

/** A rule in words for whoever has written it, who counts from 1. */
const nthRule = (index: number, text: string) => `rule ${index + 1}, ${JSON.stringify(text)},`;

/** The rules of a list, or what is wrong with the first that is none. */
function readRoutes(value: string): GuildRoute[] | string {
  const texts = value
    .split(',')
    .map((text) => text.trim())
    .filter(Boolean);
  const routes: GuildRoute[] = [];
  for (const [index, text] of texts.entries()) {
    if (index >= MOST_ROUTES) return `${texts.length} rules`;
    const route = readRule(text);
    if (typeof route === 'string') return `${nthRule(index, text)} ${route}`;
    const same = routes.findIndex((other) => aboutOf(other) === aboutOf(route));
    if (same >= 0) return `${nthRule(index, text)} is about the same as rule ${same + 1}`;
    routes.push(route);
  }
  return routes;
}

/** Rules separated by commas, each about something else. */
export const guildRoutes = z.string().transform((value, ctx): GuildRoute[] => {
  const routes = readRoutes(value);
  if (typeof routes !== 'string') return routes;
  ctx.addIssue({ code: 'custom', message: routes });
  return z.NEVER;
});

/** Which rule of a list is none, and why. */
export function wrongRoute(value: string): string | undefined {
  const routes = readRoutes(value);
  return typeof routes === 'string' ? routes : undefined;
}
