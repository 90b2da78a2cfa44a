import { type Message, publicLog } from '../../src/domain/log/entry.ts';
import { readMessage } from '../../src/domain/log/message-reads.ts';
import { deleteMessage, editMessage } from '../../src/domain/messages/change.ts';
import { changePost, type Post, removePosts } from '../../src/domain/mirror/posts.ts';
import type { Bridge } from '../bridge.ts';
import type { MirroredTicket } from '../mirrored-tickets.ts';
import { actorOfAuthor } from '../people.ts';
import { filesAfter, MessageGone } from './attachments.ts';
import { type Incoming, isWebhook } from './incoming.ts';
import { judge, judgeText } from './judge.ts';
import { type Mark, mark } from './reactions.ts';
import { isPermanent, markOf, reasonOf, settle, tellNotPassedOn } from './receipts.ts';

/** The idempotency key of a deletion, which a message may have once in each of its lives. */
function deletionId({ id, lives = 0 }: Post): string {
  return lives === 0 ? `${id}:x` : `${id}:${lives}:x`;
}

/** Deletes a message of the log in its author's name. @throws AppError CONFLICT where the ticket is closed */
async function takeBack(bridge: Bridge, ticket: MirroredTicket, message: Message, post: Post) {
  bridge.lease.require();
  const actor = actorOfAuthor(message.author);
  await deleteMessage(bridge.ctx, actor, ticket.id, message.id, deletionId(post));
}

/** The customer keeps the message as it was: the mark and a line say so. */
async function refuseEdit(
  bridge: Bridge,
  ticket: MirroredTicket,
  incoming: Incoming,
  post: Post,
  why: string,
): Promise<void> {
  const { hash, editedAt: edited } = incoming;
  const change = { hash, edited, mark: 'refused' } as const;
  await changePost(bridge.ctx, incoming.id, change, bridge.lease.fencingToken);
  mark(bridge, ticket, incoming.id, 'refused', [markOf(post, false)]);
  const still = 'the customer still has it as it was before';
  await tellNotPassedOn(bridge, ticket, incoming, `the edit; ${still} (${why})`);
}

/** A message becomes a note, or nothing: the customer has it no longer. */
async function withdraw(
  bridge: Bridge,
  ticket: MirroredTicket,
  incoming: Incoming,
  message: Message,
  post: Post,
  becomes: Mark,
): Promise<boolean> {
  try {
    await takeBack(bridge, ticket, message, post);
  } catch (error) {
    if (!isPermanent(error)) throw error;
    await refuseEdit(bridge, ticket, incoming, post, reasonOf(error));
    return false;
  }
  const lives = (post.lives ?? 0) + 1;
  const outcome = { message: undefined, files: [], mark: becomes, lives };
  await settle(bridge, ticket, incoming, outcome, post);
  return true;
}

async function change(
  bridge: Bridge,
  ticket: MirroredTicket,
  incoming: Incoming,
  message: Message,
  post: Post,
): Promise<void> {
  const { ctx } = bridge;
  const actor = actorOfAuthor(message.author);
  const { files, missing } = await filesAfter(bridge, actor, ticket, incoming, message, post);
  if (incoming.text === '' && files.length === 0) {
    const gone = await withdraw(bridge, ticket, incoming, message, post, 'refused');
    const why = missing.join('; ') || 'nothing is left of it';
    if (gone) await tellNotPassedOn(bridge, ticket, incoming, `${why}. It was taken back`);
    return;
  }
  const kept = files.map(({ file }) => file);
  const sameFiles = JSON.stringify(kept) === JSON.stringify(message.files);
  if (message.content !== incoming.text || !sameFiles) {
    const body = { content: incoming.text, files: kept };
    const clientId = `${incoming.id}:e:${incoming.editedAt}`;
    bridge.lease.require();
    try {
      await editMessage(ctx, actor, ticket.id, message.id, body, clientId, incoming.editedAt);
    } catch (error) {
      if (!isPermanent(error)) throw error;
      return refuseEdit(bridge, ticket, incoming, post, reasonOf(error));
    }
  }
  const outcome = { message, files, mark: 'taken', lives: post.lives ?? 0 } as const;
  await settle(bridge, ticket, incoming, outcome, post);
  if (missing.length > 0) await tellNotPassedOn(bridge, ticket, incoming, missing.join('; '));
}

/** Whether the deletion of a message was this side's own, and a crash kept it from being written down. */
async function wasTakenBack(bridge: Bridge, ticket: MirroredTicket, message: Message, post: Post) {
  const { key } = message.author;
  const deletion = await bridge.ctx.store.findByClientId(
    publicLog(ticket.id),
    key,
    deletionId(post),
  );
  return deletion !== undefined;
}

/**
 * Ingests an edit, if it is one: a link preview changes neither text nor files.
 * @returns what is written down of a message that turns out to be taken back already, to be judged anew
 */
export async function ingestEdit(
  bridge: Bridge,
  ticket: MirroredTicket,
  incoming: Incoming,
  post: Post,
): Promise<Post | undefined> {
  if (!post.message_id || post.direction !== 'in' || post.hash === incoming.hash) return undefined;
  if (post.edited > 0 && incoming.editedAt <= post.edited) return undefined;
  const message = await readMessage(bridge.ctx.db, publicLog(ticket.id), post.message_id);
  if (!message) return undefined;
  if (message.deleted) {
    if (!(await wasTakenBack(bridge, ticket, message, post))) return undefined;
    return { ...post, message_id: null, direction: 'ignored', lives: (post.lives ?? 0) + 1 };
  }
  const isProxied = isWebhook(incoming.message);
  const verdict = isProxied ? judgeText(incoming) : await judge(bridge, incoming);
  if (verdict?.kind === 'note') {
    await withdraw(bridge, ticket, incoming, message, post, 'note');
  } else if (verdict?.kind === 'refuse') {
    await refuseEdit(bridge, ticket, incoming, post, verdict.why);
  } else {
    await change(bridge, ticket, incoming, message, post).catch((error: unknown) => {
      if (!(error instanceof MessageGone)) throw error;
    });
  }
  return undefined;
}

/**
 * Takes a message back that was deleted in the channel. One of ours is left to the moderators.
 * @returns the message as the customer had it, where there was one
 */
export async function ingestDeletion(
  bridge: Bridge,
  ticket: MirroredTicket,
  post: Post,
): Promise<Message | undefined> {
  if (!post.message_id || post.direction !== 'in') return undefined;
  const message = await readMessage(bridge.ctx.db, publicLog(ticket.id), post.message_id);
  if (message && !message.deleted) {
    await takeBack(bridge, ticket, message, post).catch((error: unknown) => {
      if (!isPermanent(error)) throw error;
    });
  }
  await removePosts(bridge.ctx, [post.id], bridge.lease.fencingToken);
  return message?.deleted ? undefined : message;
}
