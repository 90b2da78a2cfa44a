import { type APIChannel, type APIThreadChannel, Routes } from 'discord.js';
import type { Bridge } from '../bridge.ts';
import { code, hasCode, isInaccessible, MirrorProblem } from '../rest/discord-errors.ts';
import { retryAfterRateLimit } from '../rest/rate-limit-retry.ts';

/** Threads of one channel, open and archived; one with more is not removed. */
export const MAX_THREADS = 1000;
const PAGE = 100;

interface Threads {
  threads: APIChannel[];
  has_more?: boolean;
}

/** One list of threads; an empty one where the bot may not have it. @throws where the channel is gone */
async function get(bridge: Bridge, route: `/${string}`, query = ''): Promise<Threads> {
  try {
    const params = new URLSearchParams(query);
    const call = () => bridge.rest.get(route, { query: params });
    return (await retryAfterRateLimit(bridge, call)) as Threads;
  } catch (error) {
    if (isInaccessible(error) && !hasCode(error, code.unknownChannel)) return { threads: [] };
    throw error;
  }
}

const archivedAt = (thread: APIChannel | undefined) =>
  (thread as APIThreadChannel | undefined)?.thread_metadata?.archive_timestamp ?? '';

/** Where the next page begins, which may overlap: threads that were archived at once are not parted. */
const justAfter = (timestamp: string) => new Date(Date.parse(timestamp) + 1).toISOString();

/** Adds the archived threads of a kind, the last archived first, a page at a time. */
async function addArchived(
  bridge: Bridge,
  channelId: string,
  kind: 'public' | 'private',
  found: Map<string, APIChannel>,
): Promise<void> {
  let before = '';
  for (;;) {
    const query = `limit=${PAGE}${before && `&before=${encodeURIComponent(before)}`}`;
    const page = await get(bridge, Routes.channelThreads(channelId, kind), query);
    const known = found.size;
    for (const thread of page.threads) found.set(thread.id, thread);
    const last = archivedAt(page.threads.at(-1));
    if (!page.has_more || !last || found.size > MAX_THREADS || bridge.ended) return;
    before = found.size > known ? justAfter(last) : last;
  }
}

/**
 * The threads of a channel, archived ones too, as far as the bot may see them.
 * @throws MirrorProblem where they are more than are read
 */
export async function listThreads(bridge: Bridge, channelId: string): Promise<APIChannel[]> {
  const { threads } = await get(bridge, Routes.guildActiveThreads(bridge.settings.guildId));
  const own = threads.filter((one) => 'parent_id' in one && one.parent_id === channelId);
  const found = new Map(own.map((thread) => [thread.id, thread]));
  await addArchived(bridge, channelId, 'public', found);
  await addArchived(bridge, channelId, 'private', found);
  if (found.size > MAX_THREADS) {
    throw new MirrorProblem(
      `the channel has more than ${MAX_THREADS} threads: save by hand what no transcript has, then remove it`,
    );
  }
  return [...found.values()];
}
