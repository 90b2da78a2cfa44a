import type { RawFile } from 'discord.js';
import { loadFile } from '../../../src/domain/files/read.ts';
import { listPosts } from '../../../src/domain/mirror/posts.ts';
import type { Bridge } from '../../bridge.ts';
import type { MirroredTicket } from '../../mirrored-tickets.ts';
import { isSpeechOf, type Posted } from '../../own-posts.ts';
import { deliverPost, type Persona } from '../../posting.ts';
import { commit, notePost, settlePosts } from '../commits.ts';
import { type Done, postAsCustomer, saysSo } from '../personas/persona-posts.ts';
import { type Try, tryRenditions } from './attempts.ts';
import { failureOf } from './refusals.ts';
import { contentOf, type File, isReduced, type Rendition } from './renditions.ts';
import { referenceTo } from './replies.ts';
import { isCustomers, type Part, planParts, type Said } from './speech-parts.ts';

/** The files that are still there: those of a message deleted since are gone, though the log has them. */
async function loadFiles(bridge: Bridge, files: readonly File[]): Promise<RawFile[]> {
  const loaded: RawFile[] = [];
  for (const { id, name, type } of files) {
    const data = await loadFile(bridge.ctx, id);
    if (data) loaded.push({ name, data, contentType: type });
  }
  return loaded;
}

/** Posts a part in the bot's own name, in whichever rendition Discord takes. */
async function postAsBot(
  bridge: Bridge,
  ticket: MirroredTicket,
  said: Said,
  part: number,
  { content, files }: Part,
  deliverAs: (body: object) => Try<Posted | undefined>,
): Promise<Done> {
  const reference = part === 0 ? await referenceTo(bridge, ticket, said) : {};
  const original: Rendition = { name: '', content, files };
  const tried = await tryRenditions(bridge, ticket, said, original, deliverAs(reference));
  const { outcome, rendition } = tried;
  if (outcome.end === 'done') return { value: outcome.value, rendition };
  throw failureOf(bridge, ticket, ticket.mirror.channel_id as string, outcome);
}

/** @returns whether staff can read all of it there */
export async function postPart(
  bridge: Bridge,
  ticket: MirroredTicket,
  said: Said,
  part: number,
  whole: Part,
): Promise<boolean> {
  const channelId = ticket.mirror.channel_id as string;
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
  const asThem = (persona: Persona) => deliverAs({}, persona);
  const done =
    (isCustomers(said) && (await postAsCustomer(bridge, ticket, said, part, whole, asThem))) ||
    (await postAsBot(bridge, ticket, said, part, whole, deliverAs));
  if (!done.value) return true;
  const isPartial = done.value.partial || isReduced(done.rendition);
  notePost(ticket, {
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
    ...done.value,
    ...(isPartial && { partial: isPartial }),
  });
  return !isPartial;
}

/**
 * Posts what is not there yet of a message. The last of its posts is committed by the caller, with
 * what it is a part of.
 * @returns whether staff can read all of it there
 */
export async function postSpeech(
  bridge: Bridge,
  ticket: MirroredTicket,
  said: Said,
): Promise<boolean> {
  let isWhole = true;
  const posted = new Set<number>();
  // Only where an attempt may have come to its end unseen can there be posts of it.
  if (ticket.inDoubt[said.stream] || !said.inLogOrder) {
    await settlePosts(bridge, ticket);
    for (const row of await listPosts(bridge.ctx, said.messageId)) {
      posted.add(row.part);
      if (row.partial) isWhole = false;
      // It was written down just before a crash, and how far the mirror had come was not.
      notePost(ticket, { ...row, epoch: bridge.lease.fencingToken });
    }
  }
  for (const [index, part] of planParts(said.speech, said.files).entries()) {
    if (posted.has(index)) continue;
    if (index > 0) await commit(bridge, ticket, said.stream);
    if (!(await postPart(bridge, ticket, said, index, part))) isWhole = false;
  }
  return isWhole;
}
