import { channelGone, type MirrorChange } from '../../../src/domain/mirror/mirrors.ts';
import { forgetPosts } from '../../../src/domain/mirror/posts.ts';
import { isOpen } from '../../../src/domain/tickets/workflow.ts';
import type { Bridge } from '../../bridge.ts';
import { systemLine } from '../../format.ts';
import { leftGuild } from '../../guilds/guild-state.ts';
import { isInForum, type MirroredTicket } from '../../mirrored-tickets.ts';
import { postNotice } from '../../posting.ts';
import { MirrorProblem } from '../../rest/discord-errors.ts';
import { callStillDue } from '../alerts/on-call.ts';
import { isStepDone } from '../closing-steps.ts';
import { sideStep } from '../side-steps.ts';
import { categoryKey, categoryText } from './categories.ts';
import { channelExists, createChannel, moveChannel } from './channels.ts';
import { openForumPost, placeForumPost, wantsForumPost } from './forum-posts.ts';
import { type FoundRoom, findRoom } from './forum-search.ts';
import { isStuck, sendOn } from './guild-choice.ts';
import { MOVING, saveMoved } from './moved.ts';
import { PARKING, saveParked } from './parked.ts';

/** A channel that is deleted again so soon after it was made again is left alone for a while. */
const REMADE_AGAIN_MS = 60_000;

/** What keeps a ticket from its channel: it waits, or has gone on to another guild. */
export type Hold = { waits: string } | 'elsewhere';

/** A channel or a post of a forum, as the mirror's row is to say it. */
type Made = MirrorChange & { channel_id: string };

function takeOver({ id, forum_id }: FoundRoom): Made {
  if (!forum_id) return { channel_id: id, forum_id, shown: {} };
  // A post is found by its card, which has the post's id.
  return { channel_id: id, forum_id, card_id: id, last_post: id, shown: {} };
}

/** Opens a post where there is to be one, or else a channel. @returns what keeps the ticket from either */
async function make(
  bridge: Bridge,
  ticket: MirroredTicket,
  viaForum: boolean,
): Promise<Made | Hold> {
  const post = viaForum ? await openForumPost(bridge, ticket) : undefined;
  if (post) return { ...post.change, channel_id: post.id };
  const waits = viaForum ? bridge.room.whyWait(ticket) : undefined;
  if (waits) return { waits };
  const made = await createChannel(bridge, ticket);
  if ('id' in made) return { channel_id: made.id, forum_id: null, shown: { ...made.place } };
  const { pausedMs } = made.full;
  bridge.room.foundFull(ticket, pausedMs);
  if (await sendOn(bridge, ticket)) return 'elsewhere';
  return { waits: bridge.room.refused(ticket, pausedMs) };
}

/** @returns undefined where the ticket has its channel, or needs none */
export async function ensureChannel(
  bridge: Bridge,
  ticket: MirroredTicket,
): Promise<Hold | undefined> {
  const { mirror, ticket: data } = ticket;
  if (mirror.channel_id) {
    bridge.room.count(ticket.id, data.partner);
    return undefined;
  }
  const isClosed = !isOpen(data);
  if (isClosed && isStepDone(ticket, 'removed')) return undefined;
  const found = await findRoom(bridge, ticket);
  // A ticket that was closed before it had a channel gets its transcript only.
  if (!found && isClosed) {
    bridge.room.left(ticket);
    return undefined;
  }
  if (!found && isStuck(bridge, ticket) && (await sendOn(bridge, ticket))) return 'elsewhere';
  const viaForum = !found && wantsForumPost(bridge, ticket);
  const waits = found ? undefined : bridge.room.whyWait(ticket, viaForum);
  if (waits) return { waits };
  // Only now, under the lease: until the lost channel was no longer the ticket's, messages from it
  // were still written down.
  bridge.lease.require();
  await forgetPosts(bridge.ctx, ticket.id, bridge.lease.fencingToken);
  const made = found ? takeOver(found) : await make(bridge, ticket, viaForum);
  if (made === 'elsewhere' || 'waits' in made) return made;
  bridge.ctx.failpoint('after-channel-create');
  ticket.inDoubt = { public: true, internal: true };
  const { guildId } = bridge.settings;
  await bridge.tickets.save(ticket, { ...made, guild_id: guildId });
  const isMade = !found && !isInForum(made);
  if (found) bridge.room.count(ticket.id, data.partner);
  else if (isMade) bridge.room.opened(ticket);
  else bridge.room.housed(ticket);
  if (made.shown?.placed === false) sayMisplaced(bridge, ticket);
  // Somebody may have written there before we knew that it was ours.
  bridge.inbound.schedule(ticket.id);
  return undefined;
}

function sayMisplaced(bridge: Bridge, { id, ticket, mirror }: MirroredTicket): void {
  const { issue_level: level } = ticket;
  if (!mirror.channel_id || !bridge.problems.has(categoryKey(level))) return;
  const text = systemLine(categoryText(level));
  void postNotice(bridge, mirror.channel_id, `misplaced ${id} ${level}`, text);
}

/** Moves the channel, and shows it to others, where the ticket has changed. Nothing waits for it. */
export async function placeChannel(bridge: Bridge, ticket: MirroredTicket): Promise<void> {
  const { mirror } = ticket;
  await sideStep(bridge, ticket, 'place', async () => {
    if (isInForum(mirror)) return placeForumPost(bridge, ticket);
    const place = await moveChannel(bridge, ticket, mirror.shown ?? {});
    if (!place) return;
    const wasPlaced = mirror.shown?.placed !== false;
    await bridge.tickets.save(ticket, { shown: { ...mirror.shown, ...place } });
    if (wasPlaced && !place.placed) sayMisplaced(bridge, ticket);
  });
}

/**
 * The channel seems to be gone. Where Discord confirms it, everything about it is forgotten, and it
 * will be made again.
 */
export async function loseChannel(bridge: Bridge, ticket: MirroredTicket): Promise<void> {
  const { mirror } = ticket;
  if (!mirror.channel_id || (await channelExists(bridge, mirror.channel_id))) return;
  await forgetChannel(bridge, ticket);
}

/** Gives up a channel in a guild that the desk has left, and that the bot is not in any more. */
export async function leaveGuild(bridge: Bridge, ticket: MirroredTicket): Promise<void> {
  const { mirror } = ticket;
  const left = mirror.channel_id ? leftGuild(bridge, mirror) : undefined;
  if (left && !bridge.client.guilds.cache.has(left)) await forgetChannel(bridge, ticket);
}

async function forgetChannel(bridge: Bridge, ticket: MirroredTicket): Promise<void> {
  const { mirror } = ticket;
  const now = bridge.ctx.clock();
  ticket.unrecorded = [];
  ticket.channelsSince = performance.now();
  bridge.room.left(ticket);
  // Removed by a bot that came to its end before it could say so.
  if (mirror.steps.includes(PARKING)) return saveParked(bridge, ticket);
  if (mirror.steps.includes(MOVING) && isOpen(ticket.ticket)) return saveMoved(bridge, ticket);
  if (!isOpen(ticket.ticket)) {
    const nothing = { card_id: null, attempt: null, pending: [], deferred: [] };
    await bridge.tickets.save(ticket, { channel_id: null, forum_id: null, ...nothing });
    return;
  }
  if (now - mirror.remade_at < REMADE_AGAIN_MS) {
    throw new MirrorProblem('the channel was deleted again as soon as it had been made again');
  }
  bridge.log.warn({ ticket: ticket.id }, "a ticket's channel is gone: making it again");
  ticket.caughtUpGeneration = -1;
  ticket.sideSteps.clear();
  await bridge.tickets.save(ticket, {
    ...channelGone(),
    steps: mirror.seq + mirror.internal_seq > 0 ? ['remade', ...callStillDue(ticket)] : [],
    remade_at: now,
  });
}
