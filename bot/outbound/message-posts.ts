import type { RawFile } from 'discord.js';
import { loadFile } from '../../src/domain/files/read.ts';
import type { Stream } from '../../src/domain/log/entry.ts';
import { readMessage } from '../../src/domain/log/message-reads.ts';
import { listPosts } from '../../src/domain/mirror/posts.ts';
import type { Bridge } from '../bridge.ts';
import type { Outcome, Refusal } from '../call-ends.ts';
import {
  bareParts,
  escapeName,
  MAX_CONTENT,
  neutralise,
  type Speech,
  shorten,
  speechParts,
  systemLine,
} from '../format.ts';
import type { MirroredTicket } from '../mirrored-tickets.ts';
import { deliverPost, isSpeechOf, type Outgoing, type Persona, type Posted } from '../posting.ts';
import { commit, notePost, settlePosts } from './commits.ts';
import { leavePersona, personaOf } from './personas.ts';
import { failureOf, whyRefused } from './refusals.ts';
import { afterRefusal, breakLinks, contentOf, type File, type Rendition } from './renditions.ts';

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

export interface Part {
  content: string;
  /** The same as it stands under its author's own name. */
  bare: string;
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
  const bare = bareParts(speech);
  const parts: Part[] = speechParts(speech).map((content, nth) => {
    return { content, bare: bare[nth] ?? '', files: [] };
  });
  const [first, ...further] = groupFiles(files);
  if (first) (parts.at(-1) as Part).files = first;
  for (const group of further) {
    parts.push({ content: `${headerOf(speech)} files`, bare: '', files: group });
  }
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

export type Try<T> = (rendition: Rendition) => Promise<Outcome<T>>;

/** Whose words a webhook may say: the customers', and nobody's else. */
export function isCustomers({ speech }: Pick<Said, 'speech'>): boolean {
  return speech.tag === undefined;
}

/** Tries one rendition after the other until Discord takes one. */
export async function tryRenditions<T>(
  bridge: Bridge,
  ticket: MirroredTicket,
  said: Said,
  original: Rendition,
  attempt: Try<T>,
  header = headerOf(said.speech),
): Promise<{ outcome: Outcome<T>; rendition: Rendition }> {
  const channelId = ticket.mirror.channel_id as string;
  for (let rendition = original; ; ) {
    const outcome = await attempt(rendition);
    if (outcome.end !== 'refused') return { outcome, rendition };
    const why = (cause: typeof outcome.cause) => whyRefused(bridge, channelId, cause);
    const next = afterRefusal(header, original, rendition, outcome.cause, why);
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

/** A webhook cannot reply: what is answered stands above the words, as a line that customers cannot write. */
async function quoteOf(bridge: Bridge, ticket: MirroredTicket, said: Said): Promise<string> {
  if (!said.answers) return '';
  const log = { ticketId: ticket.id, stream: said.stream };
  const message = await readMessage(bridge.ctx.db, log, said.answers);
  const { message_reference: to } = await referenceTo(bridge, ticket, said);
  const { guildId } = bridge.settings;
  const link = to
    ? ` https://discord.com/channels/${guildId}/${ticket.mirror.channel_id}/${to.message_id}`
    : '';
  if (!message || message.deleted) return `${systemLine(`↪ a message${link}`)}\n`;
  const text = neutralise(shorten(message.content, 100)).replace(/\s+/g, ' ');
  return `${systemLine(`↪ **${escapeName(message.author.name)}**: ${text}${link}`)}\n`;
}

/** A part as a webhook says it. */
export async function bareContent(
  bridge: Bridge,
  ticket: MirroredTicket,
  said: Said,
  part: number,
  { bare, files }: Pick<Part, 'bare' | 'files'>,
): Promise<string> {
  const quote = part === 0 ? await quoteOf(bridge, ticket, said) : '';
  const whole = quote.length + bare.length <= MAX_CONTENT ? quote + bare : bare;
  return whole.trim() === '' && files.length === 0 ? systemLine('(no text)') : whole;
}

const packed = (text: string) => text.replace(/\s+/g, '');

/**
 * Tells a webhook's post of these words, in whichever rendition, below a quote, or above a line of what was
 * left out; white space is Discord's to change.
 */
function saysSo(bare: string): Outgoing['isIt'] {
  const variants = [packed(bare), packed(breakLinks(bare))];
  return ({ content, attachments }) => {
    const there = packed(content);
    if (there.includes('*(Discorddoesnottake')) return true;
    if (packed(bare) === '') return attachments.length > 0 || there.includes('(notext)');
    return variants.some((one) => there.endsWith(one) || there.startsWith(`${one}-#Notshownhere`));
  };
}

const ofText: readonly Refusal[] = ['content', 'files'];

/**
 * Posts a part in its author's name.
 * @returns nothing where the bot has to do it: the webhook is gone or refuses, which staff are told
 */
async function postAs(
  bridge: Bridge,
  ticket: MirroredTicket,
  said: Said,
  persona: Persona,
  original: Rendition,
  deliverOne: Try<Posted | undefined>,
) {
  let left: Parameters<typeof leavePersona>[2] | undefined;
  const attempt: Try<Posted | undefined> = async (one) => {
    const outcome = await deliverOne(one);
    if (outcome.end !== 'refused' || ofText.includes(outcome.cause)) return outcome;
    // Not the text is at fault: there is no use in another one.
    left = outcome;
    return { end: 'gone', what: 'webhook', error: outcome.error };
  };
  const tried = await tryRenditions(bridge, ticket, said, original, attempt, '');
  const { outcome } = tried;
  if (outcome.end === 'done') return { value: outcome.value, rendition: tried.rendition };
  bridge.log.debug({ hook: persona.hook.id }, 'a webhook did not take a post');
  if (outcome.end === 'gone' && outcome.what !== 'webhook') return undefined;
  await leavePersona(bridge, ticket, left ?? outcome);
  return undefined;
}

export async function postPart(
  bridge: Bridge,
  ticket: MirroredTicket,
  said: Said,
  part: number,
  whole: Part,
): Promise<void> {
  const channelId = ticket.mirror.channel_id as string;
  const { content, files } = whole;
  const deliverAs = (body: object, persona?: Persona): Try<Posted | undefined> => {
    return async (one) =>
      deliverPost(bridge, ticket, {
        channelId,
        key: `${said.entryId} ${part}`,
        rendition: one.name + (one.leftOut ? ' -files' : ''),
        body: { content: contentOf(one), ...body },
        files: [...(one.text ? [one.text] : []), ...(await loadFiles(bridge, one.files))],
        isIt: isSpeechOf(said.stream),
        ...(isCustomers(said) && { isTheirs: saysSo(whole.bare) }),
        ...(persona && { persona }),
        stream: said.stream,
        inLogOrder: said.inLogOrder,
      });
  };
  const persona = isCustomers(said) && (await personaOf(bridge, ticket, said.speech.name));
  const bare = persona && (await bareContent(bridge, ticket, said, part, whole));
  let done =
    persona &&
    (await postAs(
      bridge,
      ticket,
      said,
      persona,
      { name: '', content: bare || '', files },
      deliverAs({}, persona),
    ));
  if (!done) {
    const reference = part === 0 ? await referenceTo(bridge, ticket, said) : {};
    const original: Rendition = { name: '', content, files };
    const tried = await tryRenditions(bridge, ticket, said, original, deliverAs(reference));
    const { outcome, rendition } = tried;
    if (outcome.end !== 'done') throw failureOf(bridge, ticket, channelId, outcome);
    done = { value: outcome.value, rendition };
  }
  if (!done.value) return;
  notePost(ticket, {
    ...done.value,
    ticket_id: ticket.id,
    channel_id: channelId,
    message_id: said.messageId,
    ...(said.stream === 'internal' && { stream: said.stream }),
    seq: said.seq,
    part,
    direction: 'out',
    hash: '',
    edited: 0,
    files: done.rendition.files.map((file) => ({ attachment: '', file: file.id })),
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
