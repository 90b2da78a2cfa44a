import { isStaffRole } from '../../src/contract/identity.ts';
import {
  type Entry,
  isOfMessage,
  type MessageChangeEntry,
  type MessageEntry,
  messageIdOf,
} from '../../src/domain/log/entry.ts';
import { listPosts } from '../../src/domain/mirror/posts.ts';
import { writtenAs } from '../../src/domain/mirror/states.ts';
import type { Bridge } from '../bridge.ts';
import type { Speech } from '../format.ts';
import type { MirroredTicket } from '../mirrored-tickets.ts';
import { compareIds } from '../snowflakes.ts';
import { settlePosts } from './commits.ts';
import { deletePosts, editSpeech } from './posts/message-edits.ts';
import { postSpeech } from './posts/message-posts.ts';
import { showReactions } from './posts/reactions.ts';
import type { Said } from './posts/speech-parts.ts';

type Origin = Pick<Entry, 'origin' | 'client_id'>;
type OfMessage = MessageEntry | MessageChangeEntry;

/** The message's first entry, or what a change says of it. */
const firstOf = (entry: OfMessage) => (entry.type === 'message' ? entry : entry.of);

function speechOf(entry: OfMessage): Speech {
  const { author, origin } = firstOf(entry);
  const text = entry.content;
  if (entry.stream === 'internal') return { name: author.name, tag: 'note', text };
  if (origin === 'system') return { name: author.name, tag: 'system', text };
  if (isStaffRole(author.role)) return { name: author.name, tag: 'staff', text };
  return { name: author.name, text };
}

function saidIn(entry: OfMessage, inLogOrder: boolean): Said {
  return {
    entryId: entry.id,
    messageId: messageIdOf(entry),
    seq: entry.seq,
    stream: entry.stream,
    speech: speechOf(entry),
    authorId: firstOf(entry).author.id,
    files: entry.files ?? [],
    answers: firstOf(entry).reply_to,
    inLogOrder,
  };
}

/** True for what staff wrote in this very channel; snowflakes grow, so an older one is of one that is lost. */
function standsThere(first: Origin, channelId: string): boolean {
  const snowflake = writtenAs(first);
  return snowflake !== undefined && compareIds(snowflake, channelId) > 0;
}

/**
 * Shows one entry of the log in the ticket's channel. What was written there is there already, and
 * a change of the ticket itself is shown by its card. The caller commits what was posted.
 * @param inLogOrder false for what comes after newer entries, because it was put off
 * @returns whether there was anything to show, and of a message whether staff cannot read all of it there
 * @throws Deferred for an edit or a deletion that Discord's limits put off
 */
export async function mirrorEntry(
  bridge: Bridge,
  ticket: MirroredTicket,
  entry: Entry,
  inLogOrder: boolean,
): Promise<{ shown: boolean; isPartial?: boolean }> {
  const nothing = { shown: false };
  if (!isOfMessage(entry)) return nothing;
  if (entry.type === 'react') {
    const log = { ticketId: ticket.id, stream: entry.stream };
    if (entry.origin !== 'discord') await showReactions(bridge, ticket, log, messageIdOf(entry));
    return nothing;
  }
  const isDone = entry.type !== 'delete' || entry.origin === 'discord';
  if (isDone && standsThere(firstOf(entry), ticket.mirror.channel_id as string)) return nothing;
  const said = saidIn(entry, inLogOrder);
  if (entry.type === 'message') {
    return { shown: true, isPartial: !(await postSpeech(bridge, ticket, said)) };
  }
  if (entry.type === 'edit') await editSpeech(bridge, ticket, said);
  else {
    await settlePosts(bridge, ticket);
    await deletePosts(bridge, ticket, await listPosts(bridge.ctx, said.messageId));
  }
  return { shown: true };
}
