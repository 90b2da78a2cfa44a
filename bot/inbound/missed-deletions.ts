import { listIngested } from '../../src/domain/mirror/posts.ts';
import type { Bridge } from '../bridge.ts';
import { code, hasCode } from '../discord-errors.ts';
import type { MirroredTicket } from '../mirrored-tickets.ts';
import { retryAfterRateLimit } from '../rate-limit-retry.ts';
import { compareIds } from '../snowflakes.ts';
import { PAGE, type Place, type Recent } from './channel-pages.ts';
import { attempt } from './dead-letters.ts';
import { ingestDeleted } from './proxies.ts';

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
  for (const { id, channel_id } of ingested) {
    if (channel_id !== channel.id || there.has(id) || compareIds(id, from) < 0) continue;
    if (!(await isDeleted(bridge, channel, id))) continue;
    await attempt(bridge, ticket, `deleted ${id}`, () => ingestDeleted(bridge, ticket, id));
  }
}
