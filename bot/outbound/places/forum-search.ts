import { type APIMessage, type APIThreadChannel, type Client, Events, Routes } from 'discord.js';
import { type Bridge, selfId } from '../../bridge.ts';
import type { MirroredTicket } from '../../mirrored-tickets.ts';
import { code, describe, hasCode, isInaccessible } from '../../rest/discord-errors.ts';
import { retryAfterRateLimit } from '../../rest/rate-limit-retry.ts';
import { compareIds } from '../../snowflakes.ts';
import { listArchivedThreads, listOpenThreads } from '../../thread-lists.ts';
import { isCard, ticketOfCard } from '../card/card.ts';
import { findChannel, removeChannel } from './channels.ts';
import { forumIds } from './forums.ts';

/** A post that Discord has just told of may be one whose row is about to be written, in milliseconds. */
const ROW_WAIT_MS = 10_000;

/** A post of the bot's own that is no ticket's, as far as is known, and the message it was opened with. */
interface Stray {
  thread: APIThreadChannel;
  first: APIMessage;
}

interface StrayList {
  askedAt: number;
  strays: Promise<Stray[]>;
}

const lists = new WeakMap<Bridge, StrayList>();

/** The message that a post was opened with, which has the post's id; none where somebody has deleted it. */
async function firstOf(bridge: Bridge, id: string): Promise<APIMessage | undefined> {
  try {
    const route = Routes.channelMessage(id, id);
    return (await retryAfterRateLimit(bridge, () => bridge.rest.get(route))) as APIMessage;
  } catch (error) {
    if (isInaccessible(error)) return undefined;
    throw error;
  }
}

async function listStrays(bridge: Bridge, forums: ReadonlySet<string>): Promise<Stray[]> {
  const all = await listOpenThreads(bridge);
  for (const id of forums) {
    // One that was removed a moment ago has none.
    const archived = await listArchivedThreads(bridge, id, 'public').catch((error: unknown) => {
      if (isInaccessible(error)) return [];
      throw error;
    });
    all.push(...archived);
  }
  const own = all.filter(
    ({ id, owner_id, parent_id }) =>
      owner_id === selfId(bridge) && forums.has(parent_id ?? '') && !bridge.tickets.idOfChannel(id),
  );
  const strays: Stray[] = [];
  for (const thread of own.sort((a, b) => compareIds(a.id, b.id))) {
    const first = await firstOf(bridge, thread.id);
    if (first?.author.id === selfId(bridge)) strays.push({ thread, first });
  }
  return strays;
}

/** The strays as they were at some moment after `since`; one list serves all tickets that need no newer one. */
function straysSince(bridge: Bridge, since: number): Promise<Stray[]> {
  const known = lists.get(bridge);
  if (known && known.askedAt >= since) return known.strays;
  const forums = forumIds(bridge);
  if (forums.size === 0) return Promise.resolve([]);
  const made = { askedAt: performance.now(), strays: listStrays(bridge, forums) };
  lists.set(bridge, made);
  made.strays.catch(() => {
    if (lists.get(bridge) === made) lists.delete(bridge);
  });
  return made.strays;
}

/** Removes a post that an attempt without an answer has made besides, unless somebody has written in it. */
async function dropDouble(bridge: Bridge, id: string): Promise<void> {
  const query = new URLSearchParams({ limit: '2' });
  const route = Routes.channelMessages(id);
  const said = (await retryAfterRateLimit(bridge, () =>
    bridge.rest.get(route, { query }),
  )) as APIMessage[];
  if (said.length > 1) {
    bridge.log.warn({ post: id }, "a ticket's second post was written in: it stays");
    return;
  }
  const outcome = await removeChannel(bridge, id);
  const reason = outcome.end === 'refused' ? { reason: describe(outcome.error) } : {};
  bridge.log.info({ post: id, ...reason }, 'a post was opened twice: the second one goes');
}

/** What a ticket has in Discord to be read and written in: a channel, or a post of a forum. */
export interface FoundRoom {
  id: string;
  forum_id: string | null;
}

type Wanted = Pick<MirroredTicket, 'id' | 'channelsSince'>;

async function findForumPost(bridge: Bridge, ticket: Wanted): Promise<FoundRoom | undefined> {
  const strays = await straysSince(bridge, ticket.channelsSince);
  const own = strays.filter(
    ({ thread, first }) => isCard(first, ticket.id) && !bridge.tickets.idOfChannel(thread.id),
  );
  const [post, ...doubles] = own;
  if (!post) return undefined;
  for (const { thread } of doubles) await dropDouble(bridge, thread.id);
  return { id: post.thread.id, forum_id: post.thread.parent_id ?? null };
}

/**
 * The posts that were opened for a ticket besides the one its row names; one that somebody wrote in stays.
 * @param since how new the list has to be (monotonic milliseconds)
 */
export async function findDoubles(
  bridge: Bridge,
  ticketId: string,
  since: number,
): Promise<FoundRoom[]> {
  const strays = await straysSince(bridge, since);
  const own = strays.filter(({ first }) => isCard(first, ticketId));
  return own.map(({ thread }) => ({ id: thread.id, forum_id: thread.parent_id ?? null }));
}

/** What was made for a ticket, by an earlier bot or an attempt whose answer was lost. */
export async function findRoom(bridge: Bridge, ticket: Wanted): Promise<FoundRoom | undefined> {
  const channel = await findChannel(bridge, ticket);
  if (channel) return { id: channel, forum_id: null };
  return findForumPost(bridge, ticket);
}

/** Removes a post whose ticket has another one, or a channel, by now: its attempt came to its end after all. */
async function dropWhereDouble(bridge: Bridge, thread: { id: string }): Promise<void> {
  if (bridge.ended || bridge.tickets.idOfChannel(thread.id)) return;
  const first = await firstOf(bridge, thread.id);
  const ticketId = first && ticketOfCard(first);
  const has = ticketId && bridge.tickets.known(ticketId)?.mirror.channel_id;
  if (has && has !== thread.id) await dropDouble(bridge, thread.id);
}

/** Looks at each post of the bot's own that Discord tells of, once its row must be written. */
export function listenDoubles(first: Bridge, client: Client): void {
  client.on(Events.ThreadCreate, (thread) => {
    const bridge = first.guilds.withId(thread.guildId);
    if (!bridge || thread.ownerId !== selfId(bridge)) return;
    if (!forumIds(bridge).has(thread.parentId ?? '')) return;
    const look = () =>
      dropWhereDouble(bridge, thread).catch((error: unknown) => {
        if (hasCode(error, code.unknownChannel)) return;
        bridge.log.info({ reason: describe(error) }, 'a post was not looked at');
      });
    setTimeout(() => void look(), ROW_WAIT_MS).unref();
  });
}
