import { Events } from 'discord.js';
import type { Bridge, Ending } from './bridge.ts';
import { inviteUrl } from './permissions.ts';
import type { GuildView } from './settings.ts';

const SHOWN = 5;

/**
 * The guild to work in: the one of GUILD_ID, or else the only one the bot is in.
 * @returns its id, or in words what is to be done
 */
export function findGuild({
  client,
  discord,
}: Pick<GuildView, 'client' | 'discord'>): { id: string } | { reason: string } {
  const guilds = [...client.guilds.cache.values()];
  const invite = inviteUrl(client.application?.id ?? '', discord.guildId);
  if (discord.guildId) {
    if (client.guilds.cache.has(discord.guildId)) return { id: discord.guildId };
    return { reason: `the bot is not in the guild ${discord.guildId}: invite it by ${invite}` };
  }
  const [only, ...others] = guilds;
  if (!only) return { reason: `the bot is in no server: invite it by ${invite}` };
  if (others.length === 0) return { id: only.id };
  const named = guilds.slice(0, SHOWN).map(({ id }) => id);
  return {
    reason: `the bot is in ${guilds.length} servers: set GUILD_ID to the id of one of them (${named.join(', ')}${guilds.length > SHOWN ? ', …' : ''})`,
  };
}

/** Learns which guild to work in, and waits where there is none, until the bot is invited or `over`. */
export async function joinGuild(bridge: Bridge, over: Promise<Ending>): Promise<void> {
  const { client, settings, problems, log } = bridge;
  while (!bridge.ended) {
    const found = findGuild(bridge);
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
