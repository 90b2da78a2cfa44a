import { Routes } from 'discord.js';
import type { Bridge } from '../bridge.ts';
import { systemLine } from '../format.ts';
import { inMarkingTurn, type Mark, marks, marksWaiting, react } from '../marking.ts';
import { isFromBefore, type MirroredTicket } from '../mirrored-tickets.ts';
import { postNotice } from '../posting.ts';
import { inboxOf } from './inbox.ts';
import type { Incoming } from './incoming.ts';

/** Marks that may wait for one channel: of more, those that take nothing back are left to the next catch-up. */
const MOST_WAITING = 100;

/** Says once, in each ticket's channel, that a missing mark means nothing. */
async function tellUnmarked(bridge: Bridge, ticket: MirroredTicket): Promise<void> {
  const inbox = inboxOf(bridge, ticket.id);
  const { channel_id } = ticket.mirror;
  if (inbox.toldUnmarked || !channel_id) return;
  inbox.toldUnmarked = true;
  const text =
    'Discord lets the bot mark some messages here with no ✅ (the permission Add Reactions is missing, or their author has blocked the bot). They are passed on, unless a line says otherwise.';
  await postNotice(bridge, channel_id, `unmarked ${ticket.id}`, systemLine(text));
}

/**
 * Marks a message without holding up its ticket: reactions are slow, one in a quarter of a second.
 * What is lost in a crash is set by the next catch-up.
 * @param instead marks of ours that it bears no longer
 */
export function mark(
  bridge: Bridge,
  ticket: MirroredTicket,
  { id, message: { channelId } }: Pick<Incoming, 'id' | 'message'>,
  wanted: Mark,
  instead: readonly Mark[] = [],
): void {
  if (isFromBefore(ticket, id)) return;
  const takesBack = wanted !== 'taken' || instead.length > 0;
  if (!takesBack && marksWaiting(bridge, channelId) >= MOST_WAITING) return;
  const route = (name: Mark) =>
    Routes.channelMessageOwnReaction(channelId, id, encodeURIComponent(marks[name]));
  inMarkingTurn(bridge, channelId, async () => {
    for (const name of instead) {
      if (name !== wanted) await react(bridge, () => bridge.rest.delete(route(name)));
    }
    const isMarked = await react(bridge, () => bridge.rest.put(route(wanted)));
    const isThere = !isFromBefore(ticket, id);
    if (!isMarked && isThere && wanted === 'taken') await tellUnmarked(bridge, ticket);
  });
}
