import { Events, type Guild } from 'discord.js';
import { listSetUpGuilds } from '../src/domain/guild-ids.ts';
import type { Bridge, Ending } from './bridge.ts';
import { guildParts } from './guild-parts.ts';
import { inviteUrl } from './permissions.ts';
import { type GuildView, idOf } from './settings.ts';

const SHOWN = 5;

type Bot = Pick<GuildView, 'client' | 'discord'>;

/** The guilds that have something the environment names. */
function namedGuilds({ client, discord }: Bot): string[] {
  const ids = guildParts.flatMap((part) => idOf(discord, part) ?? []);
  const has = ({ channels, roles }: Guild) =>
    ids.some((id) => channels?.cache.has(id) || roles?.cache.has(id));
  return [...client.guilds.cache.filter(has).keys()];
}

/**
 * The guild to work in: the one of GUILD_ID; or else of those the bot is in the one that the ids are of;
 * or else the only one. Anybody may be able to invite the bot to another: once it knows its guild, the
 * others do not count.
 * @param setUp the guilds that `/setup` was run in
 * @returns its id, or in words what is to be done
 */
export function findGuild(bot: Bot, setUp: readonly string[]): { id: string } | { reason: string } {
  const { client, discord } = bot;
  const invite = inviteUrl(client.application?.id ?? '', discord.guildId);
  if (discord.guildId) {
    if (client.guilds.cache.has(discord.guildId)) return { id: discord.guildId };
    return { reason: `the bot is not in the guild ${discord.guildId}: invite it by ${invite}` };
  }
  const named = namedGuilds(bot);
  const known = named.length > 0 ? named : setUp;
  const all = [...client.guilds.cache.keys()];
  const candidates = known.length > 0 ? all.filter((id) => known.includes(id)) : all;
  const [only, ...others] = candidates;
  if (only && others.length === 0) return { id: only };
  if (only) {
    const shown = candidates.slice(0, SHOWN).join(', ') + (candidates.length > SHOWN ? ', …' : '');
    return {
      reason: `the bot is in ${candidates.length} servers: set GUILD_ID to the id of one of them (${shown})`,
    };
  }
  if (known.length === 0) return { reason: `the bot is in no server: invite it by ${invite}` };
  return {
    reason: `the bot is not in the server ${known[0]}, which /setup was run in: invite it by ${invite}, or set GUILD_ID to move`,
  };
}

/** Learns which guild to work in, and waits where there is none, until the bot is invited or `over`. */
export async function joinGuild(bridge: Bridge, over: Promise<Ending>): Promise<void> {
  const { client, settings, problems, log } = bridge;
  while (!bridge.ended) {
    const found = findGuild(bridge, await listSetUpGuilds(bridge.ctx));
    if ('id' in found) {
      settings.guildId = found.id;
      log.info({ guild: found.id }, 'works in this server');
      return;
    }
    problems.connection(found.reason);
    log.warn({ reason: found.reason }, 'the bridge to Discord waits for its server');
    await new Promise<void>((resolve) => {
      const change = () => {
        client.off(Events.GuildCreate, change);
        client.off(Events.GuildDelete, change);
        resolve();
      };
      client.on(Events.GuildCreate, change);
      client.on(Events.GuildDelete, change);
      void over.then(change);
    });
  }
}
