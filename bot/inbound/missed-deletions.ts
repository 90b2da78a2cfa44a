import { publicLog } from '../../src/domain/log/entry.ts';
import { readMessage } from '../../src/domain/log/message-reads.ts';
import {
  listIngested,
  listPosts,
  listUnrecorded,
  type Post,
} from '../../src/domain/mirror/posts.ts';
import type { Bridge } from '../bridge.ts';
import { code, hasCode } from '../discord-errors.ts';
import type { MirroredTicket } from '../mirrored-tickets.ts';
import { retryAfterRateLimit } from '../rate-limit-retry.ts';
import { compareIds } from '../snowflakes.ts';
import { PAGE, type Place, type Recent } from './channel-pages.ts';
import { attempt } from './dead-letters.ts';
import { takeBack } from './ingest-edit.ts';
import { ingestDeleted } from './proxies.ts';
import { isPermanent } from './receipts.ts';

/** True where Discord says that it has no such message; anything else leaves it as it is. */
async function isDeleted(bridge: Bridge, channel: Place, id: string): Promise<boolean> {
  try {
    await retryAfterRateLimit(bridge, () =>
      channel.messages.fetch({ message: id, force: true, cache: false }),
    );
    return false;
  } catch (error) {
    if (hasCode(error, code.unknownMessage)) return true;
    throw error;
  }
}

/** The same of what a bot has stored and was killed before it had written down which message it was. */
async function takeBackUnrecorded(
  bridge: Bridge,
  ticket: MirroredTicket,
  channel: Place,
  ingested: readonly Post[],
  isMissing: (id: string) => boolean,
): Promise<void> {
  const seqs = ingested.filter(({ stream }) => stream !== 'internal').map(({ seq }) => seq);
  const log = publicLog(ticket.id);
  const unrecorded = await listUnrecorded(bridge.ctx, ticket.id, Math.max(0, ...seqs));
  for (const { messageId, clientId } of unrecorded) {
    const [id = '', lives = '0'] = clientId.split(':');
    // Of a channel from before this one nothing can be asked.
    if (!isMissing(id) || compareIds(id, channel.id) < 0) continue;
    // What a proxy has said again stands under that one's id.
    if ((await listPosts(bridge.ctx, messageId)).length > 0) continue;
    const message = await readMessage(bridge.ctx.db, log, messageId);
    if (!message || message.deleted || !(await isDeleted(bridge, channel, id))) continue;
    const life = { id, lives: Number(lives) };
    await takeBack(bridge, message, life).catch((error: unknown) => {
      if (!isPermanent(error)) throw error;
    });
  }
}

/**
 * Takes back what was deleted meanwhile, as far as the recent messages reach. An empty list says
 * nothing: Discord also answers so to a bot that may not read the history.
 * @param dropped events beyond what is held, each of which may have been a deletion
 */
export async function ingestMissedDeletions(
  bridge: Bridge,
  ticket: MirroredTicket,
  channel: Place,
  { messages, from }: Recent,
  dropped: number,
): Promise<void> {
  if (messages.length === 0) return;
  const there = new Set(messages.map(({ id }) => id));
  const ingested = await listIngested(bridge.ctx, ticket.id, messages.length + PAGE + dropped);
  const isMissing = (id: string) => !there.has(id) && compareIds(id, from) >= 0;
  for (const { id, channel_id } of ingested) {
    if (channel_id !== channel.id || !isMissing(id)) continue;
    if (!(await isDeleted(bridge, channel, id))) continue;
    await attempt(bridge, ticket, `deleted ${id}`, () => ingestDeleted(bridge, ticket, id));
  }
  if (channel.id !== ticket.mirror.channel_id) return;
  await takeBackUnrecorded(bridge, ticket, channel, ingested, isMissing);
}
