import { type Client, Events, type ForumChannel } from 'discord.js';
import { backOff } from '../../src/domain/consumers/keyed-queue.ts';
import type { Bridge } from '../bridge.ts';
import { describe } from '../discord-errors.ts';
import { NOT_SHOWN, notShown } from './forum-posts.ts';
import { ensureForum, forumIds, isShownRight, kindOf } from './forums.ts';
import { withoutRoles } from './overwrites.ts';
import { endTrouble, raiseTrouble } from './post-troubles.ts';

/** After a look that had to set something right the next one waits, in milliseconds; longer each time. */
const FIRST_PAUSE_MS = 2000;
const LONGEST_PAUSE_MS = 5 * 60_000;

/** True where a ticket's post stands in it, or may come to stand there. */
function isUsed({ client, discord, tickets }: Bridge, forumId: string): boolean {
  if (discord.whenNearlyFull !== 'park') return true;
  return client.channels.cache.some(
    (one) => one.isThread() && one.parentId === forumId && tickets.idOfChannel(one.id),
  );
}

/** The forum for tickets of this id, as the gateway has told of it. */
function forumOf({ client }: Bridge, id: string) {
  const forum = client.channels.cache.get(id) as ForumChannel | undefined;
  const kind = forum && kindOf(forum.topic);
  return kind && { forum, kind };
}

async function setRight(bridge: Bridge, id: string): Promise<void> {
  const found = forumOf(bridge, id);
  if (!found) return;
  bridge.log.warn(
    { forum: id },
    'others see a forum than are to see its tickets: setting it right',
  );
  try {
    const forum = await ensureForum(bridge, found.kind, withoutRoles(bridge));
    if ('failed' in forum) raiseTrouble(bridge, NOT_SHOWN, notShown(bridge, forum.failed, id), id);
  } catch (error) {
    bridge.log.info({ forum: id, reason: describe(error) }, 'a forum was not set right yet');
  }
}

/**
 * Closes the forums for tickets again that somebody opens to others by hand, at once and when the bot comes: their
 * posts are seen by whoever sees them, and the next post may be opened much later, or never.
 */
export function watchForums(first: Bridge): () => void {
  const client: Client = first.client;
  /** How often in a row one had to be set right, and when it is looked at again. */
  const pauses = new Map<string, { tries: number; timer: NodeJS.Timeout }>();
  const forget = (bridge: Bridge, id: string) => {
    pauses.delete(id);
    endTrouble(bridge, id);
  };
  const look = (bridge: Bridge, id: string, tries = 1) => {
    const found = forumOf(bridge, id);
    if (bridge.ended || pauses.has(id) || !isUsed(bridge, id)) return;
    if (!found || isShownRight(bridge, found.kind, found.forum)) return forget(bridge, id);
    const again = () => {
      pauses.delete(id);
      look(bridge, id, tries + 1);
    };
    const ms = backOff(tries, FIRST_PAUSE_MS, LONGEST_PAUSE_MS);
    pauses.set(id, { tries, timer: setTimeout(again, ms).unref() });
    void setRight(bridge, id);
  };
  const lookAll = (bridge: Bridge) => {
    for (const id of forumIds(bridge)) look(bridge, id);
  };
  client.on(Events.ChannelUpdate, (_, channel) => {
    const bridge = 'guildId' in channel && first.guilds.withId(channel.guildId);
    if (bridge && forumIds(bridge).has(channel.id)) look(bridge, channel.id);
  });
  client.on(Events.ChannelDelete, (channel) => {
    const bridge = 'guildId' in channel && first.guilds.withId(channel.guildId);
    if (bridge) endTrouble(bridge, channel.id);
  });
  client.on(Events.GuildAvailable, ({ id }) => {
    const bridge = first.guilds.withId(id);
    if (bridge) lookAll(bridge);
  });
  for (const bridge of first.guilds.all) lookAll(bridge);
  return () => {
    for (const { timer } of pauses.values()) clearTimeout(timer);
  };
}
