import { Events, type Guild } from 'discord.js';
import { type KnownGuilds, readKnownGuilds, rememberServer } from '../../src/domain/guild-ids.ts';
import { enterMode } from '../../src/domain/settings.ts';
import type { Bridge, Ending } from '../bridge.ts';
import { inviteUrl } from '../permissions.ts';
import { type GuildView, idOf } from '../settings.ts';
import { guildParts } from './guild-parts.ts';

const SHOWN = 5;
/** What may bring the guild: an invitation, one server less of several, the end of an outage. */
const changes = [Events.GuildCreate, Events.GuildDelete, Events.GuildAvailable] as const;

type Bot = Pick<GuildView, 'client' | 'discord'>;

/** The variables of the environment that name something in a guild. */
function namingParts({ discord }: Bot) {
  return guildParts.filter((part) => idOf(discord, part));
}

/** The guilds that have something the environment names. */
function namedGuilds(bot: Bot): string[] {
  const ids = namingParts(bot).flatMap((part) => idOf(bot.discord, part) ?? []);
  const has = ({ channels, roles }: Guild) =>
    ids.some((id) => channels?.cache.has(id) || roles?.cache.has(id));
  return [...bot.client.guilds.cache.filter(has).keys()];
}

/** The guilds that may be it, the surest knowledge first; undefined where nothing is known. */
function knownGuilds(bot: Bot, { server, setUp }: KnownGuilds): readonly string[] | undefined {
  const named = namedGuilds(bot);
  if (server && named.includes(server)) return [server];
  if (named.length > 0) return named;
  if (server) return [server];
  return setUp.length > 0 ? setUp : undefined;
}

/** Why there is none: it is in no server, or in none that it may take for its own. */
function whyNone(bot: Bot, known: readonly string[] | undefined): string {
  const invite = `invite it by ${inviteUrl(bot.client.application?.id ?? '', undefined, bot.discord)}`;
  if (known) {
    return `the bot is not in the server ${known[0]}, which it worked in or /setup was run in: ${invite}, or set GUILD_ID to the id of another one to move there`;
  }
  const [part, ...more] = namingParts(bot);
  if (part && bot.client.guilds.cache.size > 0) {
    const names = more.length > 0 ? `${part.variable} and the other ids` : part.variable;
    return `the bot is in no server that has what the environment names (${names}): ${invite} to the one that has, or correct them, or set GUILD_ID`;
  }
  return `the bot is in no server: ${invite}`;
}

/**
 * The guild to work in: the one of GUILD_ID; or else of those the bot is in the one that the ids are of;
 * or else the one it worked in before; or else, where the environment names nothing, the only one.
 * Anybody may be able to invite the bot to another: once it knows its guild, the others do not count,
 * not even when it is left in one of them alone.
 * @param known what is stored of guilds
 * @returns its id, or in words what is to be done
 */
export function findGuild(bot: Bot, known: KnownGuilds): { id: string } | { reason: string } {
  const { client, discord } = bot;
  if (discord.guildId) {
    if (client.guilds.cache.has(discord.guildId)) return { id: discord.guildId };
    const invite = inviteUrl(client.application?.id ?? '', discord.guildId, discord);
    return { reason: `the bot is not in the guild ${discord.guildId}: invite it by ${invite}` };
  }
  const ours = knownGuilds(bot, known);
  const isOpen = !ours && namingParts(bot).length === 0;
  const all = [...client.guilds.cache.keys()];
  const candidates = isOpen ? all : all.filter((id) => ours?.includes(id));
  const [only, ...others] = candidates;
  if (!only) return { reason: whyNone(bot, ours) };
  if (others.length === 0) return { id: only };
  const shown = candidates.slice(0, SHOWN).join(', ') + (candidates.length > SHOWN ? ', …' : '');
  return {
    reason: `the bot is in ${candidates.length} servers: set GUILD_ID to the id of one of them (${shown})`,
  };
}

const MODE = 'discord-guilds';

/** Writes down whether the desk has one guild or several. @returns since when that is so */
export function enterGuildMode({ ctx, guilds, lease }: Bridge): Promise<number> {
  lease.require();
  return enterMode(ctx, MODE, guilds.isSeveral ? 'several' : 'one', 'one');
}

/**
 * Learns which guild to work in, remembers it, and waits where there is none, until the bot is invited or
 * `over`. Several are all named: nobody waits for one of them.
 */
export async function joinGuild(bridge: Bridge, over: Promise<Ending>): Promise<void> {
  const { client, settings, problems, log, discord } = bridge;
  if (bridge.guilds.isSeveral) {
    settings.guildId = discord.guildId ?? '';
    await rememberServer(bridge.ctx, settings.guildId);
    const guilds = bridge.guilds.all.map((one) => one.settings.guildId);
    log.info({ guilds }, 'works in these servers');
    return;
  }
  while (!bridge.ended) {
    const known = await readKnownGuilds(bridge.ctx);
    const found = findGuild(bridge, known);
    if ('id' in found) {
      if (found.id !== known.server) await rememberServer(bridge.ctx, found.id);
      settings.guildId = found.id;
      log.info({ guild: found.id }, 'works in this server');
      return;
    }
    problems.connection(found.reason);
    log.warn({ reason: found.reason }, 'the bridge to Discord waits for its server');
    await new Promise<void>((resolve) => {
      const change = () => {
        for (const name of changes) client.off(name, change);
        resolve();
      };
      for (const name of changes) client.on(name, change);
      void over.then(change);
    });
  }
}
