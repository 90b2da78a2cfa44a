import { type APIMessage, type APIReaction, Routes } from 'discord.js';
import { LeaseLost } from '../../../src/domain/consumers/lease.ts';
import type { LogId } from '../../../src/domain/log/entry.ts';
import { readMessage } from '../../../src/domain/log/message-reads.ts';
import { listPosts } from '../../../src/domain/mirror/posts.ts';
import type { Bridge } from '../../bridge.ts';
import { awayMark, inMarkingTurn, marks, marksWaiting, react, readMark } from '../../marking.ts';
import type { MirroredTicket } from '../../mirrored-tickets.ts';
import { callDiscord } from '../../rest/call-ends.ts';
import { isUnauthorized } from '../../rest/discord-errors.ts';
import { settlePosts } from '../commits.ts';

/** Where so many marks wait for a channel, reactions are left to the next one to the same message. */
const MOST_WAITING = 50;

/** Discord shows some emoji with a selector and some without. */
const bare = (emoji: string) => emoji.replaceAll('\uFE0F', '');

/** A mark says what the customer has: somebody's reaction is shown by another emoji, and never taken for one. */
const standIns = new Map(
  [
    [marks.taken, '☑️'],
    [marks.refused, '✖️'],
    [marks.note, '🗒️'],
    [readMark, '👀'],
    [awayMark, '⌛'],
  ].map(([mark, other]) => [bare(mark as string), other as string]),
);

const shownAs = (emoji: string) => standIns.get(bare(emoji)) ?? emoji;

/** The bot's own reactions to a post, without its marks. */
function ownIn(reactions: readonly APIReaction[] | undefined): string[] {
  return (reactions ?? []).flatMap(({ me, emoji: { id, name } }) =>
    me && id === null && name && !standIns.has(bare(name)) ? [name] : [],
  );
}

/**
 * Brings the bot's reactions to a message's first post up to date: one for each emoji that people outside
 * Discord have set. It goes by what stands in the log and in the channel, so that it may be repeated.
 */
async function bringUpToDate(
  bridge: Bridge,
  ticket: MirroredTicket,
  log: LogId,
  messageId: string,
): Promise<void> {
  const channelId = ticket.mirror.channel_id;
  const [post] = await listPosts(bridge.ctx, messageId);
  if (!channelId || post?.channel_id !== channelId) return;
  const message = await readMessage(bridge.ctx.db, log, messageId);
  if (!message || message.deleted) return;
  const elsewhere = message.reactions.filter(({ origin }) => origin !== 'discord');
  const wanted = new Set(elsewhere.map(({ emoji }) => shownAs(emoji)));
  const found = await callDiscord<APIMessage>(bridge, 'read_messages', () =>
    bridge.rest.get(Routes.channelMessage(channelId, post.id)),
  );
  if (found.end !== 'done') return;
  const own = ownIn(found.value.reactions);
  const route = (emoji: string) =>
    Routes.channelMessageOwnReaction(channelId, post.id, encodeURIComponent(emoji));
  for (const emoji of own) {
    const isWanted = [...wanted].some((one) => bare(one) === bare(emoji));
    if (!isWanted) await callDiscord(bridge, 'react', () => bridge.rest.delete(route(emoji)));
  }
  for (const emoji of wanted) {
    if (own.some((one) => bare(one) === bare(emoji))) continue;
    const outcome = await callDiscord(bridge, 'react', () => bridge.rest.put(route(emoji)));
    if (outcome.end !== 'done') {
      bridge.log.info({ ticket: ticket.id, end: outcome.end }, 'a reaction is not shown');
    }
  }
}

/**
 * Shows in the channel how people outside Discord have reacted to a message. No message waits for it: it
 * takes its turn among the marks where some wait, and after a failure.
 */
export async function showReactions(
  bridge: Bridge,
  ticket: MirroredTicket,
  log: LogId,
  messageId: string,
): Promise<void> {
  const channelId = ticket.mirror.channel_id;
  if (!channelId) return;
  await settlePosts(bridge, ticket);
  const show = () => bringUpToDate(bridge, ticket, log, messageId);
  try {
    if (marksWaiting(bridge, channelId) === 0) return await show();
  } catch (error) {
    if (error instanceof LeaseLost || isUnauthorized(error)) throw error;
  }
  if (marksWaiting(bridge, channelId) >= MOST_WAITING) return;
  inMarkingTurn(bridge, channelId, async () => void (await react(bridge, show)));
}
