import type { LogId, Stream } from '../../src/domain/log/entry.ts';
import { readMessage } from '../../src/domain/log/message-reads.ts';
import { findPost, listIngested, type Post } from '../../src/domain/mirror/posts.ts';
import {
  findUnrecorded,
  listUnrecorded,
  type Unrecorded,
} from '../../src/domain/mirror/unrecorded.ts';
import type { Bridge } from '../bridge.ts';
import { isGuest } from '../guests.ts';
import { isFromBefore, type MirroredTicket } from '../mirrored-tickets.ts';
import { isForbidden, isInaccessible } from '../rest/discord-errors.ts';
import { compareIds } from '../snowflakes.ts';
import { isDeleted, PAGE, type Place, type Recent } from './channel-pages.ts';
import { attempt } from './dead-letters.ts';
import { ingestDeleted } from './proxies.ts';
import { markIn } from './receipts.ts';

/** The same, where what keeps the bot from a thread, or its removal, says nothing of what stood in it. */
async function isGone(bridge: Bridge, channel: Place, placeId: string, id: string) {
  try {
    return await isDeleted(bridge, placeId, id);
  } catch (error) {
    if (placeId === channel.id || !isInaccessible(error)) throw error;
    return false;
  }
}

/** What would be written down of a message that is in a log. */
function postOf(
  { lease }: Bridge,
  { ticketId, stream }: LogId,
  { id, lives, messageId, seq }: Unrecorded,
  placeId: string,
  isAmongStaff: boolean,
): Post {
  return {
    ...{ id, lives, seq, ticket_id: ticketId, channel_id: placeId, message_id: messageId },
    ...{ part: 0, direction: 'in', hash: '', edited: 0, files: [], mark: markIn(stream) },
    ...(stream === 'internal' && { stream }),
    ...(isAmongStaff && { among_staff: true }),
    epoch: lease.fencingToken,
  };
}

/**
 * Takes a message back whose deletion the gateway has told of. Of one that stood in a channel from before the
 * present one no row says what it is: the log is asked.
 */
export async function ingestToldDeletion(
  bridge: Bridge,
  ticket: MirroredTicket,
  id: string,
): Promise<void> {
  const isKnown = !isFromBefore(ticket, id) || (await findPost(bridge.ctx, id)) !== undefined;
  if (isKnown) return ingestDeleted(bridge, ticket, id);
  for (const stream of ['public', 'internal'] as const) {
    const log = { ticketId: ticket.id, stream };
    const found = await findUnrecorded(bridge.ctx, log, id);
    if (!found) continue;
    const post = postOf(bridge, log, found, found.placeId ?? '', stream === 'internal');
    await ingestDeleted(bridge, ticket, id, post);
  }
}

/**
 * What was stored and not written down is taken back as though it had been, or goes on as what a proxy has said
 * again. What is still there is left to be found by whoever reads its place.
 */
async function takeBackUnrecorded(
  bridge: Bridge,
  ticket: MirroredTicket,
  channel: Place,
  stream: Stream,
  isThere: (id: string) => boolean,
): Promise<void> {
  const log = { ticketId: ticket.id, stream };
  for (const found of await listUnrecorded(bridge.ctx, log)) {
    const { id, messageId, placeId = channel.id } = found;
    // Of a channel from before this one nothing can be asked.
    if (compareIds(id, channel.id) < 0 || isThere(id)) continue;
    const message = await readMessage(bridge.ctx.db, log, messageId);
    if (!message || message.deleted || !(await isGone(bridge, channel, placeId, id))) continue;
    const isAmongStaff = placeId !== channel.id || isGuest(bridge, channel.id, message.author.id);
    const post = postOf(bridge, log, found, placeId, isAmongStaff);
    await attempt(bridge, ticket, `deleted ${id} ${messageId}`, () =>
      ingestDeleted(bridge, ticket, id, post),
    );
  }
}

/**
 * Takes back what was deleted meanwhile, as far as the recent messages reach. An empty list alone says nothing of
 * a place: Discord also answers so to a bot that may not read the history, which it refuses it when it is asked for
 * a message.
 * @param dropped events beyond what is held, each of which may have been a deletion
 */
export async function ingestMissedDeletions(
  bridge: Bridge,
  ticket: MirroredTicket,
  channel: Place,
  recent: Recent,
  dropped: number,
): Promise<void> {
  try {
    await takeBackMissed(bridge, ticket, channel, recent, dropped);
  } catch (error) {
    if (recent.messages.length > 0 || !isForbidden(error)) throw error;
    bridge.log.info({ ticket: ticket.id, place: channel.id }, 'a place shows nothing to the bot');
  }
}

async function takeBackMissed(
  bridge: Bridge,
  ticket: MirroredTicket,
  channel: Place,
  { messages, from }: Recent,
  dropped: number,
): Promise<void> {
  const there = new Set(messages.map(({ id }) => id));
  const limit = messages.length + PAGE + dropped;
  for (const { id } of await listIngested(bridge.ctx, ticket.id, limit, channel.id)) {
    if (there.has(id) || compareIds(id, from) < 0) continue;
    if (!(await isDeleted(bridge, channel.id, id))) continue;
    await attempt(bridge, ticket, `deleted ${id}`, () => ingestDeleted(bridge, ticket, id));
  }
  // Those of threads, too: what is new in the channel is taken in before the threads are read.
  if (channel.id !== ticket.mirror.channel_id) return;
  const isThere = (id: string) => there.has(id);
  await takeBackUnrecorded(bridge, ticket, channel, 'public', isThere);
  await takeBackUnrecorded(bridge, ticket, channel, 'internal', isThere);
}
