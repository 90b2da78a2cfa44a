import { type APIChannel, type APIGuildCategoryChannel, ChannelType, Routes } from 'discord.js';
import type { IssueLevel } from '../../src/contract/tickets.ts';
import type { Ticket } from '../../src/domain/log/entry.ts';
import { type Bridge, selfId } from '../bridge.ts';
import { code, hasCode, MirrorProblem, parentProblem } from '../discord-errors.ts';
import { escapeName, shorten } from '../format.ts';
import { overwritesFor } from '../permissions.ts';

/** A category that was full is not tried again for this long, in milliseconds. */
const FULL_FOR_MS = 60_000;
/** Categories of a level: together they take nearly all the channels a guild may have. */
const MAX_CATEGORIES = 9;

export type Place = Pick<Ticket, 'issue_level' | 'support_role'>;

export function channelName(number: number): string {
  return `ticket-${String(number).padStart(4, '0')}`;
}

/** By this a channel is found again that was made just before a crash. */
function markerOf(ticketId: string): string {
  return `[${ticketId}]`;
}

export async function listGuildChannels(bridge: Bridge): Promise<APIChannel[]> {
  return (await bridge.rest.get(Routes.guildChannels(bridge.discord.guildId))) as APIChannel[];
}

/** The channel made for a ticket, where there is one. */
export async function findChannel(bridge: Bridge, ticketId: string): Promise<string | undefined> {
  const marker = markerOf(ticketId);
  const channels = await listGuildChannels(bridge);
  return channels.find((channel) => 'topic' in channel && channel.topic?.endsWith(marker))?.id;
}

/** True where Discord still has the channel. */
export async function channelExists(bridge: Bridge, channelId: string): Promise<boolean> {
  try {
    await bridge.rest.get(Routes.channel(channelId));
    return true;
  } catch (error) {
    if (hasCode(error, code.unknownChannel)) return false;
    throw error;
  }
}

function overwrites(bridge: Bridge, place: Place) {
  const held = bridge.client.guilds.cache.get(bridge.discord.guildId)?.members.me?.permissions;
  const bits = held?.bitfield ?? ~0n;
  return overwritesFor(bridge.discord, selfId(bridge), place.support_role, bits);
}

async function createGuildChannel(bridge: Bridge, body: object): Promise<APIChannel> {
  bridge.lease.require();
  try {
    const made = await bridge.rest.post(Routes.guildChannels(bridge.discord.guildId), { body });
    return made as APIChannel;
  } catch (error) {
    if (!hasCode(error, code.guildFull)) throw error;
    throw new MirrorProblem('the Discord server has no room for another channel', error);
  }
}

/** "Urgent", "Urgent 2", "Urgent 3" …: made where it is missing. */
async function overflowCategory(bridge: Bridge, base: string, nth: number): Promise<string> {
  const work = async () => {
    const channels = await listGuildChannels(bridge);
    const first = channels.find(({ id }) => id === base) as APIGuildCategoryChannel | undefined;
    const name = `${first?.name ?? 'Tickets'} ${nth}`;
    const known = channels.find(
      (channel) => channel.type === ChannelType.GuildCategory && channel.name === name,
    );
    if (known) return known.id;
    const position = first?.position;
    const made = await createGuildChannel(bridge, {
      name,
      type: ChannelType.GuildCategory,
      position,
    });
    bridge.log.info({ category: name }, 'a category was full: made another one');
    return made.id;
  };
  const made = bridge.makingCategory.then(work, work);
  bridge.makingCategory = made;
  return made;
}

/**
 * Runs a call with the first category of a level that has room. Whether one has is told by Discord's
 * error alone: it has been seen to refuse at 48 and to accept at 51.
 */
async function inCategory<T>(
  bridge: Bridge,
  level: IssueLevel,
  call: (parentId: string) => Promise<T>,
): Promise<T> {
  const base = bridge.discord.categories[level];
  const full = bridge.fullUntil;
  for (let nth = 1; ; nth++) {
    const parent = nth === 1 ? base : await overflowCategory(bridge, base, nth);
    if ((full.get(parent) ?? 0) > performance.now()) continue;
    try {
      return await call(parent);
    } catch (error) {
      const problem = parentProblem(error);
      if (problem === 'invalid') {
        throw new MirrorProblem(`the category for the level ${level} is not there`, error);
      }
      if (problem !== 'full') throw error;
      if (nth >= MAX_CATEGORIES) {
        throw new MirrorProblem(`no category for the level ${level} has room`, error);
      }
      full.set(parent, performance.now() + FULL_FOR_MS);
    }
  }
}

/** Opens the channel of a ticket in the category of its level, visible to its support role. */
export async function createChannel(bridge: Bridge, ticket: Ticket): Promise<string> {
  const topic = `${escapeName(shorten(ticket.topic, 100))} ${markerOf(ticket.id)}`;
  const made = await inCategory(bridge, ticket.issue_level, (parent_id) =>
    createGuildChannel(bridge, {
      name: channelName(ticket.number),
      type: ChannelType.GuildText,
      topic,
      parent_id,
      permission_overwrites: overwrites(bridge, ticket),
    }),
  );
  return made.id;
}

/** Moves a channel to the category of a level and shows it to another role, as far as they changed. */
export async function moveChannel(
  bridge: Bridge,
  channelId: string,
  from: Partial<Place>,
  to: Place,
): Promise<void> {
  const levelChanged = from.issue_level !== to.issue_level;
  const roleChanged = from.support_role !== to.support_role;
  if (!levelChanged && !roleChanged) return;
  // Neither name nor topic: those may change twice in ten minutes only.
  const seen = roleChanged ? { permission_overwrites: overwrites(bridge, to) } : {};
  const patch = (body: object) => {
    bridge.lease.require();
    return bridge.rest.patch(Routes.channel(channelId), { body });
  };
  if (!levelChanged) await patch(seen);
  else await inCategory(bridge, to.issue_level, (parent_id) => patch({ parent_id, ...seen }));
}

/** Removes a channel; one that is gone already is as good. */
export async function removeChannel(bridge: Bridge, channelId: string): Promise<void> {
  bridge.lease.require();
  await bridge.rest.delete(Routes.channel(channelId)).catch((error: unknown) => {
    if (!hasCode(error, code.unknownChannel)) throw error;
  });
}
