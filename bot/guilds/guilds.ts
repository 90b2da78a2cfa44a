import { LRUCache } from 'lru-cache';
import type { Bridge } from '../bridge.ts';
import { drainInbound } from '../inbound/drain.ts';
import { tryAgain } from '../inbound/retry.ts';
import { createRoom } from '../outbound/places/room.ts';
import { announceIn } from '../posting.ts';
import type { AllProblems } from '../problems.ts';
import { configOf, settingsFrom } from '../settings.ts';
import { type Guilds, guildName, whyAway } from './guild-state.ts';

/** People whose practice is remembered to be of a guild. */
const REMEMBERED = 500;

/** What changes in the course of a session, and is the same for all its guilds. */
const shared = ['generation', 'readyAt', 'replyModeSince', 'lastDelivery', 'ended'] as const;

/** Another guild's bridge: what is of a guild is its own, all else is that of the first. */
function createOther(first: Bridge, guildId: string): Bridge {
  const discord = configOf(first.discord, guildId);
  const bridge: Bridge = {
    ...first,
    discord,
    settings: { ...settingsFrom(discord), guildId },
    ids: undefined,
    makingCategory: Promise.resolve(),
    drainInbound: (ticket) => drainInbound(bridge, ticket),
    tryAgain: (ticket, messageId) => tryAgain(bridge, ticket, messageId),
  };
  for (const key of shared) {
    Object.defineProperty(bridge, key, {
      get: () => first[key],
      set: (value: never) => {
        first[key] = value;
      },
    });
  }
  bridge.room = createRoom(bridge, discord.maxTicketsPerPartner);
  return bridge;
}

/** Makes the bridges of the other guilds, and tells the problems of one guild from those of another. */
export function createGuilds(first: Bridge, problems: AllProblems): Guilds {
  const all = [first, ...first.discord.moreGuildIds.map((id) => createOther(first, id))];
  const guilds: Guilds = {
    all,
    isSeveral: all.length > 1,
    severalSince: Number.POSITIVE_INFINITY,
    withId: (guildId) => all.find(({ settings }) => settings.guildId === (guildId || undefined)),
    of: (mirror) => guilds.withId(mirror?.guild_id) ?? first,
    practising: new LRUCache({ max: REMEMBERED }),
  };
  for (const bridge of all) bridge.guilds = guilds;
  if (!guilds.isSeveral) return guilds;
  // Where it is said what is wrong with a guild that nobody can write in.
  const place = (bridge: Bridge) =>
    whyAway(bridge) ? (all.find((one) => !whyAway(one)) ?? bridge) : bridge;
  for (const bridge of all) {
    bridge.problems = problems.inGuild({
      id: bridge.discord.guildId ?? '',
      name: () => guildName(bridge),
      announce: (key, text) => announceIn(place(bridge), key, text),
    });
  }
  return guilds;
}
