import { type APIChannel, type APIMessage, MessageType, Routes, SnowflakeUtil } from 'discord.js';
import { findPosts, type Post } from '../../src/domain/mirror/posts.ts';
import type { Aside } from '../../src/domain/transcript/asides.ts';
import { unavailable } from '../../src/errors.ts';
import { type Bridge, isOfOurWebhook, selfId } from '../bridge.ts';
import { isInForum, type MirroredTicket } from '../mirrored-tickets.ts';
import { code, describe, hasCode, isForbidden, MirrorProblem } from '../rest/discord-errors.ts';
import { retryAfterRateLimit } from '../rest/rate-limit-retry.ts';
import { compareIds } from '../snowflakes.ts';
import { listThreads } from '../thread-lists.ts';
import { isForStaff, markingOf } from './classify.ts';
import { enqueue, type InboundEvent, inboxOf } from './inbox.ts';
import { fileNameOf } from './incoming.ts';
import { type Names, readableText } from './readable-text.ts';
import { replyModeAt } from './reply-mode.ts';

/** How long a closing waits in one go for what was written before it, in milliseconds; then it is tried again. */
const PATIENCE_MS = 15_000;
const PAGE = 100;
/** Lines among staff that are kept of one ticket; a channel with more is not removed. */
export const MAX_ASIDES = 5000;

/** What a ticket's channel held when it was read to its end. */
export interface Drained {
  /** What is not in the log, oldest first: notes, threads, what was refused or came too late. */
  asides: Aside[];
  /** The newest message that was read, a snowflake; `0` where the channel is gone. */
  upTo: string;
  /** Threads that Discord did not let the bot read; an aside says so of each. */
  unread: number;
}

const said: readonly MessageType[] = [
  MessageType.Default,
  MessageType.Reply,
  MessageType.ThreadStarterMessage,
  MessageType.ChatInputCommand,
];

/** Waits until all that was written is ingested, or refused. */
async function waitForInbound(bridge: Bridge, ticket: MirroredTicket): Promise<void> {
  const inbox = inboxOf(bridge, ticket.id);
  let timer: NodeJS.Timeout | undefined;
  await new Promise<void>((resolve, reject) => {
    const act: InboundEvent = { kind: 'act', run: async () => resolve(), reject };
    timer = setTimeout(() => {
      const at = inbox.events.indexOf(act);
      if (at >= 0) inbox.events.splice(at, 1);
      const why = inbox.trouble ? ` (${inbox.trouble})` : '';
      reject(unavailable(`the channel could not be read to its end before closing${why}`));
    }, PATIENCE_MS).unref();
    ticket.caughtUpGeneration = -1;
    enqueue(bridge, ticket.id, act);
  }).finally(() => clearTimeout(timer));
}

function namesIn(bridge: Bridge, { mentions }: APIMessage): Names {
  const guild = bridge.client.guilds.cache.get(bridge.settings.guildId);
  const mentioned = new Map(mentions.map((user) => [user.id, user.global_name ?? user.username]));
  return {
    user: (id) => guild?.members.cache.get(id)?.displayName ?? mentioned.get(id),
    role: (id) => guild?.roles.cache.get(id)?.name,
    channel: (id) => guild?.channels.cache.get(id)?.name,
  };
}

function whyOf(
  bridge: Bridge,
  ticket: MirroredTicket,
  message: APIMessage,
  post: Post | undefined,
): string {
  const writtenAt = Date.parse(message.timestamp);
  const mode = replyModeAt(bridge, writtenAt);
  if (isForStaff(markingOf(message.content, mode), mode)) return 'internal note';
  const late = writtenAt >= (ticket.ticket.closed_at ?? Number.POSITIVE_INFINITY);
  if (late) return 'written after the ticket was closed';
  return post?.mark === 'refused' || !message.author.bot
    ? 'not passed on'
    : 'an app, not passed on';
}

function asideOf(bridge: Bridge, message: APIMessage, why: string): Aside {
  const { id, author, attachments, sticker_items = [], timestamp } = message;
  const files = attachments.map(({ filename, title }) =>
    fileNameOf({ name: filename, title: title ?? null }),
  );
  const text = readableText(message.content, namesIn(bridge, message));
  const forwarded = message.message_snapshots?.map(({ message: { content } }) => content) ?? [];
  const stickers = sticker_items.map(({ name }) => `[sticker: ${name}]`);
  const poll = message.poll ? [`[poll: ${message.poll.question.text ?? ''}]`] : [];
  return {
    id,
    author: author.global_name ?? author.username,
    at: Date.parse(timestamp),
    content: [text, ...forwarded, ...stickers, ...poll].filter((part) => part !== '').join('\n'),
    files,
    why,
  };
}

/** Every message of a channel or thread above a snowflake, oldest first, a page at a time. */
async function* messagesAfter(bridge: Bridge, channelId: string, after: string) {
  for (let from = after; ; ) {
    const query = new URLSearchParams({ limit: String(PAGE), after: from });
    const route = Routes.channelMessages(channelId);
    const page = (await retryAfterRateLimit(bridge, () =>
      bridge.rest.get(route, { query }),
    )) as APIMessage[];
    page.sort((a, b) => compareIds(a.id, b.id));
    yield page;
    const last = page.at(-1);
    if (!last || page.length < PAGE || bridge.ended) return;
    from = last.id;
  }
}

/** Whether the log has it as it stands; after a refused edit it has an earlier text. */
function isPassedOn(post: Post | undefined): boolean {
  return post?.direction === 'in' && post.mark !== 'refused';
}

/** Says in the place of a thread's lines that nobody can read them. */
function unreadAside(name: string, { id }: APIChannel, error: unknown): Aside {
  const content = `The thread "${name}" could not be read: ${describe(error)}. What it had is not kept.`;
  const at = SnowflakeUtil.timestampFrom(id);
  return { id, author: 'Deskcord', at, content, files: [], why: 'not read' };
}

/** A collection of what the log does not have, which refuses to grow without bound. */
function collect(bridge: Bridge) {
  const asides: Aside[] = [];
  const keep = (aside: Aside) => {
    if (asides.length >= MAX_ASIDES) {
      throw new MirrorProblem(
        `the channel holds more than ${MAX_ASIDES} lines of staff that no transcript has: save them by hand, then remove it`,
      );
    }
    asides.push(aside);
  };
  let unread = 0;
  return {
    asides,
    unread: () => unread,
    add(message: APIMessage, why: string): void {
      const isOurs = message.author.id === selfId(bridge) || isOfOurWebhook(bridge, message);
      if (!isOurs && said.includes(message.type)) keep(asideOf(bridge, message, why));
    },
    miss(name: string, thread: APIChannel, error: unknown): void {
      unread++;
      keep(unreadAside(name, thread, error));
    },
  };
}

/**
 * Reads a thread to its end, or to where somebody has removed it or keeps it from the bot.
 * @returns the newest message that was read, a snowflake; `0` where there was none
 */
async function drainThread(
  bridge: Bridge,
  thread: APIChannel,
  found: ReturnType<typeof collect>,
): Promise<string> {
  const name = 'name' in thread ? (thread.name ?? '') : '';
  let upTo = '0';
  try {
    for await (const page of messagesAfter(bridge, thread.id, '0')) {
      const ids = page.map(({ id }) => id);
      const posts = await findPosts(bridge.ctx, ids);
      for (const message of page) {
        if (!isPassedOn(posts.get(message.id))) found.add(message, `in the thread "${name}"`);
      }
      upTo = ids.at(-1) ?? upTo;
    }
  } catch (error) {
    if (hasCode(error, code.unknownChannel)) return upTo;
    if (!isForbidden(error)) throw error;
    found.miss(name, thread, error);
    if (upTo === '0') return thread.id;
  }
  return upTo;
}

/**
 * Reads a closed ticket's channel to its end. What was written there before the closing goes into the
 * log and to the customer; the rest is handed back, so that nothing staff wrote goes with the channel. Of one
 * that is gone there is what the gateway has told of it. A thread that Discord keeps from the bot holds
 * nothing up, and is named.
 * @throws while the channel cannot be read: it must not be removed then
 */
export async function drainInbound(bridge: Bridge, ticket: MirroredTicket): Promise<Drained> {
  const channelId = ticket.mirror.channel_id;
  const isHeld = bridge.inboxes.get(ticket.id)?.events.length ?? 0;
  if (channelId || isHeld) await waitForInbound(bridge, ticket);
  if (!channelId) return { asides: [], upTo: '0', unread: 0 };
  const found = collect(bridge);
  let upTo = channelId;
  try {
    for await (const page of messagesAfter(bridge, channelId, channelId)) {
      const ids = page.map(({ id }) => id);
      const posts = await findPosts(bridge.ctx, ids);
      for (const message of page) {
        const post = posts.get(message.id);
        if (!isPassedOn(post)) found.add(message, whyOf(bridge, ticket, message, post));
      }
      upTo = ids.at(-1) ?? upTo;
    }
    // There are none below a post.
    const threads = isInForum(ticket.mirror) ? [] : await listThreads(bridge, channelId);
    for (const thread of threads) {
      const last = await drainThread(bridge, thread, found);
      if (compareIds(last, upTo) > 0) upTo = last;
    }
  } catch (error) {
    // Somebody has removed it: there is nothing left to keep.
    if (!hasCode(error, code.unknownChannel)) throw error;
  }
  found.asides.sort((a, b) => compareIds(a.id, b.id));
  return { asides: found.asides, upTo, unread: found.unread() };
}
