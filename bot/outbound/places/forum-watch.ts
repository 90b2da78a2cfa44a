import { ChannelType, type Client, Events, type ForumChannel } from 'discord.js';
import { backOff } from '../../../src/domain/consumers/keyed-queue.ts';
import type { Bridge } from '../../bridge.ts';
import { describe } from '../../rest/discord-errors.ts';
import { isInPlace, NOT_SHOWN, notShown } from './forum-posts.ts';
import { ensureForum, forumIds, isShownRight, type Kind, kindOf, showRight } from './forums.ts';
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

/** The ids of the tickets whose posts stand in a forum. */
function ticketsIn({ client, tickets }: Bridge, forumId: string): string[] {
  return [...client.channels.cache.values()].flatMap((one) => {
    const isPost = one.isThread() && one.parentId === forumId;
    return (isPost && tickets.idOfChannel(one.id)) || [];
  });
}

/** A forum in which tickets' posts stand, or may come to stand, as the gateway has told of it. */
function forumOf(bridge: Bridge, id: string): Watched | undefined {
  const forum = bridge.client.channels.cache.get(id);
  if (forum?.type !== ChannelType.GuildForum) return undefined;
  const kind = kindOf(forum.topic);
  const mayBeUsed = bridge.discord.whenNearlyFull !== 'park';
  const inside = kind && mayBeUsed ? [] : ticketsIn(bridge, id);
  if (kind) return mayBeUsed || inside.length > 0 ? { forum, kind, isMarked: true } : undefined;
  // Without its guidelines the tickets say what it is for, as far as they are loaded.
  const loaded = inside.flatMap((ticketId) => bridge.tickets.known(ticketId) ?? []);
  const inPlace = loaded.find(isInPlace);
  return inPlace && { forum, kind: inPlace.ticket, isMarked: false };
}

async function bringAbout(bridge: Bridge, { kind, forum, isMarked }: Watched) {
  if (!isMarked) return showRight(bridge, kind, forum.id);
  const outcome = await ensureForum(bridge, kind, withoutRoles(bridge));
  return 'failed' in outcome ? outcome.failed : undefined;
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
  const look = (bridge: Bridge, id: string, tries = 1) => {
    const found = forumOf(bridge, id);
    if (bridge.ended || pauses.has(id)) return;
    if (!found || isShownRight(bridge, found.kind, found.forum)) return forget(bridge, id);
    const again = () => {
      pauses.delete(id);
      look(bridge, id, tries + 1);
    };
    const ms = backOff(tries, FIRST_PAUSE_MS, LONGEST_PAUSE_MS);
    pauses.set(id, { tries, timer: setTimeout(again, ms).unref() });
    void setRight(bridge, found);
  };
  const lookAll = (bridge: Bridge) => {
    for (const id of forumIds(bridge)) look(bridge, id);
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
