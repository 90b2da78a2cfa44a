import { buffer } from 'node:stream/consumers';
import { type APIMessage, type RawFile, Routes } from 'discord.js';
import type { Message } from '../../src/domain/log/entry.ts';
import { listPosts, type Post, recordPost, removePosts } from '../../src/domain/mirror/posts.ts';
import type { Bridge } from '../bridge.ts';
import { code, hasCode, isRefused } from '../discord-errors.ts';
import { type Speech, speechParts } from '../format.ts';
import type { MirroredTicket } from '../mirrored-tickets.ts';
import { compareIds, deliver, hasText, noPings } from '../posting.ts';

type File = Message['files'][number];

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

function filesOnly(speech: Speech): string {
  return `${speechParts({ ...speech, text: '' })[0]} files`;
}

/** The posts a message takes: its text in order, the files with the last of it. */
export function planParts(speech: Speech, files: readonly File[]): Part[] {
  const parts: Part[] = speechParts(speech).map((content) => ({ content, files: [] }));
  const [first, ...further] = groupFiles(files);
  if (first) (parts.at(-1) as Part).files = first;
  for (const group of further) parts.push({ content: filesOnly(speech), files: group });
  return parts;
}

async function loadFiles(bridge: Bridge, files: readonly File[]): Promise<RawFile[]> {
  const loaded: RawFile[] = [];
  for (const { id, name, type } of files) {
    loaded.push({ name, data: await buffer(bridge.ctx.files.read(id)), contentType: type });
  }
  return loaded;
}

async function postPart(
  bridge: Bridge,
  ticket: MirroredTicket,
  said: Said,
  part: number,
  { content, files }: Part,
): Promise<void> {
  const channelId = ticket.mirror.channel_id as string;
  const key = `${said.entryId} ${part}`;
  const post = (text: string, withFiles: readonly File[], suffix: string) =>
    loadFiles(bridge, withFiles).then((loaded) =>
      deliver(bridge, ticket, {
        channelId,
        key: key + suffix,
        body: { content: text },
        files: loaded,
        isIt: (message: APIMessage) => hasText(message, text, withFiles.length),
      }),
    );
  let id: string | undefined;
  try {
    id = await post(content, files, '');
  } catch (error) {
    if (!isRefused(error)) throw error;
    bridge.ctx.reports.report(error, { part: 'discord', ticket: ticket.id, seq: said.seq });
    const [name] = speechParts({ ...said.speech, text: '' });
    id = await post(`${name} *(Discord does not take this message; the ticket has it)*`, [], ' r');
  }
  if (id) {
    const { fencingToken: epoch } = bridge.lease;
    const carried = files.map((file) => ({ attachment: '', file: file.id }));
    await recordPost(bridge.ctx, {
      id,
      ticket_id: ticket.id,
      channel_id: channelId,
      message_id: said.messageId,
      seq: said.seq,
      part,
      direction: 'out',
      hash: '',
      edited: 0,
      files: carried,
      epoch,
    });
  }
  const last_post = id ?? ticket.mirror.last_post;
  await bridge.tickets.save(ticket, { attempt: null, last_post });
}

/** Posts what is not there yet of a message. */
export async function postSpeech(
  bridge: Bridge,
  ticket: MirroredTicket,
  said: Said,
): Promise<void> {
  const rows = await listPosts(bridge.ctx, said.messageId);
  const posted = new Map(rows.map(({ part, id }) => [part, id]));
  for (const [index, part] of planParts(said.speech, said.files).entries()) {
    const id = posted.get(index);
    if (!id) await postPart(bridge, ticket, said, index, part);
    else if (compareIds(id, ticket.mirror.last_post) > 0) {
      // It was written down just before a crash, and this was not.
      await bridge.tickets.save(ticket, { last_post: id });
    }
  }
}

async function patchPost(bridge: Bridge, post: Post, content: string): Promise<void> {
  bridge.lease.require();
  await bridge.rest
    .patch(Routes.channelMessage(post.channel_id, post.id), {
      body: { content, allowed_mentions: noPings },
    })
    .catch(async (error: unknown) => {
      if (!hasCode(error, code.unknownMessage)) throw error;
      // A moderator has deleted it: there is nothing to edit any more.
      await removePosts(bridge.ctx, [post.id]);
    });
}

/** Deletes posts from the channel; one that is gone already, or with a lost channel, is as good. */
export async function deletePosts(
  bridge: Bridge,
  ticket: MirroredTicket,
  posts: readonly Post[],
): Promise<void> {
  for (const { channel_id, id } of posts) {
    bridge.lease.require();
    if (channel_id === ticket.mirror.channel_id) {
      await bridge.rest.delete(Routes.channelMessage(channel_id, id)).catch((error: unknown) => {
        if (!hasCode(error, code.unknownMessage)) throw error;
      });
    }
    await removePosts(bridge.ctx, [id]);
  }
}

/**
 * Makes the posts of a message say something else; it may take more or fewer of them now. What was
 * never seen in this channel is posted as an edited message.
 */
export async function editSpeech(
  bridge: Bridge,
  ticket: MirroredTicket,
  said: Said,
): Promise<void> {
  const rows = await listPosts(bridge.ctx, said.messageId);
  const started = rows.some(({ seq }) => seq < said.seq);
  if (!started) {
    const speech = { ...said.speech, edited: true };
    return postSpeech(bridge, ticket, { ...said, speech });
  }
  const texts = speechParts(said.speech);
  const byPart = new Map(rows.map((row) => [row.part, row]));
  const count = Math.max(texts.length, ...rows.map(({ part }) => part + 1));
  for (let part = 0; part < count; part++) {
    const row = byPart.get(part);
    const content = texts[part];
    if (row && content) await patchPost(bridge, row, content);
    else if (row?.files.length) await patchPost(bridge, row, filesOnly(said.speech));
    else if (row) await deletePosts(bridge, ticket, [row]);
    else if (content) await postPart(bridge, ticket, said, part, { content, files: [] });
  }
}
