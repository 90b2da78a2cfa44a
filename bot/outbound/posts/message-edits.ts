import { Routes } from 'discord.js';
import { listPosts, type Post, removePosts } from '../../../src/domain/mirror/posts.ts';
import type { Bridge } from '../../bridge.ts';
import { bareParts, speechParts } from '../../format.ts';
import type { MirroredTicket } from '../../mirrored-tickets.ts';
import { noPings } from '../../posting.ts';
import { callDiscord } from '../../rest/call-ends.ts';
import { retryAfterMs } from '../../rest/discord-errors.ts';
import { commit, settlePosts } from '../commits.ts';
import { bareContent } from '../personas/persona-posts.ts';
import { leavePersona } from '../personas/personas.ts';
import { type Try, tryRenditions } from './attempts.ts';
import { postPart, postSpeech } from './message-posts.ts';
import { failureOf } from './refusals.ts';
import type { Rendition } from './renditions.ts';
import { headerOf, type Said } from './speech-parts.ts';

/** An edit or a deletion that Discord's limits put off; messages may overtake it. */
export class Deferred extends Error {
  readonly waitMs: number;

  constructor(waitMs: number) {
    super('Discord puts an edit off');
    this.waitMs = waitMs;
  }
}

type Patch = { bot: string; bare: string };

/** Calls the address of a post: that of the webhook it came through, or else the channel's. */
function callAt(ticket: MirroredTicket, post: Post) {
  const { hook } = ticket.mirror;
  if (!post.webhook) return { route: Routes.channelMessage(post.channel_id, post.id), auth: true };
  if (hook?.id !== post.webhook) return undefined;
  return { route: Routes.webhookMessage(hook.id, hook.token, post.id), auth: false };
}

async function patchPost(
  bridge: Bridge,
  ticket: MirroredTicket,
  said: Said,
  post: Post,
  { bot, bare }: Patch,
): Promise<'done' | 'gone'> {
  const at = callAt(ticket, post);
  if (!at) return dropOrphan(bridge, ticket, post);
  const { route, auth } = at;
  const original: Rendition = { name: '', content: auth ? bot : bare, files: [] };
  const hasFiles = post.files.length > 0;
  const attempt: Try<unknown> = (one) => {
    const text = hasFiles ? undefined : one.text;
    // A text that was attached in its place goes with the next edit.
    const attachments = text ? [{ id: 0, filename: text.name }] : [];
    return callDiscord(bridge, auth ? 'edit_message' : 'change_webhook_message', () =>
      bridge.rest.patch(route, {
        auth,
        body: {
          content: one.content,
          allowed_mentions: noPings,
          ...(hasFiles ? {} : { attachments }),
        },
        ...(text ? { files: [text] } : {}),
      }),
    ).catch(deferIfLimited);
  };
  const header = auth ? undefined : '';
  const { outcome } = await tryRenditions(bridge, ticket, said, original, attempt, header);
  if (outcome.end === 'done') return 'done';
  if (outcome.end === 'gone' && outcome.what === 'message') return 'gone';
  const isLost = !auth && !(outcome.end === 'gone' && outcome.what !== 'webhook');
  if (!isLost) throw failureOf(bridge, ticket, post.channel_id, outcome);
  await leavePersona(bridge, ticket, outcome);
  return dropOrphan(bridge, ticket, post);
}

/**
 * A post whose webhook is gone: nobody can edit it any more, but the bot can delete it, where it may. It is
 * posted anew then.
 */
async function dropOrphan(bridge: Bridge, ticket: MirroredTicket, post: Post): Promise<'gone'> {
  const outcome = await callDiscord(bridge, 'delete_message', () =>
    bridge.rest.delete(Routes.channelMessage(post.channel_id, post.id)),
  ).catch(deferIfLimited);
  if (outcome.end === 'refused') {
    bridge.log.warn({ ticket: ticket.id }, "a lost webhook's message cannot be removed");
  }
  return 'gone';
}

function deferIfLimited(error: unknown): never {
  const waitMs = retryAfterMs(error);
  throw waitMs > 0 ? new Deferred(waitMs) : error;
}

/** Deletes a post through its webhook, and where that does not do it, as the bot. */
async function deleteOne(bridge: Bridge, ticket: MirroredTicket, post: Post) {
  const at = post.webhook && callAt(ticket, post);
  if (at) {
    const outcome = await callDiscord(bridge, 'change_webhook_message', () =>
      bridge.rest.delete(at.route, { auth: at.auth }),
    ).catch(deferIfLimited);
    if (outcome.end === 'done') return outcome;
  }
  return callDiscord(bridge, 'delete_message', () =>
    bridge.rest.delete(Routes.channelMessage(post.channel_id, post.id)),
  ).catch(deferIfLimited);
}

/** Deletes posts from the channel; one that is gone already, or with a lost channel, is as good. */
export async function deletePosts(
  bridge: Bridge,
  ticket: MirroredTicket,
  posts: readonly Post[],
): Promise<void> {
  for (const post of posts) {
    const { channel_id, id } = post;
    if (channel_id === ticket.mirror.channel_id) {
      const outcome = await deleteOne(bridge, ticket, post);
      const isGone =
        outcome.end === 'done' || (outcome.end === 'gone' && outcome.what === 'message');
      if (!isGone) throw failureOf(bridge, ticket, channel_id, outcome);
    }
    await removePosts(bridge.ctx, [id], bridge.lease.fencingToken);
  }
}

/**
 * Makes the posts of a message say something else; it may take more or fewer of them now. What was
 * never seen in this channel, or was deleted from it by a moderator, is posted as an edited message.
 */
export async function editSpeech(
  bridge: Bridge,
  ticket: MirroredTicket,
  said: Said,
): Promise<void> {
  await settlePosts(bridge, ticket);
  const rows = await listPosts(bridge.ctx, said.messageId);
  const edited = { ...said, speech: { ...said.speech, edited: true } };
  if (!rows.some(({ seq }) => seq < said.seq))
    return void (await postSpeech(bridge, ticket, edited));
  const texts = speechParts(said.speech);
  const bares = bareParts(said.speech);
  const [anew] = speechParts(edited.speech);
  const [bareAnew = ''] = bareParts(edited.speech);
  const byPart = new Map(rows.map((row) => [row.part, row]));
  const count = Math.max(texts.length, ...rows.map(({ part }) => part + 1));
  for (let part = 0; part < count; part++) {
    const row = byPart.get(part);
    const content =
      texts[part] ?? (row?.files.length ? `${headerOf(said.speech)} files` : undefined);
    if (row && !content) await deletePosts(bridge, ticket, [row]);
    if (!content) continue;
    const bare = bares[part] ?? '';
    if (row) {
      const files = said.files.filter(({ id }) => row.files.some(({ file }) => file === id));
      const under = row.webhook
        ? await bareContent(bridge, ticket, said, part, { bare, files })
        : '';
      const patch = { bot: content, bare: under };
      if ((await patchPost(bridge, ticket, said, row, patch)) === 'done') continue;
    }
    if (row) await removePosts(bridge.ctx, [row.id], bridge.lease.fencingToken);
    const files = said.files.filter(({ id }) => row?.files.some(({ file }) => file === id));
    const isWhole = texts.length === 1 && part === 0;
    const shown = isWhole ? (anew as string) : content;
    const whole = { content: shown, bare: isWhole ? bareAnew : bare, files };
    await postPart(bridge, ticket, said, part, whole);
    await commit(bridge, ticket, said.stream);
  }
}
