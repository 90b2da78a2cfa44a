import { SnowflakeUtil } from 'discord.js';
import { authorOf } from '../../src/domain/access/actor.ts';
import { withIdentities } from '../../src/domain/agents/identities.ts';
import type { LogId, Message } from '../../src/domain/log/entry.ts';
import { readMessage } from '../../src/domain/log/message-reads.ts';
import { editIn } from '../../src/domain/messages/change.ts';
import {
  findPost,
  listIngested,
  logOfPost,
  type Post,
  recordPost,
  removePosts,
} from '../../src/domain/mirror/posts.ts';
import type { Bridge } from '../bridge.ts';
import type { MirroredTicket } from '../mirrored-tickets.ts';
import { actorOfAuthor } from '../people.ts';
import { pairFiles } from './attachments.ts';
import { deletedAt, type Echo, enqueue, type Inbox, inboxOf, type Original } from './inbox.ts';
import type { Incoming } from './incoming.ts';
import { adoptEarlier, carryOut } from './ingest.ts';
import { ingestDeletion } from './ingest-edit.ts';
import { judge, judgeWords, refusalOfText, streamOf } from './judge.ts';
import { mark } from './marks.ts';
import { isPermanent, markIn } from './receipts.ts';
import { asRepetitionOf } from './reply-mode.ts';

/**
 * Proxy bots (such as PluralKit) say a person's message again through a webhook and delete the original,
 * in either order and within seconds. This is how long the second half is waited for, in milliseconds.
 */
const TOGETHER_MS = 15_000;
/** Deleted messages that are remembered, for each ticket. */
const REMEMBERED = 20;
/** What webhooks say that waits, for each ticket; of more, the oldest is judged before its time. */
export const MOST_REPETITIONS = 100;
/** What a proxy may take off around a text: the tags by which it knows whom to speak for. */
const MAX_TAGS = 40;

/** Whether one text says what the other said, without its proxy tags. */
function repeats(original: string, repetition: string): boolean {
  const [long, short] = [original.trim(), repetition.trim()];
  if (long === short) return true;
  return short !== '' && long.includes(short) && long.length - short.length <= MAX_TAGS;
}

const freshSince = () => performance.now() - TOGETHER_MS;

function rememberDeleted(inbox: Inbox, id: string, text: string, original: Original) {
  const since = freshSince();
  const kept = inbox.deletions.filter(({ at }) => at >= since).slice(1 - REMEMBERED);
  inbox.deletions = [...kept, { id, text, original, at: performance.now(), incoming: undefined }];
}

/** Whether what a webhook says repeats a text, as it was said or as it was edited since. */
function isSaidBy({ text, incoming }: Echo, original: string): boolean {
  return repeats(original, text) || (incoming !== undefined && repeats(original, incoming.text));
}

/** Takes the newest half out that goes with a text, and is not too old for that. */
function take(echoes: Echo[], goesWith: (echo: Echo) => boolean): Echo | undefined {
  const since = freshSince();
  const at = echoes.findLastIndex((echo) => echo.at >= since && goesWith(echo));
  return at < 0 ? undefined : echoes.splice(at, 1)[0];
}

/** What a webhook says waits for nothing any more. */
function forget({ repetitions }: Inbox, id: string): void {
  const at = repetitions.findIndex((one) => one.id === id);
  if (at >= 0) repetitions.splice(at, 1);
}

/** The log's message goes on under the webhook's Discord message, in its author's name. */
async function adopt(
  bridge: Bridge,
  ticket: MirroredTicket,
  post: Post,
  message: Message,
  incoming: Incoming,
): Promise<void> {
  const { ctx } = bridge;
  if (message.content !== incoming.text) {
    bridge.lease.require();
    const body = { content: incoming.text, files: message.files };
    const actor = await withIdentities(ctx, actorOfAuthor(message.author));
    const at = incoming.writtenAt;
    const log: LogId = { ticketId: ticket.id, stream: message.stream };
    await editIn(ctx, actor, log, message.id, body, `${incoming.id}:p`, at);
  }
  const sign = markIn(message.stream);
  await removePosts(ctx, [post.id], bridge.lease.fencingToken);
  const files = pairFiles(message.files, incoming.files);
  await recordPost(ctx, {
    ...post,
    id: incoming.id,
    hash: incoming.hash,
    edited: incoming.editedAt,
    files: files.map(({ attachment, file }) => ({ attachment, file: file.id })),
    mark: sign,
    marking: incoming.marking,
  });
  mark(bridge, ticket, incoming, sign);
}

/**
 * Takes a message back that was deleted in the channel, unless a proxy has just said it again.
 * @param unrecorded what it stands for, where that is not written down
 */
export async function ingestDeleted(
  bridge: Bridge,
  ticket: MirroredTicket,
  id: string,
  unrecorded?: Post,
): Promise<void> {
  const post = unrecorded ?? (await findPost(bridge.ctx, id));
  const inbox = inboxOf(bridge, ticket.id);
  if (!post) return forget(inbox, id);
  let again: Echo | undefined;
  const isOurs = post.direction !== 'in' || !post.message_id;
  const message = isOurs
    ? undefined
    : await readMessage(bridge.ctx.db, logOfPost(post), post.message_id as string);
  if (message && !message.deleted) {
    again = take(inbox.repetitions, (echo) => isSaidBy(echo, message.content));
    const same = again?.incoming && asRepetitionOf(bridge, again.incoming, message.stream, post);
    const isSame = same && streamOf(same) === message.stream;
    if (isSame && !refusalOfText(same)) {
      try {
        return await adopt(bridge, ticket, post, message, same);
      } catch (error) {
        if (!isPermanent(error)) throw error;
      }
    }
  }
  const gone = await ingestDeletion(bridge, post, deletedAt(inbox, id));
  if (!gone) return;
  const original = { author: gone.author, stream: gone.stream, post };
  // It is to be something else than what it repeats: of the other log, or nothing.
  if (again?.incoming) return passOn(bridge, ticket, again.incoming, original);
  rememberDeleted(inbox, id, gone.content, original);
}

/** Nothing was deleted for it: it is the webhook's own, and nobody's of the staff. */
function refuseRepetition(bridge: Bridge, ticket: MirroredTicket, echo: Echo): void {
  if (echo.isDue || bridge.ended) return;
  echo.isDue = true;
  const run = async () => {
    const inbox = inboxOf(bridge, ticket.id);
    const { incoming } = echo;
    if (!incoming || !inbox.repetitions.includes(echo)) return;
    await carryOut(bridge, ticket, incoming, { kind: 'refuse', why: 'what webhooks write' });
    forget(inbox, echo.id);
  };
  enqueue(bridge, ticket.id, { kind: 'act', run, reject: () => undefined });
}

/**
 * What a webhook says waits for the deletion of what it repeats, and is refused when none comes. Edited meanwhile,
 * it waits as what it says by then.
 */
export function expectOriginal(bridge: Bridge, ticket: MirroredTicket, incoming: Incoming): void {
  const { repetitions } = inboxOf(bridge, ticket.id);
  const { id, text, editedAt } = incoming;
  const known = repetitions.find((one) => one.id === id);
  if (known) {
    if (editedAt >= (known.incoming?.editedAt ?? 0)) known.incoming = incoming;
    return;
  }
  const echo: Echo = { id, text, at: performance.now(), incoming, original: undefined };
  repetitions.push(echo);
  const waiting = repetitions.filter(({ isDue }) => !isDue);
  const [oldest] = waiting;
  if (oldest && waiting.length > MOST_REPETITIONS) refuseRepetition(bridge, ticket, oldest);
  setTimeout(() => refuseRepetition(bridge, ticket, echo), TOGETHER_MS).unref();
}

/** Whose message, written just before, says what a webhook says, and has still to be deleted. */
async function writersOf({ ctx }: Bridge, ticket: MirroredTicket, { message, text }: Incoming) {
  const since = message.createdTimestamp - TOGETHER_MS;
  const writers = new Set<string>();
  for (const post of await listIngested(ctx, ticket.id, REMEMBERED)) {
    if (!post.message_id || SnowflakeUtil.timestampFrom(post.id) < since) continue;
    const said = await readMessage(ctx.db, logOfPost(post), post.message_id);
    if (said && !said.deleted && repeats(said.content, text)) writers.add(said.author.key);
  }
  return writers;
}

/**
 * Takes the deletion that a webhook's words follow. Where somebody else has just written them, their
 * message is what goes next, whatever was deleted before.
 */
async function takeOriginal(bridge: Bridge, ticket: MirroredTicket, incoming: Incoming) {
  const { deletions } = inboxOf(bridge, ticket.id);
  const goesWith = ({ text }: Echo) => repeats(text, incoming.text);
  if (!deletions.some(goesWith)) return undefined;
  const writers = [...(await writersOf(bridge, ticket, incoming))];
  const isTheirs = ({ original }: Echo) => writers.every((key) => key === original?.author.key);
  return take(deletions, (echo) => goesWith(echo) && isTheirs(echo))?.original;
}

/** Takes in what a webhook says, in the name of whoever wrote what it repeats. */
async function passOn(
  bridge: Bridge,
  ticket: MirroredTicket,
  incoming: Incoming,
  { author, stream, post }: Original,
): Promise<void> {
  forget(inboxOf(bridge, ticket.id), incoming.id);
  const said = asRepetitionOf(bridge, incoming, stream, post);
  const actor = await withIdentities(bridge.ctx, actorOfAuthor(author));
  return carryOut(bridge, ticket, said, judgeWords(said, actor));
}

/**
 * Ingests what a webhook says: the words of a message that was deleted just before are passed on as
 * its author's; others wait for such a deletion.
 */
export async function ingestRepetition(
  bridge: Bridge,
  ticket: MirroredTicket,
  incoming: Incoming,
): Promise<void> {
  const inbox = inboxOf(bridge, ticket.id);
  const original = await takeOriginal(bridge, ticket, incoming);
  if (!original) {
    // A bot may have been killed when it had stored it.
    const isStored = await adoptEarlier(bridge, ticket, incoming);
    if (isStored) forget(inbox, incoming.id);
    else expectOriginal(bridge, ticket, incoming);
    return;
  }
  return passOn(bridge, ticket, incoming, original);
}

/**
 * Deals with a message that was deleted before anything of it was taken in, which nobody is to see any more:
 * what a proxy says again of it is passed on as its author's.
 */
export async function ingestWithdrawn(
  bridge: Bridge,
  ticket: MirroredTicket,
  incoming: Incoming,
): Promise<void> {
  const verdict = await judge(bridge, incoming);
  if (verdict.kind === 'refuse') return;
  const inbox = inboxOf(bridge, ticket.id);
  const { id, text, marking, isAmongStaff } = incoming;
  const original: Original = {
    author: authorOf(verdict.actor),
    stream: verdict.stream,
    post: { marking, ...(isAmongStaff && { among_staff: true }) },
  };
  const again = inbox.repetitions.find((one) => isSaidBy(one, text))?.incoming;
  if (again) return passOn(bridge, ticket, again, original);
  rememberDeleted(inbox, id, text, original);
}
