import type { Message, TextChannel } from 'discord.js';
import { findPosts, listIngested } from '../../src/domain/mirror/posts.ts';
import type { Bridge } from '../bridge.ts';
import { code, hasCode } from '../discord-errors.ts';
import { systemLine } from '../format.ts';
import type { MirroredTicket } from '../mirrored-tickets.ts';
import { compareIds, postNotice } from '../posting.ts';
import { retryAfterRateLimit } from '../rate-limit-retry.ts';
import { incomingOf, isWritten } from './incoming.ts';
import { guildOf, ingestDeletion, ingestMessage } from './ingest.ts';
import { mark, marks } from './reactions.ts';

const PAGE = 100;
/** What is younger than this is still on its way through the gateway, and was not missed. */
const LATE_MS = 10_000;

function ascending(messages: Iterable<Message>): Message[] {
  return [...messages].sort((a, b) => compareIds(a.id, b.id));
}

/**
 * The recent messages without a hole, oldest first: the last hundred, and where more than that have
 * come since the last one taken in, all of those and the hundred before them.
 */
async function listRecent(
  bridge: Bridge,
  channel: TextChannel,
  inbound: string,
): Promise<Message[]> {
  const fetchPage = async (options: { after?: string; before?: string }) => {
    const wanted = { limit: PAGE, cache: false, ...options };
    return ascending(
      (await retryAfterRateLimit(bridge, () => channel.messages.fetch(wanted))).values(),
    );
  };
  const newest = await fetchPage({});
  const [oldest] = newest;
  if (newest.length < PAGE || !oldest || compareIds(inbound, oldest.id) >= 0) return newest;
  const found = new Map(newest.map((message) => [message.id, message]));
  const add = (page: Message[]) => {
    for (const message of page) found.set(message.id, message);
  };
  let after = inbound === '0' ? channel.id : inbound;
  if (inbound !== '0') add(await fetchPage({ before: String(BigInt(inbound) + 1n) }));
  while (compareIds(after, oldest.id) < 0) {
    const page = await fetchPage({ after });
    add(page);
    const last = page.at(-1);
    if (!last || page.length < PAGE) break;
    after = last.id;
  }
  return ascending(found.values());
}

/** True where Discord says that it has no such message; anything else leaves it as it is. */
async function isDeleted(bridge: Bridge, channel: TextChannel, id: string): Promise<boolean> {
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
  channel: TextChannel,
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
    if (await isDeleted(bridge, channel, id)) await ingestDeletion(bridge, ticket, id);
  }
}

async function channelOf(bridge: Bridge, id: string): Promise<TextChannel | undefined> {
  try {
    const channel = await guildOf(bridge).channels.fetch(id);
    return channel?.isTextBased() ? (channel as TextChannel) : undefined;
  } catch (error) {
    if (hasCode(error, code.unknownChannel)) return undefined;
    throw error;
  }
}

/**
 * Reads from the channel what the gateway did not bring: messages after the last one taken in, to
 * the end, oldest first; and among the hundred before them what was edited or deleted. Says in the channel
 * how many were recovered.
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
  const taken: number[] = [];
  const written = recent.filter(isWritten);
  const posts = await findPosts(
    bridge.ctx,
    written.map(({ id }) => id),
  );
  for (const message of written) {
    if (bridge.ended) return true;
    const incoming = incomingOf(message);
    const post = posts.get(message.id);
    if (!post && !incoming.internalNote) taken.push(message.createdTimestamp);
    if (post?.hash !== incoming.hash) await ingestMessage(bridge, ticket, incoming);
    else if (post.direction === 'in' && !message.reactions.cache.some(({ me }) => me)) {
      // A crash has kept the mark from it.
      mark(bridge, channel.id, message.id, marks.taken);
    }
  }
  await ingestDeletions(bridge, ticket, channel, recent);
  ticket.caughtUpGeneration = generation;
  if (live && generation === bridge.generation) ticket.gapStart = null;
  const recovered = taken.filter((at) => at < bridge.readyAt || now - at > LATE_MS).length;
  if (recovered === 0) return true;
  const text = recovered === 1 ? '1 message was' : `${recovered} messages were`;
  bridge.log.info({ ticket: ticket.id, recovered }, 'recovered what was written meanwhile');
  const key = `recovered ${mirror.inbound}`;
  await postNotice(bridge, channel.id, key, systemLine(`${text} recovered after a gap.`));
  return true;
}
