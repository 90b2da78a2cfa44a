import { type AnyThreadChannel, type Message, Routes, type TextChannel } from 'discord.js';
import type { Bridge } from '../bridge.ts';
import { code, hasCode } from '../rest/discord-errors.ts';
import { retryAfterRateLimit } from '../rest/rate-limit-retry.ts';
import { compareIds } from '../snowflakes.ts';
import { guildOf } from './writers.ts';

/** Discord gives a hundred messages at a time. */
export const PAGE = 100;

/** Messages oldest first. */
export function ascending(messages: Iterable<Message>): Message[] {
  return [...messages].sort((a, b) => compareIds(a.id, b.id));
}

/** Where messages are read: a ticket's channel, or a thread of it. */
export type Place = TextChannel | AnyThreadChannel;

/** Messages without a hole, oldest first. */
export interface Recent {
  messages: Message[];
  /** All that stands at this id or after it is among them: '0' where they reach the channel's beginning. */
  from: string;
}

/**
 * The recent messages: all since the last one taken in and the hundred before that one, or the last hundred
 * where nothing has come since.
 */
export async function listRecent(bridge: Bridge, channel: Place, inbound: string): Promise<Recent> {
  const fetchPage = async (options: { after?: string; before?: string }) => {
    const wanted = { limit: PAGE, cache: false, ...options };
    return ascending(
      (await retryAfterRateLimit(bridge, () => channel.messages.fetch(wanted))).values(),
    );
  };
  const startOf = (page: Message[]) => (page.length < PAGE ? '0' : (page[0]?.id ?? '0'));
  const newest = await fetchPage({});
  const from = startOf(newest);
  const last = newest.at(-1)?.id ?? '0';
  if (from === '0' || compareIds(inbound, last) >= 0) return { messages: newest, from };
  const known = inbound === '0' ? [] : await fetchPage({ before: String(BigInt(inbound) + 1n) });
  const found = new Map([...newest, ...known].map((message) => [message.id, message]));
  for (let after = inbound === '0' ? channel.id : inbound; compareIds(after, from) < 0; ) {
    const page = await fetchPage({ after });
    for (const message of page) found.set(message.id, message);
    const end = page.at(-1);
    if (!end || page.length < PAGE) break;
    after = end.id;
  }
  return { messages: ascending(found.values()), from: startOf(known) };
}

/** True where Discord says that a place has no such message. @throws where it says anything else */
export async function isDeleted(bridge: Bridge, placeId: string, id: string): Promise<boolean> {
  try {
    const route = Routes.channelMessage(placeId, id);
    await retryAfterRateLimit(bridge, () => bridge.rest.get(route));
    return false;
  } catch (error) {
    if (hasCode(error, code.unknownMessage)) return true;
    throw error;
  }
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
