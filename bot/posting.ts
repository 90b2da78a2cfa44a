import { createHash } from 'node:crypto';
import {
  type APIMessage,
  MessageFlags,
  type RawFile,
  type RESTPostAPIChannelMessageJSONBody,
  Routes,
  SnowflakeUtil,
} from 'discord.js';
import { findPosts } from '../src/domain/mirror/posts.ts';
import { type Bridge, selfId } from './bridge.ts';
import { code, hasCode } from './discord-errors.ts';
import type { MirroredTicket } from './mirrored-tickets.ts';
import { retryAfterRateLimit } from './rate-limit-retry.ts';

/** Nobody is ever pinged by what the bridge writes. */
export const noPings = { parse: [] };

/** No previews: they would be fetched from wherever a customer points. */
const flags = MessageFlags.SuppressEmbeds;

/** An attempt is looked for from this long before it on, in milliseconds: as far as clocks may differ. */
const LOOK_BACK_MS = 10 * 60_000;
const PAGE = 100;

/**
 * A nonce of 24 characters. It depends on the channel too: where a channel is made again, Discord
 * would otherwise answer with the message it remembers from the lost one.
 */
export function nonceOf(channelId: string, key: string): string {
  return createHash('sha256').update(`${channelId} ${key}`).digest('base64url').slice(0, 24);
}

export interface Outgoing {
  channelId: string;
  /** What it is, the same in every attempt: the entry's id and the part. */
  key: string;
  body: Pick<RESTPostAPIChannelMessageJSONBody, 'content' | 'embeds' | 'components'>;
  files?: RawFile[];
  /** Tells it among our own messages in the channel, after a crash or an unclear answer. */
  isIt(message: APIMessage): boolean;
}

/**
 * The first of our own messages above a snowflake that is it; looks to the channel's end. One that is
 * written down already stands for something else that looks the same.
 */
async function findOwn(
  bridge: Bridge,
  { channelId, isIt }: Pick<Outgoing, 'channelId' | 'isIt'>,
  after: string,
): Promise<APIMessage | undefined> {
  for (let from = after; ; ) {
    const query = new URLSearchParams({ limit: String(PAGE), after: from });
    const route = Routes.channelMessages(channelId);
    const messages = (await retryAfterRateLimit(bridge, () =>
      bridge.rest.get(route, { query }),
    )) as APIMessage[];
    messages.sort((a, b) => compareIds(a.id, b.id));
    const alike = messages.filter((one) => one.author.id === selfId(bridge) && isIt(one));
    const known = await findPosts(
      bridge.ctx,
      alike.map(({ id }) => id),
    );
    const found = alike.find(({ id }) => !known.has(id));
    const last = messages.at(-1);
    if (found || !last || messages.length < PAGE) return found;
    from = last.id;
  }
}

/** Orders snowflakes, which are numbers of 17 to 20 digits. */
export function compareIds(a: string, b: string): number {
  return a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);
}

/** Plain text as Discord gives it back: without white space around it. */
export function hasText(message: APIMessage, content: string, files: number): boolean {
  return message.content.trim() === content.trim() && message.attachments.length === files;
}

/**
 * Posts a message exactly once: the attempt is written down before, and one whose outcome is not
 * known is looked for in the channel before it is made again, with the same nonce. Both are needed:
 * the list shows what Discord has, the nonce stops what is still on its way there.
 * @returns the id of the Discord message; undefined where somebody has deleted it already
 */
export async function deliver(
  bridge: Bridge,
  ticket: MirroredTicket,
  outgoing: Outgoing,
): Promise<string | undefined> {
  const { ctx, tickets, lease, rest } = bridge;
  const { channelId, key, body, files } = outgoing;
  const { attempt } = ticket.mirror;
  const end = ctx.metrics.posts.startTimer();
  if (attempt?.key === key) {
    const before = String(SnowflakeUtil.generate({ timestamp: attempt.at - LOOK_BACK_MS }));
    const { channel_id, last_post } = ticket.mirror;
    const isNewer = channelId === channel_id && compareIds(last_post, before) > 0;
    const found = await findOwn(bridge, outgoing, isNewer ? last_post : before);
    if (found) {
      end({ outcome: 'found' });
      return found.id;
    }
  } else {
    await tickets.save(ticket, { attempt: { key, at: ctx.clock() } });
  }
  ctx.failpoint('before-post');
  lease.require();
  try {
    const posted = (await rest.post(Routes.channelMessages(channelId), {
      body: {
        ...body,
        ...(body.embeds ? {} : { flags }),
        nonce: nonceOf(channelId, key),
        enforce_nonce: true,
        allowed_mentions: noPings,
      },
      ...(files?.length ? { files } : {}),
    })) as APIMessage;
    ctx.failpoint('after-post');
    end({ outcome: 'posted' });
    return posted.id;
  } catch (error) {
    // It had been posted by an earlier attempt, and deleted since.
    const isGone = hasCode(error, code.unknownMessage);
    end({ outcome: isGone ? 'gone' : 'failed' });
    if (isGone) return undefined;
    throw error;
  }
}

/** Says something to staff in a ticket's channel. Lost when it cannot be said now. */
export async function postNotice(
  bridge: Bridge,
  channelId: string,
  key: string,
  content: string,
  replyTo?: string,
): Promise<void> {
  const reference = replyTo && { message_id: replyTo, fail_if_not_exists: false };
  await bridge.rest
    .post(Routes.channelMessages(channelId), {
      body: {
        content,
        flags,
        nonce: nonceOf(channelId, key),
        enforce_nonce: true,
        allowed_mentions: noPings,
        ...(reference && { message_reference: reference }),
      },
    })
    .catch((error: Error) => bridge.log.warn({ reason: error.message }, 'a note was not posted'));
}
