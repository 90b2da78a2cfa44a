import { type RawFile, Routes } from 'discord.js';
import { loadFile } from '../../src/domain/files/read.ts';
import { listPosts, type Post, removePosts } from '../../src/domain/mirror/posts.ts';
import type { Bridge } from '../bridge.ts';
import { callDiscord, type Outcome } from '../call-ends.ts';
import { retryAfterMs } from '../discord-errors.ts';
import { type Speech, speechParts } from '../format.ts';
import type { MirroredTicket } from '../mirrored-tickets.ts';
import { deliver, isSpeech, noPings } from '../posting.ts';
import { commit, notePost, settlePosts } from './commits.ts';
import { failureOf, whyRefused } from './refusals.ts';
import { afterRefusal, contentOf, type File, type Rendition } from './renditions.ts';

/** Below Discord's 25 MiB a request, with room for what is around the files; it takes ten of them, as we do. */
const BYTES_IN_A_POST = 24 * 1024 * 1024;

/** What is said in the channel for one entry of the log. */
export interface Said {
  entryId: string;
  /** The message it belongs to; of a ticket's description, the ticket. */
  messageId: string;
  seq: number;
  speech: Speech;
  files: readonly File[];
  /** See `Outgoing`. */
  inLogOrder: boolean;
}

interface Part {
  content: string;
  files: File[];
}

/** An edit or a deletion that Discord's limits put off; messages may overtake it. */
export class Deferred extends Error {
  readonly waitMs: number;

  constructor(waitMs: number) {
    super('Discord puts an edit off');
    this.waitMs = waitMs;
  }
}

/** Files as few posts as they fit in. */
function groupFiles(files: readonly File[]): File[][] {
  const groups: File[][] = [];
  let bytes = 0;
  for (const file of files) {
    const group = groups.at(-1);
    bytes += file.size;
    if (!group || bytes > BYTES_IN_A_POST) {
      groups.push([file]);
      bytes = file.size;
    } else group.push(file);
  }
  return groups;
}

function headerOf(speech: Speech): string {
  return speechParts({ ...speech, text: '' })[0] as string;
}

/** The posts a message takes: its text in order, the files with the last of it. */
export function planParts(speech: Speech, files: readonly File[]): Part[] {
  const parts: Part[] = speechParts(speech).map((content) => ({ content, files: [] }));
  const [first, ...further] = groupFiles(files);
  if (first) (parts.at(-1) as Part).files = first;
  for (const group of further) parts.push({ content: `${headerOf(speech)} files`, files: group });
  return parts;
}

/** The files that are still there: those of a message deleted since are gone, though the log has them. */
async function loadFiles(bridge: Bridge, files: readonly File[]): Promise<RawFile[]> {
  const loaded: RawFile[] = [];
  for (const { id, name, type } of files) {
    const data = await loadFile(bridge.ctx, id);
    if (data) loaded.push({ name, data, contentType: type });
  }
  return loaded;
}

type Try = (rendition: Rendition) => Promise<Outcome<string | undefined>>;

/** Tries one rendition after the other until Discord takes one. */
async function tryRenditions(
  bridge: Bridge,
  ticket: MirroredTicket,
  said: Said,
  original: Rendition,
  attempt: Try,
): Promise<{ outcome: Outcome<string | undefined>; rendition: Rendition }> {
  const channelId = ticket.mirror.channel_id as string;
  for (let rendition = original; ; ) {
    const outcome = await attempt(rendition);
    if (outcome.end !== 'refused') return { outcome, rendition };
    const why = (cause: typeof outcome.cause) => whyRefused(bridge, channelId, cause);
    const next = afterRefusal(headerOf(said.speech), original, rendition, outcome.cause, why);
    if (!next) return { outcome, rendition };
    if (rendition === original) {
      const where = { part: 'discord', ticket: ticket.id, seq: said.seq };
      bridge.ctx.reports.report(outcome.error, where);
    }
    rendition = next;
  }
}

async function postPart(
  bridge: Bridge,
  ticket: MirroredTicket,
  said: Said,
  part: number,
  { content, files }: Part,
): Promise<void> {
  const channelId = ticket.mirror.channel_id as string;
  const original: Rendition = { name: '', content, files };
  const attempt: Try = async (one) =>
    deliver(bridge, ticket, {
      channelId,
      key: `${said.entryId} ${part}`,
      rendition: one.name + (one.leftOut ? ' -files' : ''),
      body: { content: contentOf(one) },
      files: [...(one.text ? [one.text] : []), ...(await loadFiles(bridge, one.files))],
      isIt: isSpeech,
      inLogOrder: said.inLogOrder,
    });
  const { outcome, rendition } = await tryRenditions(bridge, ticket, said, original, attempt);
  if (outcome.end !== 'done') throw failureOf(bridge, ticket, channelId, outcome);
  if (!outcome.value) return;
  notePost(ticket, {
    id: outcome.value,
    ticket_id: ticket.id,
    channel_id: channelId,
    message_id: said.messageId,
    seq: said.seq,
    part,
    direction: 'out',
    hash: '',
    edited: 0,
    files: rendition.files.map((file) => ({ attachment: '', file: file.id })),
    epoch: bridge.lease.fencingToken,
  });
}

/**
 * Posts what is not there yet of a message. The last of its posts is committed by the caller, with
 * what it is a part of.
 */
export async function postSpeech(
  bridge: Bridge,
  ticket: MirroredTicket,
  said: Said,
): Promise<void> {
  const posted = new Set<number>();
  // Only where an attempt may have come to its end unseen can there be posts of it.
  if (ticket.inDoubt || !said.inLogOrder) {
    await settlePosts(bridge, ticket);
    for (const row of await listPosts(bridge.ctx, said.messageId)) {
      posted.add(row.part);
      // It was written down just before a crash, and how far the mirror had come was not.
      notePost(ticket, { ...row, epoch: bridge.lease.fencingToken });
    }
  }
  for (const [index, part] of planParts(said.speech, said.files).entries()) {
    if (posted.has(index)) continue;
    if (index > 0) await commit(bridge, ticket);
    await postPart(bridge, ticket, said, index, part);
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
    await commit(bridge, ticket);
  }
}
