import { type APIThreadChannel, Routes } from 'discord.js';
import type { Bridge } from './bridge.ts';
import { code, hasCode, isInaccessible, MirrorProblem } from './rest/discord-errors.ts';
import { retryAfterRateLimit } from './rest/rate-limit-retry.ts';

/** Threads of one channel, open and archived; one with more is not removed. */
export const MAX_THREADS = 1000;
const PAGE = 100;

interface Threads {
  threads: APIThreadChannel[];
  has_more?: boolean;
}

async function get(bridge: Bridge, route: `/${string}`, query = ''): Promise<Threads> {
  const call = () => bridge.rest.get(route, { query: new URLSearchParams(query) });
  return (await retryAfterRateLimit(bridge, call)) as Threads;
}

/** All open threads of the guild, as far as the bot may see them. */
export async function listOpenThreads(bridge: Bridge): Promise<APIThreadChannel[]> {
  return (await get(bridge, Routes.guildActiveThreads(bridge.settings.guildId))).threads;
}

/** Where the next page begins, which may overlap: threads that were archived at once are not parted. */
const justAfter = (timestamp: string) => new Date(Date.parse(timestamp) + 1).toISOString();

/**
 * The archived threads of a channel, or posts of a forum, the last archived first; read a page at a time,
 * until there are more than `MAX_THREADS`.
 */
export async function listArchivedThreads(
  bridge: Bridge,
  channelId: string,
  kind: 'public' | 'private',
): Promise<APIThreadChannel[]> {
  const found = new Map<string, APIThreadChannel>();
  let before = '';
  for (;;) {
    const query = `limit=${PAGE}${before && `&before=${encodeURIComponent(before)}`}`;
    const page = await get(bridge, Routes.channelThreads(channelId, kind), query);
    const known = found.size;
    for (const thread of page.threads) found.set(thread.id, thread);
    const last = page.threads.at(-1)?.thread_metadata?.archive_timestamp;
    if (!page.has_more || !last || found.size > MAX_THREADS || bridge.ended) break;
    before = found.size > known ? justAfter(last) : last;
  }
  return [...found.values()];
}

/**
 * The threads of a channel, archived ones too, as far as the bot may see them.
 * @throws MirrorProblem where they are more than are read; where the channel is gone
 */
export async function listThreads(bridge: Bridge, channelId: string): Promise<APIThreadChannel[]> {
  const seen = (list: Promise<APIThreadChannel[]>) =>
    list.catch((error: unknown) => {
      if (isInaccessible(error) && !hasCode(error, code.unknownChannel)) return [];
      throw error;
    });
  const open = await seen(listOpenThreads(bridge));
  const found = new Map(
    open.filter((one) => one.parent_id === channelId).map((thread) => [thread.id, thread]),
  );
  for (const kind of ['public', 'private'] as const) {
    for (const one of await seen(listArchivedThreads(bridge, channelId, kind)))
      found.set(one.id, one);
  }
  if (found.size > MAX_THREADS) {
    throw new MirrorProblem(
      `the channel has more than ${MAX_THREADS} threads: save by hand what no transcript has, then remove it`,
    );
  }
  return [...found.values()];
}
