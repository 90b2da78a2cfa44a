import type { Mirror } from '../../../src/domain/mirror/mirrors.ts';
import type { Bridge } from '../../bridge.ts';
import { freeChannels } from '../../checks.ts';
import { routeOf } from '../../guilds/guild-routing.ts';
import { guildName, leftGuild, whyAway } from '../../guilds/guild-state.ts';
import type { MirroredTicket } from '../../mirrored-tickets.ts';
import { whyNoChannel } from '../../settings.ts';
import { findRoom } from './forum-search.ts';

/** True for a ticket that has a channel, or had one, and is not done: it stays in its guild. */
function isPinned({ channel_id, parked, remade_at, unparked_at, steps }: Mirror): boolean {
  const isBack = Boolean(parked || remade_at || unparked_at);
  return channel_id !== null || isBack || steps.some((step) => step !== 'reopened');
}

/** True where it is settled in which guild a ticket's channel is, or is tried next. */
export function hasGuild({ guilds }: Bridge, { mirror }: MirroredTicket): boolean {
  // A rule binds: what has no channel any more in a guild that was left goes to none that is just the first.
  if (leftGuild({ guilds }, mirror)) return mirror.channel_id !== null;
  return !guilds.isSeveral || guilds.withId(mirror.guild_id) !== undefined || isPinned(mirror);
}

/** Where a ticket may go, in the order in which it is tried. */
function candidates({ guilds, discord }: Bridge, { ticket }: MirroredTicket): Bridge[] {
  const practised = guilds.practising.get(ticket.owner);
  const all = guilds.all.map(({ settings }) => settings.guildId);
  const ids = practised ? [practised] : routeOf(discord, all, ticket);
  return ids.flatMap((id) => guilds.withId(id) ?? []);
}

/** True where a channel could be made for a ticket, but for the room. */
function isReady(bridge: Bridge, { ticket }: MirroredTicket): boolean {
  return !whyAway(bridge) && whyNoChannel(bridge.settings, ticket.issue_level) === undefined;
}

/** True where a guild is not known to be full, by its count or by Discord's word, or this ticket may find out. */
function hasRoom(bridge: Bridge, { id }: MirroredTicket): boolean {
  return (freeChannels(bridge) ?? 0) > 0 && bridge.room.mayTry(id);
}

/**
 * Whether there is less room for a ticket than there is to be (`PARK_BELOW`): in its server, or in all that it may
 * still go to. One that has refused a channel has none, whatever the count.
 */
export function isNearlyFull(bridge: Bridge, ticket: MirroredTicket): boolean {
  const { below } = bridge.discord.parking;
  const own = freeChannels(bridge);
  if (own === undefined) return false;
  const freeIn = (one: Bridge) => (one.room.isFull() ? 0 : (freeChannels(one) ?? 0));
  const isBound = !bridge.guilds.isSeveral || isPinned(ticket.mirror);
  const all = isBound ? [bridge] : candidates(bridge, ticket);
  return all.reduce((sum, one) => sum + freeIn(one), 0) < below;
}

/** The first with room; or else one to wait in. */
function choose(bridge: Bridge, ticket: MirroredTicket): Bridge {
  const all = candidates(bridge, ticket);
  const ready = all.filter((one) => isReady(one, ticket));
  const present = all.find((one) => !whyAway(one));
  const [first = bridge] = all;
  return ready.find((one) => hasRoom(one, ticket)) ?? ready[0] ?? present ?? first;
}

/**
 * True for a ticket from before there were several guilds that has a channel in the first one already: of a
 * bot that knew of no other, and died before it had written down that it had made it. Later ones need not wait
 * for the first guild's answer.
 */
async function isInFirst({ guilds }: Bridge, ticket: MirroredTicket) {
  const [first] = guilds.all;
  const isOlder = ticket.ticket.created_at < guilds.severalSince;
  if (!first || !isOlder || whyAway(first)) return false;
  return (await findRoom(first, ticket)) !== undefined;
}

async function settle(bridge: Bridge, ticket: MirroredTicket, chosen: Bridge): Promise<void> {
  const { guildId } = chosen.settings;
  await bridge.tickets.save(ticket, { guild_id: guildId });
  bridge.ctx.failpoint('after-guild-choice');
  bridge.log.info({ ticket: ticket.id, guild: guildId }, `goes to the server ${guildName(chosen)}`);
  // Its turn goes on in the other guild's queue.
  bridge.outbound.schedule(ticket.id);
}

/**
 * Settles in which guild the channel of a ticket is to be made, and writes it down before any is made: whoever
 * goes on after a crash looks there.
 */
export async function chooseGuild(bridge: Bridge, ticket: MirroredTicket): Promise<void> {
  const [first = bridge] = bridge.guilds.all;
  const isThere = await isInFirst(bridge, ticket);
  await settle(bridge, ticket, isThere ? first : choose(bridge, ticket));
}

/** True where a ticket without a channel cannot have one in its guild, but might in another. */
export function isStuck(bridge: Bridge, ticket: MirroredTicket): boolean {
  if (!bridge.guilds.isSeveral || isPinned(ticket.mirror)) return false;
  return !isReady(bridge, ticket) || !hasRoom(bridge, ticket);
}

/**
 * Sends a ticket on for which no channel stands in its guild, and none can be made there: to the next one of
 * its route that has room.
 * @returns false where there is none, or the ticket has had a channel where it is
 */
export async function sendOn(bridge: Bridge, ticket: MirroredTicket): Promise<boolean> {
  if (!bridge.guilds.isSeveral || isPinned(ticket.mirror)) return false;
  const next = candidates(bridge, ticket).find(
    (one) => one !== bridge && isReady(one, ticket) && hasRoom(one, ticket),
  );
  if (!next) return false;
  bridge.room.left(ticket);
  await settle(bridge, ticket, next);
  return true;
}
