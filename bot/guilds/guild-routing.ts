import type { DiscordConfig } from '../../src/config.ts';
import type { Ticket } from '../../src/domain/log/entry.ts';
import type { InGuild } from '../../src/domain/mirror/guilds.ts';

/**
 * The guilds that a ticket may go to, in the order in which they are tried. The first rule that names it
 * counts, and binds: it goes to none but the guilds of that rule. What no rule names goes to those of `*`, or
 * else to any.
 * @param all every guild of the desk, that of GUILD_ID first
 */
export function routeOf(
  { routes }: Pick<DiscordConfig, 'routes'>,
  all: readonly string[],
  { partner, category }: Pick<Ticket, 'partner' | 'category'>,
): readonly string[] {
  const named = routes.find(
    ({ by, name }) => by !== 'any' && name === (by === 'partner' ? partner : category),
  );
  const rule = named ?? routes.find(({ by }) => by === 'any');
  return rule?.guildIds ?? all;
}

/** The categories that rules name. */
export function routedCategories({ routes }: Pick<DiscordConfig, 'routes'>): string[] {
  return routes.flatMap(({ by, name }) => (by === 'category' ? [name] : []));
}

/** Every list of guilds that tickets are routed by. */
export function routesThrough(
  { routes }: Pick<DiscordConfig, 'routes'>,
  all: readonly string[],
  guildId: string,
): (readonly string[])[] {
  const rules = routes.map(({ guildIds }) => guildIds);
  const hasRest = routes.some(({ by }) => by === 'any');
  return [...rules, ...(hasRest ? [] : [all])].filter((ids) => ids.includes(guildId));
}

/**
 * Which mirrors are of a guild; undefined, which is all of them, where there is no other. Those of rows that
 * name none are of the first.
 */
export function ticketsIn(
  { moreGuildIds }: Pick<DiscordConfig, 'moreGuildIds'>,
  guildId: string,
): InGuild | undefined {
  if (moreGuildIds.length === 0) return undefined;
  return moreGuildIds.includes(guildId) ? { guildId } : { notIn: moreGuildIds };
}
