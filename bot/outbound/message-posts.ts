import type { RawFile } from 'discord.js';
import { loadFile } from '../../src/domain/files/read.ts';
import type { Stream } from '../../src/domain/log/entry.ts';
import { listPosts } from '../../src/domain/mirror/posts.ts';
import type { Bridge } from '../bridge.ts';
import type { Outcome } from '../call-ends.ts';
import { type Speech, speechParts } from '../format.ts';
import type { MirroredTicket } from '../mirrored-tickets.ts';
import { deliver, isSpeechOf } from '../posting.ts';
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
  stream: Stream;
  speech: Speech;
  files: readonly File[];
  /** The message of the log that it answers. */
  answers?: string | null | undefined;
  /** See `Outgoing`. */
  inLogOrder: boolean;
}

interface Part {
  content: string;
  files: File[];
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

export function headerOf(speech: Speech): string {
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

export type Try = (rendition: Rendition) => Promise<Outcome<string | undefined>>;

/** Tries one rendition after the other until Discord takes one. */
export async function tryRenditions(
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

/** Where the message that is answered stands in the channel, so that Discord shows it as answered. */
async function referenceTo(bridge: Bridge, ticket: MirroredTicket, { answers }: Said) {
  if (!answers) return {};
  const written = ticket.unrecorded.find(({ message_id }) => message_id === answers);
  const [post] = written ? [written] : await listPosts(bridge.ctx, answers);
  if (!post || post.channel_id !== ticket.mirror.channel_id) return {};
  return { message_reference: { message_id: post.id, fail_if_not_exists: false } };
}

export async function postPart(
  bridge: Bridge,
  ticket: MirroredTicket,
  said: Said,
  part: number,
  { content, files }: Part,
): Promise<void> {
  const channelId = ticket.mirror.channel_id as string;
  const original: Rendition = { name: '', content, files };
  const reference = part === 0 ? await referenceTo(bridge, ticket, said) : {};
  const attempt: Try = async (one) =>
    deliver(bridge, ticket, {
      channelId,
      key: `${said.entryId} ${part}`,
      rendition: one.name + (one.leftOut ? ' -files' : ''),
      body: { content: contentOf(one), ...reference },
      files: [...(one.text ? [one.text] : []), ...(await loadFiles(bridge, one.files))],
      isIt: isSpeechOf(said.stream),
      stream: said.stream,
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
    ...(said.stream === 'internal' && { stream: said.stream }),
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
  if (ticket.inDoubt[said.stream] || !said.inLogOrder) {
    await settlePosts(bridge, ticket);
    for (const row of await listPosts(bridge.ctx, said.messageId)) {
      posted.add(row.part);
      // It was written down just before a crash, and how far the mirror had come was not.
      notePost(ticket, { ...row, epoch: bridge.lease.fencingToken });
    }
  }
  for (const [index, part] of planParts(said.speech, said.files).entries()) {
    if (posted.has(index)) continue;
    if (index > 0) await commit(bridge, ticket, said.stream);
    await postPart(bridge, ticket, said, index, part);
  }
}
