import { SnowflakeUtil } from 'discord.js';
import { findPosts } from '../../src/domain/mirror/posts.ts';
import type { Bridge } from '../bridge.ts';
import { whyAway } from '../guilds/guild-state.ts';
import { describe } from '../rest/discord-errors.ts';
import { LATE_MS } from './catch-up.ts';
import { guildOf } from './writers.ts';

/** The newest message of each open thread when it was last asked for, by the thread's id. */
const met = new WeakMap<Bridge, ReadonlyMap<string, string>>();

/**
 * Asks Discord for the open threads of a guild, all in one call, and has the channels looked into as a whole
 * in whose threads something stands that was not taken in. A thread that the gateway never told of is known
 * from then on.
 */
async function lookIntoThreads(bridge: Bridge): Promise<void> {
  const { ctx, tickets, inbound } = bridge;
  const before = met.get(bridge) ?? new Map<string, string>();
  const { threads } = await guildOf(bridge).channels.fetchActiveThreads();
  const late = ctx.clock() - LATE_MS;
  const now = new Map<string, string>();
  const changed = new Map<string, string>();
  for (const { id, parentId, lastMessageId } of threads.values()) {
    const ticketId = tickets.idOfChannel(parentId ?? '');
    const last = before.get(id) ?? '0';
    if (!ticketId || !lastMessageId) continue;
    const isLate = SnowflakeUtil.timestampFrom(lastMessageId) < late;
    now.set(id, isLate ? lastMessageId : last);
    if (isLate && lastMessageId !== last) changed.set(lastMessageId, ticketId);
  }
  const posts = await findPosts(ctx, [...changed.keys()]);
  for (const [messageId, ticketId] of changed) {
    const ticket = tickets.known(ticketId);
    if (!ticket || posts.has(messageId)) continue;
    ticket.caughtUpGeneration = -1;
    inbound.schedule(ticketId);
  }
  met.set(bridge, now);
}

/** The same in every guild; one that does not answer is asked in the next round. */
export function lookIntoAllThreads({ guilds, log, tickets }: Bridge): void {
  if (tickets.withChannel().length === 0) return;
  for (const guild of guilds.all) {
    if (whyAway(guild)) continue;
    lookIntoThreads(guild).catch((error: unknown) =>
      log.debug({ reason: describe(error) }, 'the threads of a server are not known'),
    );
  }
}
