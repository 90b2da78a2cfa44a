import { Events } from 'discord.js';
import type { Bridge } from '../bridge.ts';
import { catchUpGuild } from '../inbound/queue.ts';
import { keepRegistering } from '../registering.ts';
import { whyAway } from './guild-state.ts';

/** The problem's key while a guild of several cannot be worked in. */
const AWAY = 'guild:away';
const changes = [
  Events.GuildCreate,
  Events.GuildDelete,
  Events.GuildAvailable,
  Events.GuildUnavailable,
] as const;

/** What waited for a guild goes on, and what was written there meanwhile is read. */
function comeBack(bridge: Bridge): void {
  const { guilds, tickets, outbound } = bridge;
  const inTrouble = tickets.inTrouble().map(({ id }) => id);
  for (const id of new Set([...tickets.inGuild(bridge.settings.guildId), ...inTrouble])) {
    outbound.schedule(id);
    outbound.retry(id);
  }
  // Rows that name no guild are the first one's.
  if (bridge === guilds.all[0]) for (const id of tickets.withChannel()) outbound.schedule(id);
  catchUpGuild(bridge);
  void keepRegistering(bridge);
}

/**
 * Says of each guild of several when it cannot be worked in, and goes on there when it can again. The others
 * go on meanwhile.
 */
export function watchGuilds({ client, guilds }: Bridge): void {
  if (!guilds.isSeveral) return;
  const known = new Map<Bridge, string | undefined>();
  const look = (bridge: Bridge) => {
    const why = whyAway(bridge);
    const before = known.get(bridge);
    if (bridge.ended || why === before) return;
    known.set(bridge, why);
    // Out of order, and then removed, are two things to be told.
    if (before) bridge.problems.clear(AWAY);
    if (why) bridge.problems.raise(AWAY, why);
    else comeBack(bridge);
  };
  for (const name of changes) {
    client.on(name, ({ id }) => {
      const bridge = guilds.withId(id);
      if (bridge) look(bridge);
    });
  }
  for (const bridge of guilds.all) look(bridge);
}
