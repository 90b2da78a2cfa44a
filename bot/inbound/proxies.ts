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
/** Halves that wait, for each ticket. */
const REMEMBERED = 20;
/** What a proxy may take off around a text: the tags by which it knows whom to speak for. */
const MAX_TAGS = 40;

/** Whether one text says what the other said, without its proxy tags. */
function repeats(original: string, repetition: string): boolean {
  const [long, short] = [original.trim(), repetition.trim()];
  if (long === short) return true;
  return short !== '' && long.includes(short) && long.length - short.length <= MAX_TAGS;
}

function remember(echoes: Echo[], echo: Echo): void {
  echoes.push(echo);
  if (echoes.length > REMEMBERED) echoes.shift();
}

function rememberDeleted({ deletions }: Inbox, id: string, text: string, original: Original) {
  remember(deletions, { id, text, original, at: performance.now(), incoming: undefined });
}

/** Takes the newest half out that goes with a text; those that are too old go too. */
function take(echoes: Echo[], goesWith: (echo: Echo) => boolean): Echo | undefined {
  const since = performance.now() - TOGETHER_MS;
  const fresh = echoes.filter(({ at }) => at >= since);
  const at = fresh.findLastIndex(goesWith);
  const [found] = at < 0 ? [] : fresh.splice(at, 1);
  echoes.splice(0, echoes.length, ...fresh);
  return found;
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
  if (!post) return;
  const inbox = inboxOf(bridge, ticket.id);
  const isOurs = post.direction !== 'in' || !post.message_id;
  const message = isOurs
    ? undefined
    : await readMessage(bridge.ctx.db, logOfPost(post), post.message_id as string);
  if (message && !message.deleted) {
    const again = take(inbox.repetitions, ({ text }) => repeats(message.content, text));
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
  rememberDeleted(inbox, id, gone.content, { author: gone.author, stream: gone.stream, post });
}

/** Nothing was deleted for it: it is the webhook's own, and nobody's of the staff. */
async function refuseRepetition(bridge: Bridge, ticket: MirroredTicket, echo: Echo) {
  const { repetitions } = inboxOf(bridge, ticket.id);
  const at = repetitions.indexOf(echo);
  if (at < 0 || !echo.incoming) return;
  repetitions.splice(at, 1);
  const why = 'what webhooks write';
  await carryOut(bridge, ticket, echo.incoming, { kind: 'refuse', why });
}

/** What a webhook says waits for the deletion of what it repeats, and is refused when none comes. */
export function expectOriginal(bridge: Bridge, ticket: MirroredTicket, incoming: Incoming): void {
  const { repetitions } = inboxOf(bridge, ticket.id);
  const { id, text } = incoming;
  if (repetitions.some((one) => one.id === id)) return;
  const echo: Echo = { id, text, at: performance.now(), incoming, original: undefined };
  remember(repetitions, echo);
  setTimeout(() => {
    if (bridge.ended) return;
    const run = () => refuseRepetition(bridge, ticket, echo);
    enqueue(bridge, ticket.id, { kind: 'act', run, reject: () => undefined });
  }, TOGETHER_MS).unref();
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
  const forget = () => take(inbox.repetitions, ({ id }) => id === incoming.id);
  const original = await takeOriginal(bridge, ticket, incoming);
  if (!original) {
    // A bot may have been killed when it had stored it.
    const isStored = await adoptEarlier(bridge, ticket, incoming);
    if (isStored) forget();
    else expectOriginal(bridge, ticket, incoming);
    return;
  }
  forget();
  const { author, stream, post } = original;
  const said = asRepetitionOf(bridge, incoming, stream, post);
  const actor = await withIdentities(bridge.ctx, actorOfAuthor(author));
  return carryOut(bridge, ticket, said, judgeWords(said, actor));
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
  rememberDeleted(inbox, id, text, {
    author: authorOf(verdict.actor),
    stream: verdict.stream,
    post: { marking, ...(isAmongStaff && { among_staff: true }) },
  });
  const again = inbox.repetitions.find((one) => repeats(text, one.text))?.incoming;
  if (again) await ingestRepetition(bridge, ticket, again);
}
