import { createHash } from 'node:crypto';
import {
  type APIMessage,
  MessageFlags,
  RateLimitError,
  type RawFile,
  type RESTPostAPIChannelMessageJSONBody,
  Routes,
} from 'discord.js';
import type { Stream } from '../src/domain/log/entry.ts';
import type { Bridge } from './bridge.ts';
import { systemLine } from './format.ts';
import type { MirroredTicket } from './mirrored-tickets.ts';
import { findOwn, lookAfter, type Posted, postedOf } from './own-posts.ts';
import { callDiscord, type Outcome } from './rest/call-ends.ts';
import { OutcomeUnsure } from './rest/discord-errors.ts';

/** Nobody is pinged by what the bridge writes, but for whom it calls itself. */
export const noPings = { parse: [] };

/** No previews: they would be fetched from wherever a customer points. */
const flags = MessageFlags.SuppressEmbeds;

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
  /** Where Discord finds their picture; without one it shows the webhook's. */
  avatar_url?: string;
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
  /** Ids of the roles and people that it pings, where the text names them. */
  calls?: { roles?: readonly string[]; users?: readonly string[] };
  /** The log it is of; none for what is of no log. */
  stream?: Stream;
  /**
   * True for the next entry of the log: posts of a ticket are serial, so that after a crash an
   * unrecorded one can only be this, and its attempt need not be written down before.
   */
  inLogOrder?: boolean;
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
export function callPost({ rest }: Bridge, outgoing: Outgoing): Promise<unknown> {
  const { channelId, key, rendition = '', body, files, persona } = outgoing;
  const { calls } = outgoing;
  const pings = calls
    ? { parse: [], roles: [...(calls.roles ?? [])], users: [...(calls.users ?? [])] }
    : noPings;
  const attached = files?.length ? { files } : {};
  if (persona) {
    const { hook, ...shown } = persona;
    const query = new URLSearchParams({ wait: 'true' });
    const said = { content: body.content, ...shown, flags, allowed_mentions: noPings };
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
  // Either way nothing is posted under a lease that somebody else has had for long.
  if (inLogOrder) await bridge.grant.require(ticket.asked);
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

/** Says a line where a server's transcripts are kept; lost when it cannot be said now. */
export function announceIn(bridge: Bridge, key: string, text: string): void {
  const { transcriptChannelId } = bridge.settings;
  if (bridge.ended || !bridge.client.isReady() || !transcriptChannelId) return;
  void postNotice(bridge, transcriptChannelId, `${key} ${Date.now()}`, systemLine(text));
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
