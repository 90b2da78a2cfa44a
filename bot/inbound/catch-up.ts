import {
  type AnyThreadChannel,
  type APIMessage,
  type Message,
  Routes,
  type TextChannel,
} from 'discord.js';
import { findNewestInThreads, findPosts, type Post } from '../../src/domain/mirror/posts.ts';
import { type Bridge, selfId } from '../bridge.ts';
import { systemLine } from '../format.ts';
import { type Mark, marks } from '../marking.ts';
import { isInForum, type MirroredTicket } from '../mirrored-tickets.ts';
import { postNotice } from '../posting.ts';
import { describe, isInaccessible } from '../rest/discord-errors.ts';
import { retryAfterRateLimit } from '../rest/rate-limit-retry.ts';
import { compareIds } from '../snowflakes.ts';
import { channelOf, listRecent, PAGE, type Place, type Recent } from './channel-pages.ts';
import { attempt, buryMessage } from './dead-letters.ts';
import { type Dropped, inboxOf, joinDropped } from './inbox.ts';
import { type Incoming, incomingOf, isWebhook, isWritten } from './incoming.ts';
import { ingestMessage } from './ingest.ts';
import { isWrittenDown } from './ingest-edit.ts';
import { mark } from './marks.ts';
import { ingestMissedDeletions } from './missed-deletions.ts';
import { expectOriginal, ingestRepetition } from './proxies.ts';
import { markOf } from './receipts.ts';
import { MOST_THREADS, threadsOf } from './threads.ts';
import { guildOf } from './writers.ts';

/** What is younger than this is still on its way through the gateway, and was not missed. */
export const LATE_MS = 10_000;

/** True for a person's words, and for what may repeat them. */
const mayBringWords = (bridge: Bridge, message: Message | APIMessage) =>
  isWritten(message) || isWebhook(bridge, message);

/** True for what a webhook says that is not the bot's own: a person's words, where one proxies them. */
function isRepetition(bridge: Bridge, message: Message): boolean {
  return isWebhook(bridge, message) && message.author.id !== selfId(bridge);
}

/** Ingests a message as it was seen; what webhooks say, only where it repeats a person's words. */
export function ingestSeen(
  bridge: Bridge,
  ticket: MirroredTicket,
  incoming: Incoming,
): Promise<void> {
  const { message, id, hash, editedAt } = incoming;
  const repeated = isRepetition(bridge, message);
  const work = async () => {
    const isNew = repeated && !(await findPosts(bridge.ctx, [id])).has(id);
    if (isNew) await ingestRepetition(bridge, ticket, incoming);
    else if (repeated || isWritten(message)) await ingestMessage(bridge, ticket, incoming);
  };
  return attempt(bridge, ticket, `${id} ${editedAt} ${hash}`, work, () =>
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
 * Ingests what has changed, what was deleted and what is new among messages that were read. What is new
 * comes last: it moves the place from which the next bot compares, should this one be killed here.
 * @returns those that nothing was known of
 */
async function compare(
  bridge: Bridge,
  ticket: MirroredTicket,
  channel: Place,
  recent: Recent,
  dropped: Dropped | undefined,
): Promise<Message[]> {
  const said = recent.messages.filter((message) => mayBringWords(bridge, message));
  const posts = await findPosts(
    bridge.ctx,
    said.map(({ id }) => id),
  );
  for (const message of said) {
    const post = posts.get(message.id);
    if (!post) continue;
    if (bridge.ended) return [];
    const incoming = incomingOf(bridge, message, false, channel);
    if (isWrittenDown(post, incoming)) restoreMark(bridge, ticket, incoming, post);
    else await ingestSeen(bridge, ticket, incoming);
  }
  const unknown = said.filter(({ id }) => !posts.has(id));
  for (const message of unknown) {
    if (!isRepetition(bridge, message)) continue;
    expectOriginal(bridge, ticket, incomingOf(bridge, message, false, channel));
  }
  await ingestMissedDeletions(bridge, ticket, channel, recent, dropped?.count ?? 0);
  for (const message of unknown) {
    if (bridge.ended) break;
    await ingestSeen(bridge, ticket, incomingOf(bridge, message, false, channel));
  }
  return unknown;
}

/** The message from which a place is read: the newest one taken in, or one that a dropped event was about. */
function startOf(newest: string, dropped: Dropped | undefined): string {
  return dropped && compareIds(dropped.from, newest) < 0 ? dropped.from : newest;
}

/** A thread that is not known to be open; undefined where it is none of the channel any more. */
async function fetchThread(
  bridge: Bridge,
  channel: TextChannel,
  id: string,
): Promise<AnyThreadChannel | undefined> {
  const found = await guildOf(bridge).channels.fetch(id);
  return found?.isThread() && found.parentId === channel.id ? found : undefined;
}

/**
 * The same in the open threads of a channel, and in archived ones of which something was taken in: they may have
 * been open meanwhile. One that cannot be read holds up nothing else.
 */
async function compareThreads(
  bridge: Bridge,
  ticket: MirroredTicket,
  channel: TextChannel,
  dropped: Dropped | undefined,
) {
  // There are none below a post.
  if (isInForum(ticket.mirror)) return;
  const open = threadsOf(bridge, channel.id);
  const newest = await findNewestInThreads(bridge.ctx, ticket.id, channel.id);
  const noted = [...newest].sort(([, a], [, b]) => compareIds(b, a)).map(([id]) => id);
  const archived = noted.filter((id) => !open.some((thread) => thread.id === id));
  for (const id of [...open.map((thread) => thread.id), ...archived.slice(0, MOST_THREADS)]) {
    if (bridge.ended) return;
    try {
      const thread = open.find((one) => one.id === id) ?? (await fetchThread(bridge, channel, id));
      if (!thread) continue;
      const start = startOf(newest.get(id) ?? '0', dropped);
      const recent = await listRecent(bridge, thread, start);
      await compare(bridge, ticket, thread, recent, dropped);
    } catch (error) {
      if (!isInaccessible(error)) throw error;
      const reason = describe(error);
      bridge.log.info({ ticket: ticket.id, thread: id, reason }, 'a thread was not read');
    }
  }
}

async function readAgain(
  bridge: Bridge,
  ticket: MirroredTicket,
  dropped: Dropped | undefined,
): Promise<boolean> {
  const { mirror } = ticket;
  const { generation } = bridge;
  const live = Number.isFinite(bridge.readyAt);
  const channel = mirror.channel_id && (await channelOf(bridge, mirror.channel_id));
  if (!channel) return false;
  const start = startOf(ticket.gapStart ?? mirror.inbound, dropped);
  const recent = await listRecent(bridge, channel, start);
  const now = bridge.ctx.clock();
  const unknown = await compare(bridge, ticket, channel, recent, dropped);
  await compareThreads(bridge, ticket, channel, dropped);
  if (bridge.ended) return true;
  inboxOf(bridge, ticket.id).seenUpTo = recent.messages.at(-1)?.id ?? '0';
  ticket.caughtUpGeneration = generation;
  if (live && generation === bridge.generation) ticket.gapStart = null;
  const isMissed = (at: number) => at < bridge.readyAt || now - at > LATE_MS;
  const missed = unknown.filter(({ createdTimestamp }) => isMissed(createdTimestamp));
  if (missed.length > 0) await tellRecovered(bridge, ticket, channel.id, missed);
  return true;
}

/**
 * Reads from the channel what the gateway did not bring, or was dropped: messages after the last one
 * ingested, to the end, oldest first; and from the hundred before them, or the oldest one that was
 * dropped, what was edited or deleted. Says in the channel how many were recovered.
 * @returns false where the channel is not there
 */
export async function catchUp(bridge: Bridge, ticket: MirroredTicket): Promise<boolean> {
  const inbox = inboxOf(bridge, ticket.id);
  const { dropped } = inbox;
  // What is dropped from now on may be newer than what is read.
  inbox.dropped = undefined;
  try {
    return await readAgain(bridge, ticket, dropped);
  } catch (error) {
    inbox.dropped = joinDropped(dropped, inbox.dropped);
    throw error;
  }
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
  const route = Routes.channelMessages(channel.id);
  for (let after = inbox.seenUpTo === '0' ? channel.id : inbox.seenUpTo; ; ) {
    const query = new URLSearchParams({ limit: String(PAGE), after });
    // As Discord lists them: of most, which are the bot's own, no more than the id is looked at.
    const page = (await retryAfterRateLimit(bridge, () =>
      bridge.rest.get(route, { query }),
    )) as APIMessage[];
    page.sort((a, b) => compareIds(a.id, b.id));
    const said = page.filter((message) => mayBringWords(bridge, message)).map(({ id }) => id);
    const posts = await findPosts(bridge.ctx, said);
    const waits = new Set(inbox.repetitions.map(({ id }) => id));
    if (said.some((id) => !posts.has(id) && !waits.has(id))) return true;
    after = page.at(-1)?.id ?? after;
    inbox.seenUpTo = after;
    if (page.length < PAGE) return false;
  }
}
