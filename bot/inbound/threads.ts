import type { AnyThreadChannel } from 'discord.js';
import { type Bridge, selfId } from '../bridge.ts';
import { compareIds } from '../snowflakes.ts';

/** Threads, open and archived ones each, that are caught up with in one channel; the others stand in the transcript's page. */
export const MOST_THREADS = 20;
/** The thread that `/notes` opens. */
export const NOTES_THREAD = 'Notes';

/** The ticket in whose channel, or in one of whose threads, something happens. */
export function ticketAround({ client, tickets }: Bridge, channelId: string): string | undefined {
  const known = tickets.idOfChannel(channelId);
  if (known) return known;
  const channel = client.channels.cache.get(channelId);
  const parent = channel?.isThread() ? channel.parentId : null;
  return parent ? tickets.idOfChannel(parent) : undefined;
}

/** The open threads of a channel that the bot sees, the newest first. */
export function threadsOf({ client, settings }: Bridge, channelId: string): AnyThreadChannel[] {
  const guild = client.guilds.cache.get(settings.guildId);
  const open = [...(guild?.channels.cache.values() ?? [])].filter(
    (one): one is AnyThreadChannel => one.isThread() && one.parentId === channelId && !one.archived,
  );
  return open.sort((a, b) => compareIds(b.id, a.id)).slice(0, MOST_THREADS);
}

/** The thread for notes that the bot has opened in a channel. */
export function notesThread(bridge: Bridge, channelId: string): AnyThreadChannel | undefined {
  return threadsOf(bridge, channelId).find(
    ({ ownerId, name }) => ownerId === selfId(bridge) && name === NOTES_THREAD,
  );
}
