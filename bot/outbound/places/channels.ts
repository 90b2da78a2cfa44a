import { type APIChannel, ChannelType, PermissionFlagsBits as P, Routes } from 'discord.js';
import type { Ticket } from '../../../src/domain/log/entry.ts';
import type { Bridge } from '../../bridge.ts';
import { escapeName, shorten } from '../../format.ts';
import type { MirroredTicket } from '../../mirrored-tickets.ts';
import { seersOf } from '../../permissions.ts';
import { callDiscord, type Outcome } from '../../rest/call-ends.ts';
import { isLongPause, MirrorProblem, retryAfterMs } from '../../rest/discord-errors.ts';
import { blocked, failureOf } from '../posts/refusals.ts';
import { inCategory, listGuildChannels } from './categories.ts';
import { channelFor, seersIn, withOverwrites, withoutRoles } from './overwrites.ts';

/** Where a channel stands and who sees it, as the mirror's row remembers it. */
export interface Place extends Pick<Ticket, 'issue_level' | 'support_role'> {
  /** False where it stands outside of its level's categories. */
  placed: boolean;
  /** The roles left out because the server has them not, joined. */
  without: string;
  /** The ids of the roles that were to see it, joined; rows from before have none. */
  seers?: string;
}

/** The names a channel is given, one after the other, where Discord refuses the words in it. */
const names = ['ticket', 'case', 'channel'];

export function channelName(number: number, nth = 0): string {
  return `${names[nth]}-${String(number).padStart(4, '0')}`;
}

/** By this a channel is found again that was made just before a crash. */
function markerOf(ticketId: string): string {
  return `[${ticketId}]`;
}

interface ChannelList {
  askedAt: number;
  channels: Promise<APIChannel[]>;
}

const lists = new WeakMap<Bridge, ChannelList>();

/**
 * The server's channels as they were at some moment after `since` (monotonic milliseconds): one list
 * serves all tickets that need no newer one.
 */
function channelsSince(bridge: Bridge, since: number): Promise<APIChannel[]> {
  const known = lists.get(bridge);
  if (known && known.askedAt >= since) return known.channels;
  const made = { askedAt: performance.now(), channels: listGuildChannels(bridge) };
  lists.set(bridge, made);
  made.channels.catch(() => {
    if (lists.get(bridge) === made) lists.delete(bridge);
  });
  return made.channels;
}

/** The channel made for a ticket, by an earlier bot or an attempt whose answer was lost. */
export async function findChannel(
  bridge: Bridge,
  ticket: Pick<MirroredTicket, 'id' | 'channelsSince'>,
): Promise<string | undefined> {
  const marker = markerOf(ticket.id);
  const channels = await channelsSince(bridge, ticket.channelsSince);
  return channels.find((channel) => 'topic' in channel && channel.topic?.endsWith(marker))?.id;
}

/** True where Discord still has the channel. */
export async function channelExists(bridge: Bridge, channelId: string): Promise<boolean> {
  const outcome = await callDiscord(bridge, 'read_channel', () =>
    bridge.rest.get(Routes.channel(channelId)),
  );
  // What may not be read is there.
  return outcome.end !== 'gone';
}

/**
 * Opens the channel of a ticket in the category of its level, visible to its support role.
 * @returns `full` where Discord allows no more channels, with how many milliseconds it makes none where it says so
 */
export async function createChannel(
  bridge: Bridge,
  ticket: MirroredTicket,
): Promise<{ id: string; place: Place } | { full: { pausedMs?: number } }> {
  const { issue_level, support_role, topic, number } = ticket.ticket;
  const marker = markerOf(ticket.id);
  let without = '';
  const create = async (parent_id: string | undefined) => {
    for (let nth = 0; ; nth++) {
      const made = await withOverwrites<APIChannel>(bridge, channelFor(bridge, ticket), (list) =>
        callDiscord(bridge, 'create_channel', () =>
          bridge.rest.post(Routes.guildChannels(bridge.settings.guildId), {
            body: {
              name: channelName(number, Math.max(0, nth - 1)),
              type: ChannelType.GuildText,
              // The first thing to leave out where a name is refused: it is the customer's.
              topic: nth === 0 ? `${escapeName(shorten(topic, 256))} ${marker}` : marker,
              ...(parent_id && { parent_id }),
              permission_overwrites: list,
            },
          }),
        ),
      );
      ({ without } = made);
      const { outcome } = made;
      const isNamed = outcome.end === 'refused' && outcome.cause === 'name';
      if (!isNamed || nth === names.length) return outcome;
    }
  };
  // Where the answer is lost, the channel is looked for in a newer list than any before.
  ticket.channelsSince = performance.now();
  const made = await inCategory(bridge, issue_level, create).catch((error: unknown) => {
    if (!isLongPause(error)) throw error;
    return { full: { pausedMs: retryAfterMs(error) } };
  });
  ticket.channelsSince = 0;
  if ('full' in made) return made;
  const { outcome, placed } = made;
  if (outcome.end === 'done') {
    const seers = seersIn(bridge, ticket);
    return { id: outcome.value.id, place: { issue_level, support_role, placed, without, seers } };
  }
  if (outcome.end === 'refused' && outcome.cause === 'guild_full') return { full: {} };
  if (outcome.end === 'gone') throw new MirrorProblem('the server is gone', outcome.error);
  throw blocked(bridge, ticket, undefined, outcome, [P.ManageChannels, P.ManageRoles]);
}

/**
 * Moves a channel to the category of a level and shows it to another role, as far as they changed.
 * @returns where it stands now; undefined where nothing has changed
 */
export async function moveChannel(
  bridge: Bridge,
  ticket: MirroredTicket,
  from: Partial<Place>,
): Promise<Place | undefined> {
  const channelId = ticket.mirror.channel_id as string;
  const { issue_level, support_role } = ticket.ticket;
  const isMisplaced = from.placed === false && !bridge.problems.has(`category:${issue_level}`);
  const levelChanged = from.issue_level !== issue_level || isMisplaced;
  const seenBy = withoutRoles(bridge);
  const seers = seersIn(bridge, ticket);
  const before = from.seers ?? seersOf(bridge.settings, support_role).join(',');
  const roleChanged =
    from.support_role !== support_role || (from.without ?? '') !== seenBy || before !== seers;
  if (!levelChanged && !roleChanged) return undefined;
  let without = from.without ?? '';
  // Neither name nor topic: those may change twice in ten minutes only.
  const patch = async (body: object): Promise<Outcome<unknown>> => {
    const call = (more: object) =>
      callDiscord(bridge, 'change_channel', () =>
        bridge.rest.patch(Routes.channel(channelId), { body: { ...body, ...more } }),
      );
    if (!roleChanged) return Object.keys(body).length > 0 ? call({}) : { end: 'done', value: 0 };
    const patched = await withOverwrites(
      bridge,
      channelFor(bridge, ticket),
      (permission_overwrites) => call({ permission_overwrites }),
    );
    ({ without } = patched);
    return patched.outcome;
  };
  const moved = levelChanged
    ? await inCategory(bridge, issue_level, (parent_id) => patch(parent_id ? { parent_id } : {}))
    : { outcome: await patch({}), placed: from.placed ?? true };
  if (moved.outcome.end !== 'done') throw failureOf(bridge, ticket, channelId, moved.outcome);
  return { issue_level, support_role, placed: moved.placed, without, seers };
}

/** Removes a channel; one that is gone already is as good. */
export function removeChannel(bridge: Bridge, channelId: string): Promise<Outcome<unknown>> {
  return callDiscord(bridge, 'delete_channel', () => bridge.rest.delete(Routes.channel(channelId)));
}
