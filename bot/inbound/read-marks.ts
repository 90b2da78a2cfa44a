import { Routes } from 'discord.js';
import { LRUCache } from 'lru-cache';
import { isStaffRole } from '../../src/contract/identity.ts';
import { readMessage } from '../../src/domain/log/message-reads.ts';
import { listStandingUpTo, logOfPost, type Post } from '../../src/domain/mirror/posts.ts';
import type { Bridge } from '../bridge.ts';
import { inMarkingTurn, marksWaiting, react, readMark } from '../marking.ts';
import type { MirroredTicket } from '../mirrored-tickets.ts';
import type { Incoming } from './incoming.ts';

/** Signals are gathered for so long, in milliseconds: the newest one is enough. */
const GATHER_MS = 1000;
/** Where so many marks wait, this one is dropped: it promises nothing that is not there without it. */
const MOST_WAITING = 20;
/** Posts looked at for the newest one of staff. */
const LOOKED_AT = 10;
const REMEMBERED = 5000;

/** Messages that bear the mark, as far as this session has put it there. */
const borne = new WeakMap<Bridge, LRUCache<string, true>>();

function borneIn(bridge: Bridge): LRUCache<string, true> {
  const known = borne.get(bridge) ?? new LRUCache<string, true>({ max: REMEMBERED });
  borne.set(bridge, known);
  return known;
}

const route = (channelId: string, id: string) =>
  Routes.channelMessageOwnReaction(channelId, id, encodeURIComponent(readMark));

/** The newest message of staff that somebody has read who has read up to a seq: as it is now, edits too. */
async function newestRead(
  { ctx }: Bridge,
  ticketId: string,
  channelId: string,
  seq: number,
): Promise<Post | undefined> {
  for (const post of await listStandingUpTo(ctx, ticketId, seq, LOOKED_AT)) {
    if (post.channel_id !== channelId) continue;
    const message = await readMessage(ctx.db, logOfPost(post), post.message_id as string);
    if (!message || message.deleted || message.rev > seq) continue;
    if (isStaffRole(message.author.role) && message.origin !== 'system') return post;
  }
  return undefined;
}

function markRead(bridge: Bridge, ticketId: string, seq: number): void {
  const channelId = bridge.tickets.channelOf(ticketId);
  if (!channelId || marksWaiting(bridge, channelId) >= MOST_WAITING) return;
  inMarkingTurn(bridge, channelId, async () => {
    const post = await newestRead(bridge, ticketId, channelId, seq);
    const known = borneIn(bridge);
    if (!post || known.has(post.id)) return;
    if (await react(bridge, () => bridge.rest.put(route(channelId, post.id)))) {
      known.set(post.id, true);
    }
  });
}

/** Takes the mark off a message whose words the customer has not read: they have changed, or are taken back. */
export function unmarkRead(
  bridge: Bridge,
  ticket: MirroredTicket,
  { id, message }: Pick<Incoming, 'id' | 'message'>,
): void {
  const channelId = ticket.mirror.channel_id;
  if (!channelId) return;
  inMarkingTurn(bridge, channelId, async () => {
    const isKnown = borneIn(bridge).delete(id);
    if (!isKnown && !message.reactions.cache.get(readMark)?.me) return;
    await react(bridge, () => bridge.rest.delete(route(channelId, id)));
  });
}

/** Marks what the customer has read, as their side says it: nobody keeps such a signal. */
export function listenReads(bridge: Bridge): () => void {
  const upTo = new Map<string, number>();
  return bridge.ctx.bus.subscribe((event) => {
    if (event.kind !== 'read' || event.by.key !== event.owner) return;
    const { ticket_id: id, seq } = event;
    if (!bridge.tickets.channelOf(id)) return;
    const before = upTo.get(id);
    upTo.set(id, Math.max(before ?? 0, seq));
    if (before !== undefined) return;
    bridge.ctx.clock.after(GATHER_MS, () => {
      const newest = upTo.get(id) ?? seq;
      upTo.delete(id);
      if (!bridge.ended) markRead(bridge, id, newest);
    });
  });
}
