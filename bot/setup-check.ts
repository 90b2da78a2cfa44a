import { Events } from 'discord.js';
import { issueLevels } from '../src/contract/tickets.ts';
import type { Bridge } from './bridge.ts';
import { checkGuild, sentenceOf } from './checks.ts';
import { categoryKey } from './outbound/places/categories.ts';

const EVERY_MS = 2 * 60_000;
/** Events come in bursts; one look answers all of them. */
const SETTLE_MS = 200;

/**
 * Compares the server with what the ids name, at start, every few minutes, and whenever the server or
 * the ids change. What is wrong is said once, and again when it is mended; what waited for it goes on.
 * @returns a function that ends it
 */
export function watchSetup(bridge: Bridge): () => void {
  const { client, settings, problems, room, tickets, outbound } = bridge;
  let known = new Map<string, string>();
  let timer: NodeJS.Timeout | undefined;
  const wake = () => {
    for (const { id } of tickets.inTrouble()) {
      outbound.schedule(id);
      outbound.retry(id);
    }
  };
  const check = () => {
    if (bridge.ended) return;
    const wrong = checkGuild(bridge).filter(({ ok }) => !ok);
    const found = new Map(wrong.map((one) => [one.key, sentenceOf(one)]));
    for (const [key, text] of found) {
      // Another text is another problem: the ids that are left of those that were not set.
      if (known.has(key) && known.get(key) !== text) problems.clear(key);
      problems.raise(key, text);
    }
    // A category may have been found missing by a call, before the gateway told.
    const before = new Set([...known.keys(), ...issueLevels.map(categoryKey)]);
    const mended = [...before].filter((key) => !found.has(key) && problems.has(key));
    for (const key of mended) problems.clear(key);
    known = found;
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
  const ours = (guildId: string) => guildId === settings.guildId;
  for (const name of [Events.GuildRoleCreate, Events.GuildRoleDelete] as const) {
    client.on(name, ({ guild }) => ours(guild.id) && soon());
  }
  client.on(Events.GuildRoleUpdate, (_before, { guild }) => ours(guild.id) && soon());
  client.on(Events.GuildMemberUpdate, (_before, { guild }) => ours(guild.id) && soon());
  client.on(Events.GuildUpdate, (_before, { id }) => ours(id) && soon());
  const isElsewhere = (channel: object) =>
    !('guildId' in channel) || !ours(channel.guildId as string);
  client.on(Events.ChannelUpdate, (_before, channel) => {
    if (isElsewhere(channel)) return;
    const { id } = channel;
    const ticketId = tickets.idOfChannel(id);
    if (!ticketId) soon();
    else if (tickets.known(ticketId)?.mirror.problem) outbound.retry(ticketId);
  });
  client.on(Events.ChannelDelete, (channel) => {
    if (isElsewhere(channel)) return;
    const isSetUp = [settings.transcriptChannelId, ...Object.values(settings.categories)];
    if (isSetUp.includes(channel.id)) soon();
    room.freed();
  });
  bridge.ids?.listen(() => {
    // Who sees the channels that are there may be others now.
    for (const id of tickets.withChannel()) outbound.schedule(id);
    check();
    wake();
  });
  check();
  const interval = setInterval(check, EVERY_MS).unref();
  return () => {
    clearInterval(interval);
    clearTimeout(timer);
    room.stop();
  };
}
