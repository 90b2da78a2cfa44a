import { findPost } from '../../src/domain/mirror/posts.ts';
import type { Bridge } from '../bridge.ts';
import { marks } from '../marking.ts';
import type { MirroredTicket } from '../mirrored-tickets.ts';
import { fetchPerson } from '../people.ts';
import { channelOf } from './channel-pages.ts';
import { incomingOf } from './incoming.ts';
import { carryOut } from './ingest.ts';
import { judge } from './judge.ts';
import { markOf } from './receipts.ts';
import { guildOf } from './writers.ts';

const tried = {
  taken: `Passed on now: ${marks.taken}.`,
  note: `Kept as a note: ${marks.note}.`,
  refused: 'It could not be passed on this time either; the line under it says why.',
} as const;

/**
 * Tries again to pass on a message that was refused as a whole: it is judged anew, as it stands there now and
 * by what its writer may now. Safe to repeat.
 * @returns what became of it, in words for who asked
 */
export async function tryAgain(
  bridge: Bridge,
  ticket: MirroredTicket,
  messageId: string,
): Promise<string> {
  const before = await findPost(bridge.ctx, messageId);
  if (before?.direction === 'in') return 'It was passed on already.';
  const channel = before && (await channelOf(bridge, before.channel_id));
  const wanted = { message: messageId, force: true, cache: false };
  const message = channel ? await channel.messages.fetch(wanted).catch(() => undefined) : undefined;
  if (!message || before?.direction !== 'ignored') return 'The message is not there any more.';
  const seen = incomingOf(bridge, message, false, channel);
  // As of this moment: a role may have been what was missing.
  const incoming = { ...seen, writer: await fetchPerson(guildOf(bridge), message.author) };
  await carryOut(bridge, ticket, incoming, await judge(bridge, incoming), before);
  const post = await findPost(bridge.ctx, messageId);
  return tried[post ? markOf(post, incoming.internalNote) : 'refused'];
}
