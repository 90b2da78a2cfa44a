import { ChannelType, Events, PermissionFlagsBits as P } from 'discord.js';
import { issueLevels } from '../src/contract/tickets.ts';
import type { Bridge } from './bridge.ts';
import { categoryKey, categoryText, categoryVariables } from './outbound/categories.ts';
import { inviteUrl, lacking, missingRoles, neededInGuild, neededToWrite } from './permissions.ts';

const EVERY_MS = 2 * 60_000;
/** Events come in bursts; one look answers all of them. */
const SETTLE_MS = 200;

/** What is wrong with the server's set-up, in words, by the problem's key. */
function findProblems(bridge: Bridge): Map<string, string> {
  const { client, discord } = bridge;
  const found = new Map<string, string>();
  const guild = client.guilds.cache.get(discord.guildId);
  if (!guild?.available) return found;
  const missing = lacking(bridge, neededInGuild);
  if (missing.length > 0) {
    const invite = inviteUrl(client.application?.id ?? '', discord.guildId);
    found.set(
      'setup:permissions',
      `the bot's role lacks ${missing.join(', ')}: give it that in the server's settings, or invite it again by ${invite}`,
    );
  }
  for (const level of issueLevels) {
    const category = guild.channels.cache.get(discord.categories[level]);
    if (category?.type !== ChannelType.GuildCategory) {
      found.set(categoryKey(level), categoryText(level));
      continue;
    }
    const barred = lacking(bridge, [P.ViewChannel, P.ManageChannels], category.id);
    if (barred.length === 0 || missing.length > 0) continue;
    const name = categoryVariables[level];
    found.set(`setup:${name}`, `the bot lacks ${barred.join(', ')} in the category of ${name}`);
  }
  const transcripts = guild.channels.cache.get(discord.transcriptChannelId);
  if (!transcripts?.isTextBased()) {
    found.set(
      'setup:transcripts',
      'TRANSCRIPT_CHANNEL_ID names no text channel of the server: closed tickets keep their channels',
    );
  } else {
    const barred = lacking(bridge, [...neededToWrite, P.ReadMessageHistory], transcripts.id);
    const text = `the bot lacks ${barred.join(', ')} in the channel of TRANSCRIPT_CHANNEL_ID`;
    if (barred.length > 0 && missing.length === 0) found.set('setup:transcripts', text);
  }
  for (const [role, variable] of missingRoles(bridge)) {
    found.set(
      `setup:${variable}`,
      `${variable} names no role of the server: nobody sees a ticket as ${role}, the others still do`,
    );
  }
  return found;
}

/**
 * Compares the server with what the variables name, at start, every few minutes, and whenever the
 * server changes. What is wrong is said once, and again when it is mended; what waited for it goes on.
 * @returns a function that ends it
 */
export function watchSetup(bridge: Bridge): () => void {
  const { client, discord, problems, room, tickets, outbound } = bridge;
  let known = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  const wake = () => {
    for (const { id } of tickets.inTrouble()) {
      outbound.schedule(id);
      outbound.retry(id);
    }
  };
  const check = () => {
    if (bridge.ended) return;
    const found = findProblems(bridge);
    for (const [key, text] of found) problems.raise(key, text);
    // A category may have been found missing by a call, before the gateway told.
    const before = new Set([...known, ...issueLevels.map(categoryKey)]);
    const mended = [...before].filter((key) => !found.has(key) && problems.has(key));
    for (const key of mended) problems.clear(key);
    known = new Set(found.keys());
    if (mended.length === 0) return;
    for (const id of tickets.withChannel()) outbound.schedule(id);
  };
  const soon = () => {
    timer ??= setTimeout(() => {
      timer = undefined;
      check();
      wake();
    }, SETTLE_MS).unref();
  };
  const ours = (guildId: string) => guildId === discord.guildId;
  for (const name of [Events.GuildRoleCreate, Events.GuildRoleDelete] as const) {
    client.on(name, ({ guild }) => ours(guild.id) && soon());
  }
  client.on(Events.GuildRoleUpdate, (_before, { guild }) => ours(guild.id) && soon());
  client.on(Events.GuildMemberUpdate, (_before, { guild }) => ours(guild.id) && soon());
  client.on(Events.GuildUpdate, (_before, { id }) => ours(id) && soon());
  client.on(Events.ChannelUpdate, (_before, { id }) => {
    const ticketId = tickets.idOfChannel(id);
    if (!ticketId) soon();
    else if (tickets.known(ticketId)?.mirror.problem) outbound.retry(ticketId);
  });
  client.on(Events.ChannelDelete, (channel) => {
    const isSetUp = [discord.transcriptChannelId, ...Object.values(discord.categories)];
    if (isSetUp.includes(channel.id)) soon();
    room.freed();
  });
  check();
  const interval = setInterval(check, EVERY_MS).unref();
  return () => {
    clearInterval(interval);
    clearTimeout(timer);
    room.stop();
  };
}
