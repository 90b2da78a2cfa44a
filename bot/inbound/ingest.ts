import type { Guild } from 'discord.js';
import type { Actor } from '../../src/domain/access/actor.ts';
import { type Message, publicLog } from '../../src/domain/log/entry.ts';
import { readMessage } from '../../src/domain/log/reads.ts';
import { deleteMessage, editMessage } from '../../src/domain/messages/change.ts';
import { sendMessage } from '../../src/domain/messages/send.ts';
import {
  changePost,
  findPost,
  type Post,
  recordPost,
  removePosts,
} from '../../src/domain/mirror/posts.ts';
import { AppError } from '../../src/errors.ts';
import type { Bridge } from '../bridge.ts';
import { systemLine } from '../format.ts';
import type { MirroredTicket } from '../mirrored-tickets.ts';
import { actorOfAuthor, writerOf } from '../people.ts';
import { compareIds, postNotice } from '../posting.ts';
import { type Copied, copyFiles, filesAfter, pairFiles } from './attachments.ts';
import type { Incoming } from './incoming.ts';
import { mark, marks } from './reactions.ts';

/** True for a refusal that will be the same however often it is tried. */
function isPermanent(error: unknown): error is AppError {
  return error instanceof AppError && error.code !== 'SERVICE_UNAVAILABLE';
}

export function guildOf(bridge: Bridge): Guild {
  const guild = bridge.client.guilds.cache.get(bridge.discord.guildId);
  if (!guild) throw new AppError('SERVICE_UNAVAILABLE', 'the guild is not there yet');
  return guild;
}

/**
 * Writes down that a message from the channel was dealt with, and what it became. Of a channel that
 * was deleted meanwhile nothing is kept: it would pass for a message missing in the new one.
 */
async function remember(
  bridge: Bridge,
  ticket: MirroredTicket,
  incoming: Incoming,
  became: { message: { id: string; seq: number }; files: Copied[] } | undefined,
): Promise<Post> {
  const post: Post = {
    id: incoming.id,
    ticket_id: ticket.id,
    channel_id: incoming.message.channelId,
    message_id: became?.message.id ?? null,
    seq: became?.message.seq ?? 0,
    part: 0,
    direction: became ? 'in' : 'ignored',
    hash: incoming.hash,
    edited: incoming.editedAt,
    files: became?.files.map(({ attachment, file }) => ({ attachment, file: file.id })) ?? [],
    epoch: bridge.lease.fencingToken,
  };
  if (post.channel_id !== ticket.mirror.channel_id) return post;
  await recordPost(bridge.ctx, post);
  if (compareIds(incoming.id, ticket.mirror.inbound) > 0) {
    await bridge.tickets.save(ticket, { inbound: incoming.id });
  }
  return post;
}

async function refuse(
  bridge: Bridge,
  ticket: MirroredTicket,
  incoming: Incoming,
  why: string,
): Promise<void> {
  await remember(bridge, ticket, incoming, undefined);
  mark(bridge, incoming.message.channelId, incoming.id, marks.refused);
  await sayNotPassedOn(bridge, ticket, incoming, 'refused', why);
}

/** Tells staff, in the channel the ticket has now, what does not reach the customer. */
async function sayNotPassedOn(
  bridge: Bridge,
  ticket: MirroredTicket,
  { id }: Incoming,
  key: string,
  what: string,
): Promise<void> {
  const { channel_id } = ticket.mirror;
  if (channel_id)
    await postNotice(bridge, channel_id, `${key} ${id}`, systemLine(`Not passed on: ${what}`), id);
}

/** What an earlier try of the same message has stored already, before a crash or an unclear answer. */
async function storedBefore(
  bridge: Bridge,
  ticket: MirroredTicket,
  actor: Actor,
  incoming: Incoming,
): Promise<Message | undefined> {
  const { ctx } = bridge;
  const entry = await ctx.store.findByClientId(publicLog(ticket.id), actor.key, incoming.id);
  return entry && (await readMessage(ctx.db, publicLog(ticket.id), entry.id));
}

async function ingestNew(
  bridge: Bridge,
  ticket: MirroredTicket,
  incoming: Incoming,
): Promise<void> {
  const { ctx, discord } = bridge;
  const { channelId } = incoming.message;
  if (incoming.internalNote) {
    await remember(bridge, ticket, incoming, undefined);
    return mark(bridge, channelId, incoming.id, marks.internalNote);
  }
  const actor = await writerOf(discord, guildOf(bridge), incoming.message);
  const before = await storedBefore(bridge, ticket, actor, incoming);
  if (before) {
    const files = pairFiles(before.files, incoming.files);
    const changed = before.content !== incoming.text;
    const seen = changed ? { ...incoming, hash: '', editedAt: 0 } : incoming;
    const post = await remember(bridge, ticket, seen, { message: before, files });
    mark(bridge, channelId, incoming.id, marks.taken);
    return ingestEdit(bridge, ticket, incoming, post);
  }
  const { copied, missing } = await copyFiles(bridge, actor, ticket, incoming, incoming.files);
  if (incoming.text.trim() === '' && copied.length === 0) {
    const why = missing.join('; ') || 'only text and files are';
    return refuse(bridge, ticket, incoming, why);
  }
  const attachments = copied.map(({ file }) => file.id);
  const body = { content: incoming.text, client_id: incoming.id, attachments };
  try {
    ctx.failpoint('before-inbound-commit');
    bridge.lease.require();
    const { message } = await sendMessage(ctx, actor, ticket.id, body, incoming.writtenAt);
    ctx.failpoint('after-inbound-commit');
    await remember(bridge, ticket, incoming, { message, files: copied });
  } catch (error) {
    if (!isPermanent(error)) throw error;
    return refuse(bridge, ticket, incoming, error.message);
  }
  mark(bridge, channelId, incoming.id, marks.taken);
  if (missing.length === 0) return;
  await sayNotPassedOn(bridge, ticket, incoming, 'missing', missing.join('; '));
}

/** Takes an edit in, if it is one: a link preview changes neither text nor files. */
async function ingestEdit(
  bridge: Bridge,
  ticket: MirroredTicket,
  incoming: Incoming,
  post: Post,
): Promise<void> {
  const { ctx } = bridge;
  if (!post.message_id || post.direction !== 'in' || post.hash === incoming.hash) return;
  if (post.edited > 0 && incoming.editedAt <= post.edited) return;
  if (incoming.internalNote) return ingestDeletion(bridge, ticket, incoming.id);
  const message = await readMessage(ctx.db, publicLog(ticket.id), post.message_id);
  if (!message || message.deleted) return;
  const actor = actorOfAuthor(message.author);
  const files = await filesAfter(bridge, actor, ticket, incoming, message, post);
  const body = { content: incoming.text, files: files.map(({ file }) => file) };
  const clientId = `${incoming.id}:e:${incoming.editedAt}`;
  bridge.lease.require();
  await editMessage(ctx, actor, ticket.id, post.message_id, body, clientId).catch(
    (error: unknown) => {
      if (!isPermanent(error)) throw error;
      bridge.log.info({ reason: error.message, ticket: ticket.id }, 'an edit came too late');
    },
  );
  await changePost(ctx, incoming.id, {
    hash: incoming.hash,
    edited: incoming.editedAt,
    files: files.map(({ attachment, file }) => ({ attachment, file: file.id })),
  });
}

/** Takes a message in, or what has changed of one taken in before. Safe to repeat. */
export async function ingestMessage(
  bridge: Bridge,
  ticket: MirroredTicket,
  incoming: Incoming,
): Promise<void> {
  const post = await findPost(bridge.ctx, incoming.id);
  if (!post) return ingestNew(bridge, ticket, incoming);
  return ingestEdit(bridge, ticket, incoming, post);
}

/** Takes a message back that was deleted in the channel. One of ours is left to the moderators. */
export async function ingestDeletion(
  bridge: Bridge,
  ticket: MirroredTicket,
  id: string,
): Promise<void> {
  const { ctx } = bridge;
  const post = await findPost(ctx, id);
  if (!post?.message_id || post.direction !== 'in') return;
  const message = await readMessage(ctx.db, publicLog(ticket.id), post.message_id);
  if (message && !message.deleted) {
    bridge.lease.require();
    const actor = actorOfAuthor(message.author);
    await deleteMessage(ctx, actor, ticket.id, message.id, `${id}:x`).catch((error: unknown) => {
      if (!isPermanent(error)) throw error;
    });
  }
  await removePosts(ctx, [id]);
}
