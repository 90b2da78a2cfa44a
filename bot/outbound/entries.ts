import { isStaffRole } from '../../src/contract/identity.ts';
import {
  type Entry,
  isOfMessage,
  type MessageChangeEntry,
  type MessageEntry,
  messageIdOf,
} from '../../src/domain/log/entry.ts';
import { listPosts } from '../../src/domain/mirror/posts.ts';
import type { Bridge } from '../bridge.ts';
import type { Speech } from '../format.ts';
import type { MirroredTicket } from '../mirrored-tickets.ts';
import { compareIds } from '../posting.ts';
import { deletePosts, editSpeech, postSpeech, type Said } from './message-posts.ts';

type Origin = Pick<Entry, 'origin' | 'client_id'>;
type OfMessage = MessageEntry | MessageChangeEntry;

/** The message's first entry, or what a change says of it. */
const firstOf = (entry: OfMessage) => (entry.type === 'message' ? entry : entry.of);

function speechOf(entry: OfMessage): Speech {
  const { author, origin } = firstOf(entry);
  const text = entry.content;
  if (origin === 'system') return { name: author.name, tag: 'system', text };
  if (isStaffRole(author.role)) return { name: author.name, tag: 'staff', text };
  return { name: author.name, text };
}

function saidIn(entry: OfMessage): Said {
  return {
    entryId: entry.id,
    messageId: messageIdOf(entry),
    seq: entry.seq,
    speech: speechOf(entry),
    files: entry.files ?? [],
  };
}

/** True for what staff wrote in this very channel; snowflakes grow, so an older one is of one that is lost. */
function standsThere({ origin, client_id }: Origin, channelId: string): boolean {
  return origin === 'discord' && compareIds(client_id, channelId) > 0;
}

/**
 * Shows one entry of the log in the ticket's channel. What was written there is there already, and
 * a change of the ticket itself is shown by its card.
 * @returns whether there was anything to show
 */
export async function mirrorEntry(
  bridge: Bridge,
  ticket: MirroredTicket,
  entry: Entry,
): Promise<boolean> {
  if (!isOfMessage(entry)) return false;
  const isDone = entry.type !== 'delete' || entry.origin === 'discord';
  if (isDone && standsThere(firstOf(entry), ticket.mirror.channel_id as string)) return false;
  if (entry.type === 'message') await postSpeech(bridge, ticket, saidIn(entry));
  else if (entry.type === 'delete') {
    await deletePosts(bridge, ticket, await listPosts(bridge.ctx, entry.of.id));
  } else await editSpeech(bridge, ticket, saidIn(entry));
  return true;
}
