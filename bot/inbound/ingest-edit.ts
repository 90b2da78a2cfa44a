import type { Actor } from '../../src/domain/access/actor.ts';
import { withIdentities } from '../../src/domain/agents/identities.ts';
import type { Author, LogId, Message } from '../../src/domain/log/entry.ts';
import { readMessage } from '../../src/domain/log/message-reads.ts';
import { deleteIn, editIn } from '../../src/domain/messages/change.ts';
import { changePost, logOfPost, type Post, removePosts } from '../../src/domain/mirror/posts.ts';
import type { Bridge } from '../bridge.ts';
import type { MirroredTicket } from '../mirrored-tickets.ts';
import { actorOfAuthor, takingBack } from '../people.ts';
import { filesAfter, MessageGone } from './attachments.ts';
import { unmarkAway } from './away-marks.ts';
import { type Incoming, isWebhook } from './incoming.ts';
import { judge, judgeWords, streamOf, type Verdict } from './judge.ts';
import { mark } from './marks.ts';
import { unmarkRead } from './read-marks.ts';
import {
  isPermanent,
  markIn,
  markOf,
  type Outcome,
  reasonOf,
  settle,
  tellNotPassedOn,
} from './receipts.ts';
import { asEditOf } from './reply-mode.ts';

/** A Discord message, and how often it was taken back before. */
type Life = Pick<Post, 'id' | 'lives'>;

/** The idempotency key of a deletion, which a message may have once in each of its lives. */
function deletionId({ id, lives = 0 }: Life): string {
  return lives === 0 ? `${id}:x` : `${id}:${lives}:x`;
}

const logOf = ({ ticket_id: ticketId, stream }: Message): LogId => ({ ticketId, stream });

/**
 * Deletes a message from its log in its author's name.
 * @param at when it was taken back in Discord, milliseconds since 1970; now where nothing tells
 * @throws AppError CONFLICT where the ticket was closed by then and the customer has it
 */
async function takeBack(bridge: Bridge, message: Message, post: Life, at?: number): Promise<void> {
  bridge.lease.require();
  const actor = await withIdentities(bridge.ctx, takingBack(message.author));
  await deleteIn(bridge.ctx, actor, logOf(message), message.id, deletionId(post), at);
}

/** The message stays as it was: the mark and a line say so. */
async function refuseEdit(
  bridge: Bridge,
  ticket: MirroredTicket,
  incoming: Incoming,
  { stream }: Message,
  post: Post,
  why: string,
): Promise<void> {
  const { hash, editedAt: edited } = incoming;
  const change = { hash, edited, mark: 'refused' } as const;
  await changePost(bridge.ctx, incoming.id, change, bridge.lease.fencingToken);
  mark(bridge, ticket, incoming, 'refused', [markOf(post, false)]);
  const still =
    stream === 'public'
      ? 'the customer still has it as it was before'
      : 'the note is kept as it was before';
  await tellNotPassedOn(bridge, ticket, incoming, `the edit; ${still} (${why})`);
}

/** A message that is in no log any more, to be judged anew: what is written down of it, and whose it was. */
export interface Withdrawn {
  /** As it is to be judged. */
  incoming: Incoming;
  post: Post;
  author: Author;
}

const withdrawn = (incoming: Incoming, post: Post, { author }: Message): Withdrawn => ({
  incoming,
  post: { ...post, message_id: null, direction: 'ignored', lives: (post.lives ?? 0) + 1 },
  author,
});

/**
 * Takes a message out of its log, because it is to be of the other one, or nothing.
 * @returns undefined where it stays
 */
async function withdraw(
  bridge: Bridge,
  ticket: MirroredTicket,
  incoming: Incoming,
  message: Message,
  post: Post,
): Promise<Withdrawn | undefined> {
  try {
    await takeBack(bridge, message, post, incoming.editedAt || undefined);
  } catch (error) {
    if (!isPermanent(error)) throw error;
    await refuseEdit(bridge, ticket, incoming, message, post, reasonOf(error));
    return undefined;
  }
  unmarkRead(bridge, ticket, incoming);
  unmarkAway(bridge, ticket, incoming);
  return withdrawn(incoming, post, message);
}

/** Nothing is left of a message. */
async function withdrawAll(
  bridge: Bridge,
  ticket: MirroredTicket,
  incoming: Incoming,
  message: Message,
  post: Post,
  why: string,
): Promise<void> {
  const gone = await withdraw(bridge, ticket, incoming, message, post);
  if (!gone) return;
  const { lives = 0 } = gone.post;
  const outcome: Outcome = { message: undefined, files: [], mark: 'refused', lives };
  await settle(bridge, ticket, incoming, outcome, post);
  await tellNotPassedOn(bridge, ticket, incoming, `${why}. It was taken back`);
}

async function change(
  bridge: Bridge,
  ticket: MirroredTicket,
  incoming: Incoming,
  message: Message,
  post: Post,
  { manages = false }: Pick<Actor, 'manages'>,
): Promise<void> {
  const { ctx } = bridge;
  // As who they were; which tickets are theirs to see goes by who they are.
  const author = { ...actorOfAuthor(message.author), manages };
  const actor = await withIdentities(ctx, author);
  const { files, missing } = await filesAfter(bridge, actor, ticket, incoming, message, post);
  if (incoming.text === '' && files.length === 0) {
    const why = missing.join('; ') || 'nothing is left of it';
    return withdrawAll(bridge, ticket, incoming, message, post, why);
  }
  const kept = files.map(({ file }) => file);
  const sameFiles = JSON.stringify(kept) === JSON.stringify(message.files);
  if (message.content !== incoming.text || !sameFiles) {
    const body = { content: incoming.text, files: kept };
    // Of two edits in one millisecond each is its own, and the second is one again where a look met it first.
    const clientId = `${incoming.id}:e:${incoming.editedAt}:${post.hash}:${incoming.hash}`;
    bridge.lease.require();
    try {
      await editIn(ctx, actor, logOf(message), message.id, body, clientId, incoming.editedAt);
    } catch (error) {
      if (!isPermanent(error)) throw error;
      return refuseEdit(bridge, ticket, incoming, message, post, reasonOf(error));
    }
    unmarkRead(bridge, ticket, incoming);
  }
  const { stream } = message;
  const outcome = { message, stream, files, mark: markIn(stream), lives: post.lives ?? 0 };
  await settle(bridge, ticket, incoming, outcome, post);
  if (missing.length > 0) await tellNotPassedOn(bridge, ticket, incoming, missing.join('; '));
}

/** Whether the deletion of a message was this side's own. */
export async function wasTakenBack(
  { ctx }: Bridge,
  message: Message,
  life: Life,
): Promise<boolean> {
  const { key } = message.author;
  return (await ctx.store.findByClientId(logOf(message), key, deletionId(life))) !== undefined;
}

/** The message of a log that a Discord message stands for. */
function readPosted({ ctx }: Bridge, post: Post): Promise<Message | undefined> {
  return readMessage(ctx.db, logOfPost(post), post.message_id as string);
}

/**
 * True for a message as it was last taken in: a link preview changes neither text nor files. One that was
 * edited since, to what it said before, may have been taken in as something else between, by a bot that was
 * killed before it wrote that down.
 */
export function isWrittenDown(
  { hash, direction, edited }: Pick<Post, 'hash' | 'direction' | 'edited'>,
  seen: Pick<Incoming, 'hash' | 'editedAt'>,
): boolean {
  return hash === seen.hash && (direction !== 'in' || seen.editedAt <= edited);
}

/**
 * Ingests an edit, if it is one.
 * @returns a message that is in no log any more, and is to be judged anew: it was edited from a note
 *   into a message for the customer, or the other way
 */
export async function ingestEdit(
  bridge: Bridge,
  ticket: MirroredTicket,
  seen: Incoming,
  post: Post,
): Promise<Withdrawn | undefined> {
  if (!post.message_id || post.direction !== 'in') return undefined;
  if (seen.editedAt < post.edited || isWrittenDown(post, seen)) return undefined;
  const message = await readPosted(bridge, post);
  if (!message) return undefined;
  const incoming = asEditOf(bridge, seen, message.stream, post);
  if (message.deleted) {
    // A crash may have kept its taking back from being written down.
    return (await wasTakenBack(bridge, message, post))
      ? withdrawn(incoming, post, message)
      : undefined;
  }
  // What is not for the customer any more is taken back whoever its writer is by now.
  if (message.stream === 'public' && streamOf(incoming) === 'internal') {
    return withdraw(bridge, ticket, incoming, message, post);
  }
  const verdict = await verdictOn(bridge, incoming, message.author);
  if (verdict.kind === 'refuse') {
    await refuseEdit(bridge, ticket, incoming, message, post, verdict.why);
    return undefined;
  }
  if (message.stream !== streamOf(incoming)) {
    return withdraw(bridge, ticket, incoming, message, post);
  }
  await change(bridge, ticket, incoming, message, post, verdict.actor).catch((error: unknown) => {
    if (!(error instanceof MessageGone)) throw error;
  });
  return undefined;
}

/** What is decided of the edited words of a message; those a proxy repeats are its author's. */
export async function verdictOn(
  bridge: Bridge,
  incoming: Incoming,
  author: Author,
): Promise<Verdict> {
  if (!isWebhook(bridge, incoming.message)) return judge(bridge, incoming);
  return judgeWords(incoming, await withIdentities(bridge.ctx, actorOfAuthor(author)));
}

/**
 * Takes a message back that was deleted in the channel. One of ours is left to the moderators.
 * @param at when, as far as that is known, milliseconds since 1970
 * @returns the message as its readers had it, where there was one
 */
export async function ingestDeletion(
  bridge: Bridge,
  post: Post,
  at?: number,
): Promise<Message | undefined> {
  if (!post.message_id || post.direction !== 'in') return undefined;
  const message = await readPosted(bridge, post);
  if (message && !message.deleted) {
    await takeBack(bridge, message, post, at).catch((error: unknown) => {
      if (!isPermanent(error)) throw error;
    });
  }
  await removePosts(bridge.ctx, [post.id], bridge.lease.fencingToken);
  return message?.deleted ? undefined : message;
}
