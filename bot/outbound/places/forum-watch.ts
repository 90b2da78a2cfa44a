import { ChannelType, type Client, Events, type ForumChannel } from 'discord.js';
import { backOff } from '../../../src/domain/consumers/keyed-queue.ts';
import type { Bridge } from '../../bridge.ts';
import { describe } from '../../rest/discord-errors.ts';
import { isSameKind, type Kind, kindInside, kindOf } from './forum-kinds.ts';
import { NOT_SHOWN, notShown } from './forum-posts.ts';
import { ensureForum, forumIds, isShownRight, showRight, usedForum } from './forums.ts';
import { withoutRoles } from './overwrites.ts';
import { endTrouble, raiseTrouble } from './post-troubles.ts';

/** After a look that had to set something right the next one waits, in milliseconds; longer each time. */
const FIRST_PAUSE_MS = 2000;
const LONGEST_PAUSE_MS = 5 * 60_000;

interface Watched {
  forum: ForumChannel;
  kind: Kind;
  /** Its guidelines say so: it is the one in which posts are opened. */
  isMarked: boolean;
}

/** A forum in which tickets' posts stand, or may come to stand, as the gateway has told of it. */
async function forumOf(bridge: Bridge, id: string): Promise<Watched | undefined> {
  const forum = bridge.client.channels.cache.get(id);
  if (forum?.type !== ChannelType.GuildForum) return undefined;
  if (forum.guildId !== bridge.settings.guildId) return undefined;
  const marked = kindOf(forum.topic);
  // What its posts are outweighs what somebody has made of its guidelines.
  const inside = await kindInside(bridge, id);
  const isMarked = marked !== undefined && (!inside || isSameKind(marked, inside));
  if (!isMarked) return inside && { forum, kind: inside, isMarked };
  if (!inside && bridge.discord.whenNearlyFull === 'park') return undefined;
  // The guidelines of another one, copied.
  const used = usedForum(bridge, marked);
  return !inside && used && used !== id ? undefined : { forum, kind: marked, isMarked };
}

async function bringAbout(bridge: Bridge, { kind, forum, isMarked }: Watched) {
  if (!isMarked) return showRight(bridge, kind, forum.id);
  const outcome = await ensureForum(bridge, kind, withoutRoles(bridge));
  if ('failed' in outcome) return outcome.failed;
  const isOther = outcome.id !== forum.id && (await kindInside(bridge, forum.id)) !== undefined;
  return isOther ? showRight(bridge, kind, forum.id) : undefined;
}

async function setRight(bridge: Bridge, watched: Watched): Promise<void> {
  const { id } = watched.forum;
  bridge.log.warn(
    { forum: id },
    'others see a forum than are to see its tickets: setting it right',
  );
  try {
    const failed = await bringAbout(bridge, watched);
    if (failed) raiseTrouble(bridge, NOT_SHOWN, notShown(bridge, failed, id), id);
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
  const lookAt = async (bridge: Bridge, id: string, tries: number) => {
    const found = await forumOf(bridge, id);
    if (bridge.ended || pauses.has(id)) return;
    if (!found || isShownRight(bridge, found.kind, found.forum)) return forget(bridge, id);
    const again = () => {
      pauses.delete(id);
      look(bridge, id, tries + 1);
    };
    const ms = backOff(tries, FIRST_PAUSE_MS, LONGEST_PAUSE_MS);
    pauses.set(id, { tries, timer: setTimeout(again, ms).unref() });
    await setRight(bridge, found);
  };
  const look = (bridge: Bridge, id: string, tries = 1): void => {
    if (bridge.ended || pauses.has(id)) return;
    lookAt(bridge, id, tries).catch((error: unknown) => {
      bridge.log.info({ forum: id, reason: describe(error) }, 'a forum was not looked at');
    });
  };
  const lookAll = (bridge: Bridge) => {
    for (const id of new Set([...forumIds(bridge), ...bridge.tickets.forums()])) look(bridge, id);
  };
  client.on(Events.ChannelUpdate, (_, channel) => {
    const bridge = 'guildId' in channel && first.guilds.withId(channel.guildId);
    if (bridge && channel.type === ChannelType.GuildForum) look(bridge, channel.id);
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
