import { type APIMessage, MessageType, Routes, SnowflakeUtil } from 'discord.js';
import type { Stream } from '../src/domain/log/entry.ts';
import { findPosts } from '../src/domain/mirror/posts.ts';
import { type Bridge, isOfOurWebhook, selfId } from './bridge.ts';
import { NOTE_MARK, SYSTEM_LINE, saysItIsPartial } from './format.ts';
import type { MirroredTicket } from './mirrored-tickets.ts';
import type { Outgoing } from './posting.ts';
import { callDiscord, type Outcome } from './rest/call-ends.ts';
import { retryAfterRateLimit } from './rest/rate-limit-retry.ts';
import { compareIds } from './snowflakes.ts';

/** An attempt is looked for from this long before it on, in milliseconds: as far as clocks may differ. */
const LOOK_BACK_MS = 10 * 60_000;
const PAGE = 100;
const ORDINARY: readonly MessageType[] = [MessageType.Default, MessageType.Reply];

/**
 * The first of our own messages above a snowflake that is it and stands for nothing yet; looks to
 * the channel's end.
 */
export async function findOwn(
  bridge: Bridge,
  { channelId, isIt, isTheirs }: Pick<Outgoing, 'channelId' | 'isIt' | 'isTheirs'>,
  after: string,
): Promise<Outcome<Posted | undefined>> {
  const isOurs = (one: APIMessage) =>
    (one.author.id === selfId(bridge) && isIt(one)) ||
    (isOfOurWebhook(bridge, one) && isTheirs?.(one));
  for (let from = after; ; ) {
    const query = new URLSearchParams({ limit: String(PAGE), after: from });
    const route = Routes.channelMessages(channelId);
    const page = await callDiscord<APIMessage[]>(bridge, 'read_messages', () =>
      retryAfterRateLimit(bridge, () => bridge.rest.get(route, { query })),
    );
    if (page.end !== 'done') return page;
    const messages = page.value.sort((a, b) => compareIds(a.id, b.id));
    const own = messages.filter((one) => ORDINARY.includes(one.type) && isOurs(one));
    const known = await findPosts(
      bridge.ctx,
      own.map(({ id }) => id),
    );
    const found = own.find(({ id }) => !known.has(id));
    const last = messages.at(-1);
    if (found) return { end: 'done', value: postedOf(found) };
    if (!last || messages.length < PAGE) return { end: 'done', value: undefined };
    from = last.id;
  }
}

/** A post that Discord has. */
export interface Posted {
  id: string;
  /** The webhook that it came through. */
  webhook?: string;
  /** It says itself that it does not show all. */
  partial?: true;
}

export function postedOf({ id, webhook_id, content }: APIMessage): Posted {
  return {
    id,
    ...(webhook_id && { webhook: webhook_id }),
    ...(saysItIsPartial(content) && { partial: true }),
  };
}

/**
 * Tells what people wrote in a log, as the channel shows it: neither a card nor a line of the bot's own,
 * and a note by its mark, with which no message can begin.
 */
export function isSpeechOf(stream: Stream): (message: APIMessage) => boolean {
  return ({ content, embeds }) =>
    embeds.length === 0 &&
    !content.startsWith(SYSTEM_LINE) &&
    content.startsWith(NOTE_MARK) === (stream === 'internal');
}

/** From where on an attempt is looked for that was made at some time. */
export function lookBackFrom(at: number): string {
  return String(SnowflakeUtil.generate({ timestamp: at - LOOK_BACK_MS }));
}

/** From where on an attempt is looked for: above the last post in a ticket's channel, else by time. */
export function lookAfter({ mirror }: MirroredTicket, channelId: string): string {
  if (channelId === mirror.channel_id) return mirror.last_post === '0' ? '0' : mirror.last_post;
  return lookBackFrom(mirror.attempt?.at ?? Date.now());
}

/**
 * Whether the post whose outcome is not known, after a crash, is a note. Posts of a ticket are serial,
 * whichever log they are of, so that there is one at most.
 */
export async function isNoteInDoubt(bridge: Bridge, ticket: MirroredTicket): Promise<boolean> {
  const { channel_id: channelId } = ticket.mirror;
  if (!channelId) return false;
  const isIt = isSpeechOf('internal');
  const found = await findOwn(bridge, { channelId, isIt }, lookAfter(ticket, channelId));
  return found.end === 'done' && found.value !== undefined;
}
