import type { AnyThreadChannel, Message, TextChannel } from 'discord.js';
import { findPosts, listIngested, type Post } from '../../src/domain/mirror/posts.ts';
import { type Bridge, selfId } from '../bridge.ts';
import { code, describe, hasCode, isInaccessible } from '../discord-errors.ts';
import { systemLine } from '../format.ts';
import { type Mark, marks } from '../marking.ts';
import type { MirroredTicket } from '../mirrored-tickets.ts';
import { postNotice } from '../posting.ts';
import { retryAfterRateLimit } from '../rate-limit-retry.ts';
import { compareIds } from '../snowflakes.ts';
import { ascending, channelOf, listRecent, PAGE } from './channel-pages.ts';
import { attempt, buryMessage } from './dead-letters.ts';
import { inboxOf } from './inbox.ts';
import { type Incoming, incomingOf, isWebhook, isWritten } from './incoming.ts';
import { ingestMessage } from './ingest.ts';
import { mark } from './marks.ts';
import { ingestDeleted, ingestRepetition } from './proxies.ts';
import { markOf } from './receipts.ts';
import { threadsOf } from './threads.ts';

/** Where messages are read: a ticket's channel, or a thread of it. */
type Place = TextChannel | AnyThreadChannel;

/** What is younger than this is still on its way through the gateway, and was not missed. */
const LATE_MS = 10_000;

/** True where Discord says that it has no such message; anything else leaves it as it is. */
async function isDeleted(bridge: Bridge, channel: Place, id: string): Promise<boolean> {
  try {
    await retryAfterRateLimit(bridge, () =>
      channel.messages.fetch({ message: id, force: true, cache: false }),
    );
    return false;
  } catch (error) {
    if (hasCode(error, code.unknownMessage)) return true;
    throw error;
  }
}

/**
 * Takes back what was deleted meanwhile, as far as the recent messages reach. An empty list says
 * nothing: Discord also answers so to a bot that may not read the history.
 */
async function ingestDeletions(
  bridge: Bridge,
  ticket: MirroredTicket,
  channel: Place,
  recent: Message[],
): Promise<void> {
  const [oldest] = recent;
  if (!oldest) return;
  const there = new Set(recent.map(({ id }) => id));
  const from = recent.length < PAGE ? '0' : oldest.id;
  for (const { id, channel_id } of await listIngested(
    bridge.ctx,
    ticket.id,
    recent.length + PAGE,
  )) {
    if (channel_id !== channel.id || there.has(id) || compareIds(id, from) < 0) continue;
    if (!(await isDeleted(bridge, channel, id))) continue;
    await attempt(bridge, ticket, `deleted ${id}`, () => ingestDeleted(bridge, ticket, id));
  }
}

/** Ingests a message as it was seen; what webhooks say, only where it repeats a person's words. */
export function ingestSeen(
  bridge: Bridge,
  ticket: MirroredTicket,
  incoming: Incoming,
): Promise<void> {
  const { message, id, hash } = incoming;
  const isRepetition = isWebhook(message) && message.author.id !== selfId(bridge);
  const work = async () => {
    const isNew = isRepetition && !(await findPosts(bridge.ctx, [id])).has(id);
    if (isNew) await ingestRepetition(bridge, ticket, incoming);
    else if (isRepetition || isWritten(message)) await ingestMessage(bridge, ticket, incoming);
  };
  return attempt(bridge, ticket, `${id} ${hash}`, work, () =>
    buryMessage(bridge, ticket, incoming),
  );
}

/** A crash, or Discord, may have kept a mark from its message. */
function restoreMark(bridge: Bridge, ticket: MirroredTicket, incoming: Incoming, post: Post): void {
  if (post.direction === 'out') return;
  const own = incoming.message.reactions.cache.filter(({ me }) => me);
  const worn = (Object.keys(marks) as Mark[]).filter((name) =>
    own.some(({ emoji }) => emoji.name === marks[name]),
  );
  const wanted = markOf(post, incoming.internalNote);
  if (worn.length === 1 && worn[0] === wanted) return;
  mark(bridge, ticket, incoming, wanted, worn);
}

async function tellRecovered(
  bridge: Bridge,
  ticket: MirroredTicket,
  channelId: string,
  missed: readonly Message[],
): Promise<void> {
  const ids = missed.map(({ id }) => id);
  const became = [...(await findPosts(bridge.ctx, ids)).values()];
  const recovered = became.filter(({ direction }) => direction === 'in').length;
  if (recovered === 0) return;
  const text = recovered === 1 ? '1 message was' : `${recovered} messages were`;
  bridge.log.info({ ticket: ticket.id, recovered }, 'recovered what was written meanwhile');
  const key = `recovered ${ticket.mirror.inbound}`;
  await postNotice(bridge, channelId, key, systemLine(`${text} recovered after a gap.`));
}

/**
 * Ingests what is new or has changed among messages that were read, and what was deleted among them.
 * @returns those that nothing was known of
 */
async function compare(
  bridge: Bridge,
  ticket: MirroredTicket,
  channel: Place,
  recent: Message[],
): Promise<Message[]> {
  const unknown: Message[] = [];
  const said = recent.filter((message) => isWritten(message) || isWebhook(message));
  const posts = await findPosts(
    bridge.ctx,
    said.map(({ id }) => id),
  );
  for (const message of said) {
    if (bridge.ended) return unknown;
    const incoming = incomingOf(bridge, message);
    const post = posts.get(message.id);
    if (post?.hash === incoming.hash) restoreMark(bridge, ticket, incoming, post);
    else await ingestSeen(bridge, ticket, incoming);
    if (!post) unknown.push(message);
  }
  await ingestDeletions(bridge, ticket, channel, recent);
  return unknown;
}

/** The same in the open threads of a channel; one that cannot be read holds up nothing else. */
async function compareThreads(bridge: Bridge, ticket: MirroredTicket, channel: TextChannel) {
  const threads = threadsOf(bridge, channel.id);
  if (threads.length === 0) return;
  const ingested = await listIngested(bridge.ctx, ticket.id, PAGE);
  for (const thread of threads) {
    if (bridge.ended) return;
    const ids = ingested.filter(({ channel_id }) => channel_id === thread.id).map(({ id }) => id);
    const newest = ids.toSorted(compareIds).at(-1) ?? '0';
    try {
      await compare(bridge, ticket, thread, await listRecent(bridge, thread, newest));
    } catch (error) {
      if (!isInaccessible(error)) throw error;
      const reason = describe(error);
      bridge.log.info({ ticket: ticket.id, thread: thread.id, reason }, 'a thread was not read');
    }
  }
}

/**
 * Reads from the channel what the gateway did not bring: messages after the last one ingested, to
 * the end, oldest first; and among the hundred before them what was edited or deleted. Says in the
 * channel how many were recovered.
 * @returns false where the channel is not there
 */
export async function catchUp(bridge: Bridge, ticket: MirroredTicket): Promise<boolean> {
  const { mirror } = ticket;
  const { generation } = bridge;
  const live = Number.isFinite(bridge.readyAt);
  const channel = mirror.channel_id && (await channelOf(bridge, mirror.channel_id));
  if (!channel) return false;
  const recent = await listRecent(bridge, channel, ticket.gapStart ?? mirror.inbound);
  const now = bridge.ctx.clock();
  const unknown = await compare(bridge, ticket, channel, recent);
  await compareThreads(bridge, ticket, channel);
  if (bridge.ended) return true;
  inboxOf(bridge, ticket.id).seenUpTo = recent.at(-1)?.id ?? '0';
  ticket.caughtUpGeneration = generation;
  if (live && generation === bridge.generation) ticket.gapStart = null;
  const isMissed = (at: number) => at < bridge.readyAt || now - at > LATE_MS;
  const missed = unknown.filter(({ createdTimestamp }) => isMissed(createdTimestamp));
  if (missed.length > 0) await tellRecovered(bridge, ticket, channel.id, missed);
  return true;
}

/**
 * Asks the channel for what is newer than all that is known of it, which is nothing as a rule.
 * @returns whether there is something that the gateway did not bring, so that a whole look is due
 */
export async function glance(bridge: Bridge, ticket: MirroredTicket): Promise<boolean> {
  const { mirror } = ticket;
  const inbox = inboxOf(bridge, ticket.id);
  const channel = mirror.channel_id && (await channelOf(bridge, mirror.channel_id));
  if (!channel) return true;
  for (let after = inbox.seenUpTo === '0' ? channel.id : inbox.seenUpTo; ; ) {
    const wanted = { limit: PAGE, cache: false, after };
    const fetched = await retryAfterRateLimit(bridge, () => channel.messages.fetch(wanted));
    const page = ascending(fetched.values());
    const said = page.filter((message) => isWritten(message) || isWebhook(message));
    const posts = await findPosts(
      bridge.ctx,
      said.map(({ id }) => id),
    );
    const waits = new Set(inbox.repetitions.map(({ id }) => id));
    if (said.some(({ id }) => !posts.has(id) && !waits.has(id))) return true;
    after = page.at(-1)?.id ?? after;
    inbox.seenUpTo = after;
    if (page.length < PAGE) return false;
  }
}
