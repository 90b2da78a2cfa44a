import type { AnyThreadChannel, Message, TextChannel } from 'discord.js';
import type { Bridge } from '../bridge.ts';
import { code, hasCode } from '../discord-errors.ts';
import { retryAfterRateLimit } from '../rate-limit-retry.ts';
import { compareIds } from '../snowflakes.ts';
import { guildOf } from './writers.ts';

/** Discord gives a hundred messages at a time. */
export const PAGE = 100;

/** Messages oldest first. */
export function ascending(messages: Iterable<Message>): Message[] {
  return [...messages].sort((a, b) => compareIds(a.id, b.id));
}

/**
 * The recent messages without a hole, oldest first: the last hundred, and where more than that have
 * come since the last one taken in, all of those and the hundred before them.
 */
export async function listRecent(
  bridge: Bridge,
  channel: TextChannel | AnyThreadChannel,
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

/** A ticket's channel; undefined where it is gone. */
export async function channelOf(bridge: Bridge, id: string): Promise<TextChannel | undefined> {
  try {
    const channel = await guildOf(bridge).channels.fetch(id);
    return channel?.isTextBased() ? (channel as TextChannel) : undefined;
  } catch (error) {
    if (hasCode(error, code.unknownChannel)) return undefined;
    throw error;
  }
}
