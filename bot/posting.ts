import { createHash } from 'node:crypto';
import {
  type APIMessage,
  MessageFlags,
  MessageType,
  RateLimitError,
  type RawFile,
  type RESTPostAPIChannelMessageJSONBody,
  Routes,
  SnowflakeUtil,
} from 'discord.js';
import { bridgeLease, checkGrant } from '../src/domain/consumers/lease.ts';
import type { Stream } from '../src/domain/log/entry.ts';
import { findPosts } from '../src/domain/mirror/posts.ts';
import { type Bridge, isOfOurWebhook, selfId } from './bridge.ts';
import { callDiscord, type Outcome } from './call-ends.ts';
import { OutcomeUnsure } from './discord-errors.ts';
import { NOTE_MARK, SYSTEM_LINE } from './format.ts';
import type { MirroredTicket } from './mirrored-tickets.ts';
import { retryAfterRateLimit } from './rate-limit-retry.ts';

/** Nobody is pinged by what the bridge writes, but for a role it calls itself. */
export const noPings = { parse: [] };

/** No previews: they would be fetched from wherever a customer points. */
const flags = MessageFlags.SuppressEmbeds;

/** An attempt is looked for from this long before it on, in milliseconds: as far as clocks may differ. */
const LOOK_BACK_MS = 10 * 60_000;
const PAGE = 100;
const ORDINARY: readonly MessageType[] = [MessageType.Default, MessageType.Reply];

/**
 * A nonce of 24 characters. It depends on the channel too: where a channel is made again, Discord
 * would otherwise answer with the message it remembers from the lost one.
 */
export function nonceOf(channelId: string, key: string): string {
  return createHash('sha256').update(`${channelId} ${key}`).digest('base64url').slice(0, 24);
}

/** A webhook of ours that posts in a customer's name. */
export interface Persona {
  hook: { id: string; token: string };
  username: string;
}

export interface Outgoing {
  channelId: string;
  /** What it is, the same in every attempt: the entry's id and the part. */
  key: string;
  /** Which of several renditions of it, where Discord has refused the first. */
  rendition?: string;
  body: Pick<
    RESTPostAPIChannelMessageJSONBody,
    'content' | 'embeds' | 'components' | 'message_reference'
  >;
  files?: RawFile[];
  /** Tells what it may be among our own messages in the channel, whatever Discord makes of its text. */
  isIt(message: APIMessage): boolean;
  /** Of a customer's words: tells them among what our webhooks have said. */
  isTheirs?(message: APIMessage): boolean;
  /** Posts it in its author's name. */
  persona?: Persona;
  /** The id of a role that it pings, where the text names it. */
  calls?: string;
  /** The log it is of; none for what is of no log. */
  stream?: Stream;
  /**
   * True for the next entry of the log: posts of a ticket are serial, so that after a crash an
   * unrecorded one can only be this, and its attempt need not be written down before.
   */
  inLogOrder?: boolean;
}

/**
 * The first of our own messages above a snowflake that is it and stands for nothing yet; looks to
 * the channel's end.
 */
async function findOwn(
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
}

function postedOf({ id, webhook_id }: APIMessage): Posted {
  return { id, ...(webhook_id && { webhook: webhook_id }) };
}

/** Orders snowflakes, which are numbers of 17 to 20 digits. */
export function compareIds(a: string, b: string): number {
  return a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);
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

/** From where on an attempt is looked for: above the last post in a ticket's channel, else by time. */
function lookAfter({ mirror }: MirroredTicket, channelId: string): string {
  if (channelId === mirror.channel_id) return mirror.last_post === '0' ? '0' : mirror.last_post;
  const from = (mirror.attempt?.at ?? Date.now()) - LOOK_BACK_MS;
  return String(SnowflakeUtil.generate({ timestamp: from }));
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

/**
 * A webhook's post has no nonce to stop what is still on its way: before it is made again, or made by the bot,
 * the last attempt must have had its time to come.
 */
function waitForWebhook(
  { startedAt, settleMs, discord }: Bridge,
  { unsureAt }: MirroredTicket,
): void {
  const before = discord.persona === 'webhook' ? startedAt : Number.NEGATIVE_INFINITY;
  const left = Math.max(unsureAt, before) + settleMs - performance.now();
  if (left > 0) throw new OutcomeUnsure(left);
}

/** Makes the call that posts a message, by the bot or through a webhook. */
function callPost({ rest }: Bridge, outgoing: Outgoing): Promise<unknown> {
  const { channelId, key, rendition = '', body, files, persona } = outgoing;
  const pings = outgoing.calls ? { parse: [], roles: [outgoing.calls] } : noPings;
  const attached = files?.length ? { files } : {};
  if (persona) {
    const { hook, username } = persona;
    const query = new URLSearchParams({ wait: 'true' });
    const said = { content: body.content, username, flags, allowed_mentions: noPings };
    // The path says who may: the bot's token is not for a webhook.
    const route = Routes.webhook(hook.id, hook.token);
    return rest.post(route, { auth: false, query, body: said, ...attached });
  }
  return rest.post(Routes.channelMessages(channelId), {
    body: {
      ...body,
      ...(body.embeds ? {} : { flags }),
      nonce: nonceOf(channelId, key + rendition),
      enforce_nonce: true,
      allowed_mentions: pings,
    },
    ...attached,
  });
}

/**
 * Posts a message exactly once. Where an attempt may have been made before whose outcome is not
 * known, it is looked for in the channel first, and made again with the same nonce only if it is not
 * there. Both are needed: the list shows what Discord has, the nonce stops what is still on its way. A
 * webhook has no nonce: there the second look is one after the first attempt's time is over.
 * @returns undefined where somebody has deleted it already
 */
export async function deliverPost(
  bridge: Bridge,
  ticket: MirroredTicket,
  outgoing: Outgoing,
): Promise<Outcome<Posted | undefined>> {
  const { ctx, tickets } = bridge;
  const { channelId, key, inLogOrder, stream = 'public', persona } = outgoing;
  const { attempt } = ticket.mirror;
  const end = ctx.metrics.posts.startTimer();
  if (attempt ? attempt.key === key : inLogOrder && ticket.inDoubt[stream]) {
    const found = await findOwn(bridge, outgoing, lookAfter(ticket, channelId));
    if (found.end !== 'done' || found.value) {
      end({ outcome: 'found' });
      return found;
    }
    if (outgoing.isTheirs) waitForWebhook(bridge, ticket);
    if (inLogOrder) ticket.inDoubt[stream] = false;
  }
  // Either way nothing is posted under a lease that somebody else has by now.
  if (inLogOrder) await checkGrant(ctx, bridgeLease, bridge.lease);
  else if (attempt?.key !== key) {
    await tickets.save(ticket, { attempt: { key, at: ctx.clock() } });
  }
  ctx.failpoint('before-post');
  const kind = persona ? 'execute_webhook' : 'post_message';
  try {
    const posted = await callDiscord<APIMessage>(bridge, kind, () => callPost(bridge, outgoing));
    end({ outcome: posted.end === 'done' ? 'posted' : posted.end });
    // It had been posted by an earlier attempt, and deleted since.
    if (!persona && posted.end === 'gone' && posted.what === 'message')
      return { end: 'done', value: undefined };
    if (posted.end !== 'done') return posted;
    bridge.lastDelivery = performance.now();
    ctx.failpoint('after-post');
    return { end: 'done', value: postedOf(posted.value) };
  } catch (error) {
    end({ outcome: 'failed' });
    if (!(error instanceof RateLimitError)) {
      ticket.inDoubt[stream] = true;
      if (persona) ticket.unsureAt = performance.now();
    }
    throw error;
  }
}

/** The same for what the bot alone posts. @returns the id of the Discord message */
export async function deliver(
  bridge: Bridge,
  ticket: MirroredTicket,
  outgoing: Outgoing,
): Promise<Outcome<string | undefined>> {
  const outcome = await deliverPost(bridge, ticket, outgoing);
  return outcome.end === 'done' ? { end: 'done', value: outcome.value?.id } : outcome;
}

/**
 * Says something to staff in a ticket's channel. Lost when it cannot be said now.
 * @param components buttons that may be pressed on it
 */
export async function postNotice(
  bridge: Bridge,
  channelId: string,
  key: string,
  content: string,
  replyTo?: string,
  components: Outgoing['body']['components'] = [],
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
        ...(components.length > 0 && { components }),
      },
    })
    .catch((error: Error) => bridge.log.warn({ reason: error.message }, 'a note was not posted'));
}
