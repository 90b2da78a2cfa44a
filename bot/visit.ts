import { setTimeout as sleep } from 'node:timers/promises';
import { type Client, Events } from 'discord.js';
import type { DiscordConfig } from '../src/config.ts';
import type { GuildIds, KnownGuilds } from '../src/domain/guild-ids.ts';
import type { Clock } from '../src/infra/clock.ts';
import { type Check, checkGuildless } from './checks.ts';
import { createClient, endingOf, REQUEST_TIMEOUT_MS, reasonOfClose } from './connection.ts';
import { examineBot, examineGuild, type StoredFacts } from './doctor.ts';
import { findGuild } from './guilds/guild.ts';
import { inviteUrl } from './permissions.ts';
import { applyIds, configOf, type GuildView, settingsFrom, UNSET } from './settings.ts';

const LONGEST_LOGIN_MS = 20_000;

/** Logs in for a look; the bot that works keeps its own session. @returns why that is refused */
async function logIn(client: Client, token: string): Promise<string | undefined> {
  const closed = new Promise<string>((resolve) => {
    client.on(Events.ShardDisconnect, ({ code }) => resolve(reasonOfClose(code)));
  });
  client.on(Events.Error, () => undefined);
  const ready = new Promise<void>((resolve) => client.once(Events.ClientReady, () => resolve()));
  const login = client.login(token).then(
    () => ready.then(() => undefined),
    (error: unknown) => {
      const ending = endingOf(error);
      return 'reason' in ending ? ending.reason : 'the gateway refuses';
    },
  );
  const late = sleep(LONGEST_LOGIN_MS, 'the gateway does not answer', { ref: false });
  return Promise.race([login, closed, late]);
}

/** Reads what is stored; each throws where that cannot be had. */
export interface StoredGuilds {
  ids(guildId: string): Promise<GuildIds>;
  known(): Promise<KnownGuilds>;
  facts(view: GuildView): Promise<StoredFacts>;
}

/** What there is to say of a guild whose stored ids nobody can read: nothing of those. */
async function examineIds(view: GuildView, stored: StoredGuilds) {
  try {
    applyIds(view, await stored.ids(view.settings.guildId));
    return examineGuild(view, await stored.facts(view));
  } catch {
    applyIds(view, {});
    const unread: Check = {
      key: UNSET,
      name: 'ids',
      ok: false,
      text: 'the ids that /setup has stored cannot be read',
      advice: 'mend MongoDB first',
    };
    return [...examineGuild(view).filter(({ key }) => key !== UNSET), unread];
  }
}

/** One guild of several, whose checks say of which they are. */
async function examineOne(
  client: Client,
  discord: DiscordConfig,
  guildId: string,
  stored: StoredGuilds,
): Promise<Check[]> {
  const own = configOf(discord, guildId);
  const view = { client, discord: own, settings: { ...settingsFrom(own), guildId } };
  const guild = client.guilds.cache.get(guildId);
  const invite = inviteUrl(client.application?.id ?? '', guildId, discord);
  const checks = guild
    ? await examineIds(view, stored)
    : [checkGuildless('server', `the bot is not in it: invite it by ${invite}`)];
  return checks.map((check) => ({ ...check, name: `${guild?.name || guildId}: ${check.name}` }));
}

/**
 * Looks at Discord from outside of a bridge: token, intents, clock, and the guild with a session of its
 * own, or each of them. Changes nothing.
 */
export async function visitDiscord(
  discord: DiscordConfig,
  clock: Clock,
  stored: StoredGuilds,
): Promise<Check[]> {
  const client = createClient(discord, REQUEST_TIMEOUT_MS);
  client.rest.setToken(discord.token);
  try {
    const bot = await examineBot({ rest: client.rest, discord, ctx: { clock } });
    // discord.js forgets a token that was refused, and there is no use in asking on.
    if (bot.some(({ key, ok }) => key === 'doctor:token' && !ok)) return bot;
    const refused = await logIn(client, discord.token);
    if (refused) return [...bot, checkGuildless('gateway', refused)];
    if (discord.moreGuildIds.length > 0) {
      const ids = [...(discord.guildId ? [discord.guildId] : []), ...discord.moreGuildIds];
      const all = await Promise.all(ids.map((id) => examineOne(client, discord, id, stored)));
      return [...bot, ...all.flat()];
    }
    const nothing: KnownGuilds = { server: undefined, setUp: [] };
    const found = findGuild({ client, discord }, await stored.known().catch(() => nothing));
    if ('reason' in found) return [...bot, checkGuildless('server', found.reason)];
    const view = { client, discord, settings: { ...settingsFrom(discord), guildId: found.id } };
    return [...bot, ...(await examineIds(view, stored))];
  } finally {
    await client.destroy().catch(() => undefined);
  }
}
