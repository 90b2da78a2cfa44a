import type { LogId } from '../../src/domain/log/entry.ts';
import { readMessage } from '../../src/domain/log/message-reads.ts';
import { sendTo } from '../../src/domain/messages/send.ts';
import { findPost, logOfPost, type Post } from '../../src/domain/mirror/posts.ts';
import { keyOf } from '../../src/domain/mirror/unrecorded.ts';
import type { Bridge } from '../bridge.ts';
import { isGuest } from '../guests.ts';
import type { MirroredTicket } from '../mirrored-tickets.ts';
import { copyFiles, MessageGone, pairFiles } from './attachments.ts';
import { askPresence } from './away-marks.ts';
import { warnOfHolder } from './holder-warnings.ts';
import { type Incoming, isWebhook } from './incoming.ts';
import { ingestEdit, verdictOn } from './ingest-edit.ts';
import { judge, type Refusal, streamOf, type Verdict } from './judge.ts';
import { mark } from './marks.ts';
import {
  isPermanent,
  markIn,
  type Outcome,
  reasonOf,
  remember,
  settle,
  tellNotPassedOn,
} from './receipts.ts';
import { asRepetitionOf, impliedMarking } from './reply-mode.ts';
import { type Stored, storedBefore, storedByAnybody } from './stored-lives.ts';

/** Writes down what an earlier try has stored, and takes in what was edited since. */
async function adoptStored(
  bridge: Bridge,
  ticket: MirroredTicket,
  asSeen: Incoming,
  { message, lives }: Stored,
  before: Post | undefined,
): Promise<void> {
  const { stream } = message;
  const isInside = stream === 'internal' && isWebhook(bridge, asSeen.message);
  const incoming = isInside
    ? asRepetitionOf(bridge, asSeen, stream, {
        marking: asSeen.marking,
        among_staff: isGuest(bridge, asSeen.home, message.author.id),
      })
    : asSeen;
  const sign = markIn(stream);
  const files = pairFiles(message.files, incoming.files);
  const changed = message.content !== incoming.text || stream !== streamOf(incoming);
  // What a proxy took off the text says nothing of whom it was for.
  const marking = isInside ? incoming.marking : impliedMarking(bridge, incoming, stream);
  // An event from before an edit that is in the log already: it takes nothing back.
  // As it was first written it is the oldest there is, also where a look has met it edited.
  const isFirst = incoming.editedAt === 0 && message.content !== incoming.text;
  const since = message.edited ? message.updated_at : lives > 0 ? message.created_at : 0;
  const isOutdated = isFirst || incoming.editedAt < since;
  let seen = incoming;
  if (isOutdated) seen = { ...incoming, editedAt: message.updated_at, marking };
  else if (changed) seen = { ...incoming, hash: '', editedAt: 0, marking };
  const outcome = { message, stream, files, mark: sign, lives } as const;
  const post = await remember(bridge, ticket, seen, outcome);
  mark(bridge, ticket, incoming, sign, before?.mark ? [before.mark] : []);
  if (stream === 'public') askPresence(bridge, ticket, incoming);
  if (!isOutdated) await takeEdit(bridge, ticket, incoming, post);
}

/** The message of a log that an answer's Discord message stands for; none for the other log's, or a card. */
async function answeredBy(
  bridge: Bridge,
  ticket: MirroredTicket,
  log: LogId,
  { answers }: Incoming,
): Promise<string | undefined> {
  if (!answers) return undefined;
  const written = ticket.unrecorded.find(({ id }) => id === answers);
  const post = written ?? (await findPost(bridge.ctx, answers));
  if (!post?.message_id || post.seq === 0 || post.ticket_id !== log.ticketId) return undefined;
  if (logOfPost(post).stream !== log.stream) return undefined;
  const message = await readMessage(bridge.ctx.db, log, post.message_id);
  return message && !message.deleted ? message.id : undefined;
}

/** Takes a message into its log. @returns why not, where nothing of it could be */
async function pass(
  bridge: Bridge,
  ticket: MirroredTicket,
  incoming: Incoming,
  { actor, stream }: Verdict & { kind: 'pass' },
  lives: number,
  before: Post | undefined,
): Promise<Refusal | undefined> {
  const { ctx } = bridge;
  const log: LogId = { ticketId: ticket.id, stream };
  const origin = { id: incoming.id, lives, placeId: incoming.message.channelId };
  const stored = await storedBefore(bridge, ticket.id, actor, origin);
  if (stored) {
    // With nothing written down of it, it is deleted in Discord too: this event is from before that.
    const isGone = stored.isTakenBack && !before;
    if (!isGone) await adoptStored(bridge, ticket, incoming, stored, before);
    return undefined;
  }
  const { copied, missing } = await copyFiles(bridge, actor, ticket, incoming, incoming.files);
  const lost = [...missing, ...incoming.unsupported];
  if (incoming.text === '' && copied.length === 0) {
    return { why: lost.join('; ') || 'only text and files are' };
  }
  const files = copied.map(({ file }) => file);
  const reply_to = await answeredBy(bridge, ticket, log, incoming);
  const client_id = keyOf(origin, stream);
  const body = { content: incoming.text, client_id, files, ...(reply_to && { reply_to }) };
  const at = lives === 0 ? incoming.writtenAt : incoming.editedAt;
  try {
    ctx.failpoint('before-inbound-commit');
    bridge.lease.require();
    const { message } = await sendTo(ctx, actor, log, body, at);
    ctx.failpoint('after-inbound-commit');
    const outcome = { message, stream, files: copied, mark: markIn(stream), lives } as const;
    await settle(bridge, ticket, incoming, outcome, before);
    if (stream === 'public') {
      askPresence(bridge, ticket, incoming);
      // Nothing waits for it.
      void warnOfHolder(bridge, ticket, actor, incoming.id);
    }
  } catch (error) {
    if (!isPermanent(error)) throw error;
    return { why: reasonOf(error), retry: true };
  }
  if (lost.length > 0) await tellNotPassedOn(bridge, ticket, incoming, lost.join('; '));
  return undefined;
}

/**
 * Takes in what an earlier try has stored of a message that would be refused by now, as an edit of it: its writer
 * may have lost their role since, or have made a command of it.
 * @returns false where there is nothing of it
 */
export async function adoptEarlier(
  bridge: Bridge,
  ticket: MirroredTicket,
  incoming: Incoming,
  before?: Post,
): Promise<boolean> {
  const stored = await storedByAnybody(bridge, ticket.id, incoming.id);
  if (!stored || stored.isTakenBack) return stored !== undefined && !before;
  await adoptStored(bridge, ticket, incoming, stored, before);
  return true;
}

/**
 * Does with a message what was decided of it, and marks it so.
 * @param before what was written down of it while it was in no log
 */
export async function carryOut(
  bridge: Bridge,
  ticket: MirroredTicket,
  incoming: Incoming,
  verdict: Verdict,
  before?: Post,
): Promise<void> {
  const lives = before?.lives ?? 0;
  try {
    const isRefused = verdict.kind === 'refuse';
    if (isRefused && (await adoptEarlier(bridge, ticket, incoming, before))) return;
    const refusal = isRefused
      ? verdict
      : await pass(bridge, ticket, incoming, verdict, lives, before);
    if (refusal === undefined) return;
    const refused: Outcome = { message: undefined, files: [], mark: 'refused', lives };
    await settle(bridge, ticket, incoming, refused, before);
    await tellNotPassedOn(bridge, ticket, incoming, refusal.why, refusal.retry);
  } catch (error) {
    // Deleted before it could be had: its deletion has an event of its own, and there is nothing to tell.
    if (!(error instanceof MessageGone)) throw error;
  }
}

/** Takes in what has changed of a message that is in a log; where it is to be of the other one, as a new one there. */
async function takeEdit(
  bridge: Bridge,
  ticket: MirroredTicket,
  incoming: Incoming,
  post: Post,
): Promise<void> {
  const withdrawn = await ingestEdit(bridge, ticket, incoming, post);
  if (!withdrawn) return;
  const verdict = await verdictOn(bridge, withdrawn.incoming, withdrawn.author);
  await carryOut(bridge, ticket, withdrawn.incoming, verdict, withdrawn.post);
}

/** Ingests a message that was not, or what has changed of one that was. Safe to repeat. */
export async function ingestMessage(
  bridge: Bridge,
  ticket: MirroredTicket,
  incoming: Incoming,
): Promise<void> {
  const post = await findPost(bridge.ctx, incoming.id);
  if (post?.direction === 'in') {
    return takeEdit(bridge, ticket, incoming, post);
  }
  if (post && (post.direction === 'out' || post.hash === incoming.hash)) return;
  if (post && incoming.editedAt < post.edited) return;
  await carryOut(bridge, ticket, incoming, await judge(bridge, incoming), post);
}
