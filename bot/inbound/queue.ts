import { findPost } from '../../src/domain/mirror/posts.ts';
import { isOpen } from '../../src/domain/tickets/workflow.ts';
import type { Bridge } from '../bridge.ts';
import { whyAway, whyLeft } from '../guilds/guild-state.ts';
import { isFromBefore, type MirroredTicket } from '../mirrored-tickets.ts';
import { code, describe, hasCode, isInaccessible } from '../rest/discord-errors.ts';
import { compareIds } from '../snowflakes.ts';
import { catchUp, glance, ingestSeen } from './catch-up.ts';
import { isDeleted } from './channel-pages.ts';
import { attempt } from './dead-letters.ts';
import {
  deletedAt,
  dropIdleInboxes,
  type InboundEvent,
  type Inbox,
  inboxOf,
  messageOf,
} from './inbox.ts';
import { type Incoming, incomingOf, isWritten } from './incoming.ts';
import { ingestReaction } from './ingest-reaction.ts';
import { ingestToldDeletion } from './missed-deletions.ts';
import { ingestWithdrawn } from './proxies.ts';
import { lookIntoAllThreads } from './thread-looks.ts';
import { guildOf } from './writers.ts';

const TICKS_A_ROUND = 30;
/** Rounds without a sign of a gap after which the gateway counts as healthy. */
const CALM_ROUNDS = 5;
/** A healthy gateway is doubted this many times less often. */
const CALM_FACTOR = 3;
/** Every so many rounds a look compares edits and deletions too, which nothing else would show. */
const DEEP_EVERY = 20;

/** The event did not bring the whole message: ask for it. One that is gone has an event of its own. */
async function fetchChanged(
  bridge: Bridge,
  ticket: MirroredTicket,
  { id, channelId }: { id: string; channelId: string },
): Promise<void> {
  const channel = guildOf(bridge).channels.cache.get(channelId);
  if (!channel?.isTextBased()) return;
  const message = await channel.messages
    .fetch({ message: id, force: true })
    .catch((error: unknown) => {
      // A thread that cannot be read, or is gone, holds up nothing else.
      const isBeside = channelId !== ticket.mirror.channel_id && isInaccessible(error);
      if (!isBeside && !hasCode(error, code.unknownMessage)) throw error;
      return undefined;
    });
  if (message) await ingestSeen(bridge, ticket, incomingOf(bridge, message, false, channel));
}

/**
 * Whether a message was deleted before anything of it was taken in: its deletion waits behind it, or a look has
 * gone past it without meeting it, and Discord says so when asked. Taken in now, it would come after later ones,
 * to go again at once.
 */
async function isWithdrawn(
  bridge: Bridge,
  ticket: MirroredTicket,
  { id, home, message }: Incoming,
): Promise<boolean> {
  const inbox = inboxOf(bridge, ticket.id);
  const isTold = deletedAt(inbox, id) !== undefined;
  const isPassed = home === ticket.mirror.channel_id && compareIds(id, inbox.seenUpTo) <= 0;
  if (!isTold && !isPassed) return false;
  if (!isWritten(message) || (await findPost(bridge.ctx, id))) return false;
  if (isTold) return true;
  try {
    return await isDeleted(bridge, message.channelId, id);
  } catch (error) {
    if (message.channelId === home || !isInaccessible(error)) throw error;
    return false;
  }
}

async function handleSeen(bridge: Bridge, ticket: MirroredTicket, incoming: Incoming) {
  let isOver = false;
  await attempt(bridge, ticket, `withdrawn ${incoming.id}`, async () => {
    isOver = await isWithdrawn(bridge, ticket, incoming);
    if (isOver) await ingestWithdrawn(bridge, ticket, incoming);
  });
  if (!isOver) await ingestSeen(bridge, ticket, incoming);
}

async function handle(bridge: Bridge, ticket: MirroredTicket, event: InboundEvent): Promise<void> {
  if (event.kind === 'act') return event.run();
  if (event.kind === 'deleted') {
    const { id } = event;
    return attempt(bridge, ticket, `deleted ${id}`, () => ingestToldDeletion(bridge, ticket, id));
  }
  if (event.kind === 'reacted') {
    const { reacted } = event;
    const key = `reacted ${JSON.stringify(reacted)}`;
    return attempt(bridge, ticket, key, () => ingestReaction(bridge, ticket, reacted));
  }
  if (event.incoming) return handleSeen(bridge, ticket, event.incoming);
  const changed = event as { id: string; channelId: string };
  const key = `changed ${changed.id}`;
  return attempt(bridge, ticket, key, () => fetchChanged(bridge, ticket, changed));
}

function remove(events: InboundEvent[], event: InboundEvent): void {
  const at = events.indexOf(event);
  if (at >= 0) events.splice(at, 1);
}

/** Where there is no channel any more, nothing that was written in it is worth waiting for. */
async function runActs({ events }: Inbox): Promise<void> {
  for (const event of [...events]) {
    if (event.kind !== 'act') continue;
    remove(events, event);
    await event.run();
  }
}

/** The channel seems to be gone: the other direction looks, and makes it again. */
async function doubt(bridge: Bridge, ticket: MirroredTicket, inbox: Inbox): Promise<void> {
  ticket.channelNeedsCheck = true;
  bridge.outbound.schedule(ticket.id);
  await runActs(inbox);
}

/** True where what the inbox holds is next: nothing from before it is missing. */
function isCaughtUp(bridge: Bridge, ticket: MirroredTicket, { dropped }: Inbox): boolean {
  return ticket.caughtUpGeneration === bridge.generation && !dropped;
}

/** @returns false where the channel is not there */
async function look(bridge: Bridge, ticket: MirroredTicket, inbox: Inbox): Promise<boolean> {
  if (inbox.glance && inbox.events.length === 0 && ticket.caughtUpGeneration !== -1) {
    inbox.glance = false;
    if (await glance(bridge, ticket)) ticket.caughtUpGeneration = -1;
  }
  return isCaughtUp(bridge, ticket, inbox) || catchUp(bridge, ticket);
}

/** True for what happened in a channel from before the present one, in which all is newer. */
function isOfEarlier(ticket: MirroredTicket, event: InboundEvent | undefined): boolean {
  const id = event && messageOf(event);
  return id !== undefined && isFromBefore(ticket, id);
}

/**
 * In order; where events may have been missed the channel is caught up with first. Of a closed ticket none is
 * made again: what was told of one that is gone is all there is of it.
 */
async function ingestAll(bridge: Bridge, ticket: MirroredTicket, inbox: Inbox): Promise<void> {
  for (;;) {
    const isEarlier = isOfEarlier(ticket, inbox.events[0]);
    const isThere = isEarlier || (await look(bridge, ticket, inbox));
    if (!isThere && isOpen(ticket.ticket)) return doubt(bridge, ticket, inbox);
    if (bridge.ended) return;
    // Something was missed while it was being read: what came since must not overtake that.
    if (isThere && !isEarlier && !isCaughtUp(bridge, ticket, inbox)) continue;
    const event = inbox.events[0];
    if (!event) return isThere ? undefined : doubt(bridge, ticket, inbox);
    try {
      await handle(bridge, ticket, event);
      remove(inbox.events, event);
    } catch (error) {
      ticket.caughtUpGeneration = -1;
      throw error;
    }
  }
}

/**
 * Ingests what waits in a ticket's inbox, in order, so that nothing newer overtakes what was missed.
 * Called by the keyed queue, which tries again after a back-off where it throws.
 */
export async function ingestWaiting(first: Bridge, ticketId: string): Promise<void> {
  const inbox = inboxOf(first, ticketId);
  try {
    const ticket = await first.tickets.load(ticketId);
    if (!ticket || ticket.mirror.state === 'done') {
      await runActs(inbox);
      first.inboxes.delete(ticketId);
      return;
    }
    const bridge = first.guilds.of(ticket.mirror);
    // What waits in the inbox is taken in when the guild is back.
    if (whyAway(bridge) || whyLeft(bridge, ticket.mirror)) return await runActs(inbox);
    try {
      await ingestAll(bridge, ticket, inbox);
    } catch (error) {
      if (!hasCode(error, code.unknownChannel)) throw error;
      await doubt(bridge, ticket, inbox);
    }
    inbox.trouble = undefined;
    if (ticket.mirror.problem) first.outbound.schedule(ticketId);
  } catch (error) {
    inbox.trouble = describe(error);
    throw error;
  }
}

function scheduleLook(bridge: Bridge, ticketId: string, deep: boolean): void {
  const ticket = bridge.tickets.known(ticketId);
  if (ticket && deep) ticket.caughtUpGeneration = -1;
  inboxOf(bridge, ticketId).glance = true;
  bridge.inbound.schedule(ticketId);
}

/** Reads every channel for what the gateway did not bring. */
export function catchUpAll(bridge: Bridge): void {
  for (const ticketId of bridge.tickets.withChannel()) scheduleLook(bridge, ticketId, true);
}

/** The same for the channels of one guild, which was away. */
export function catchUpGuild(bridge: Bridge): void {
  const { tickets, guilds } = bridge;
  const guildOf = (id: string) => guilds.of({ guild_id: tickets.guildOf(id) ?? null });
  for (const id of tickets.withChannel())
    if (guildOf(id) === bridge) scheduleLook(bridge, id, true);
}

/**
 * Looks into every channel once in `everyMs` for new messages, a few at a time: all at once they would
 * stand in the way of what people are writing. While the gateway is healthy the rounds are longer.
 * @returns a function that ends it
 */
export function keepCatchingUp(bridge: Bridge, everyMs: number): () => void {
  let round: string[] = [];
  let each = 0;
  let rounds = 0;
  let calm = 0;
  let ticks = 0;
  let turns = 0;
  let { generation } = bridge;
  const begin = () => {
    calm = bridge.generation === generation ? calm + 1 : 0;
    ({ generation } = bridge);
    rounds++;
    dropIdleInboxes(bridge);
    round = bridge.tickets.withChannel();
    each = Math.ceil(round.length / TICKS_A_ROUND);
  };
  const timer = setInterval(() => {
    if (calm >= CALM_ROUNDS && ++ticks % CALM_FACTOR !== 0) return;
    // A round of few channels is over sooner.
    if (turns++ % TICKS_A_ROUND === 0) lookIntoAllThreads(bridge);
    if (round.length === 0) begin();
    for (const ticketId of round.splice(0, each)) {
      scheduleLook(bridge, ticketId, rounds % DEEP_EVERY === 0);
    }
  }, everyMs / TICKS_A_ROUND).unref();
  return () => clearInterval(timer);
}
