import { Routes } from 'discord.js';
import { listPosts, type Post, removePosts } from '../../src/domain/mirror/posts.ts';
import type { Bridge } from '../bridge.ts';
import { callDiscord } from '../call-ends.ts';
import { retryAfterMs } from '../discord-errors.ts';
import { speechParts } from '../format.ts';
import type { MirroredTicket } from '../mirrored-tickets.ts';
import { noPings } from '../posting.ts';
import { commit, settlePosts } from './commits.ts';
import {
  headerOf,
  postPart,
  postSpeech,
  type Said,
  type Try,
  tryRenditions,
} from './message-posts.ts';
import { failureOf } from './refusals.ts';
import type { Rendition } from './renditions.ts';

/** An edit or a deletion that Discord's limits put off; messages may overtake it. */
export class Deferred extends Error {
  readonly waitMs: number;

  constructor(waitMs: number) {
    super('Discord puts an edit off');
    this.waitMs = waitMs;
  }
}

async function patchPost(
  bridge: Bridge,
  ticket: MirroredTicket,
  said: Said,
  post: Post,
  content: string,
): Promise<'done' | 'gone'> {
  const original: Rendition = { name: '', content, files: [] };
  const hasFiles = post.files.length > 0;
  const attempt: Try = (one) => {
    const text = hasFiles ? undefined : one.text;
    // A text that was attached in its place goes with the next edit.
    const attachments = text ? [{ id: 0, filename: text.name }] : [];
    return callDiscord<string | undefined>(bridge, 'edit_message', () =>
      bridge.rest.patch(Routes.channelMessage(post.channel_id, post.id), {
        body: {
          content: one.content,
          allowed_mentions: noPings,
          ...(hasFiles ? {} : { attachments }),
        },
        ...(text ? { files: [text] } : {}),
      }),
    ).catch(deferIfLimited);
  };
  const { outcome } = await tryRenditions(bridge, ticket, said, original, attempt);
  if (outcome.end === 'done') return 'done';
  if (outcome.end === 'gone' && outcome.what === 'message') return 'gone';
  throw failureOf(bridge, ticket, post.channel_id, outcome);
}

function deferIfLimited(error: unknown): never {
  const waitMs = retryAfterMs(error);
  throw waitMs > 0 ? new Deferred(waitMs) : error;
}

/** Deletes posts from the channel; one that is gone already, or with a lost channel, is as good. */
export async function deletePosts(
  bridge: Bridge,
  ticket: MirroredTicket,
  posts: readonly Post[],
): Promise<void> {
  for (const { channel_id, id } of posts) {
    if (channel_id === ticket.mirror.channel_id) {
      const outcome = await callDiscord(bridge, 'delete_message', () =>
        bridge.rest.delete(Routes.channelMessage(channel_id, id)),
      ).catch(deferIfLimited);
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
  if (!rows.some(({ seq }) => seq < said.seq)) return postSpeech(bridge, ticket, edited);
  const texts = speechParts(said.speech);
  const [anew] = speechParts(edited.speech);
  const byPart = new Map(rows.map((row) => [row.part, row]));
  const count = Math.max(texts.length, ...rows.map(({ part }) => part + 1));
  for (let part = 0; part < count; part++) {
    const row = byPart.get(part);
    const content =
      texts[part] ?? (row?.files.length ? `${headerOf(said.speech)} files` : undefined);
    if (row && !content) await deletePosts(bridge, ticket, [row]);
    if (!content) continue;
    if (row && (await patchPost(bridge, ticket, said, row, content)) === 'done') continue;
    if (row) await removePosts(bridge.ctx, [row.id], bridge.lease.fencingToken);
    const files = said.files.filter(({ id }) => row?.files.some(({ file }) => file === id));
    const shown = texts.length === 1 && part === 0 ? (anew as string) : content;
    await postPart(bridge, ticket, said, part, { content: shown, files });
    await commit(bridge, ticket, said.stream);
  }
}
