import { Routes } from 'discord.js';
import { backOff } from '../../src/domain/consumers/keyed-queue.ts';
import type { Bridge } from '../bridge.ts';
import { describe, isTransient } from '../discord-errors.ts';
import { systemLine } from '../format.ts';
import type { MirroredTicket } from '../mirrored-tickets.ts';
import { postNotice } from '../posting.ts';
import { inboxOf } from './inbox.ts';

/**
 * What a mark promises: the customer has this text now; the customer does not have it, and a line says
 * why; it is kept as a note, for staff only.
 */
export const marks = { taken: '✅', refused: '❌', note: '📝' } as const;
export type Mark = keyof typeof marks;

const TRIES = 5;
/** Marks that may wait for one channel: of more, those that take nothing back are left to the next catch-up. */
const MOST_WAITING = 100;

const waiting = new WeakMap<Bridge, Map<string, number>>();

/** How many marks wait for a channel. */
export function marksWaiting(bridge: Bridge, channelId: string): number {
  return waiting.get(bridge)?.get(channelId) ?? 0;
}

/**
 * Does something to marks of a channel, one after the other and beside all else: Discord limits reactions
 * by themselves, to one in a quarter of a second, so that they hold up no post.
 */
export function inMarkingTurn(bridge: Bridge, channelId: string, work: () => Promise<void>): void {
  const { marking } = bridge;
  const counts = waiting.get(bridge) ?? new Map<string, number>();
  waiting.set(bridge, counts);
  counts.set(channelId, marksWaiting(bridge, channelId) + 1);
  const next = (marking.get(channelId) ?? Promise.resolve()).then(work).catch((error: unknown) => {
    bridge.log.info({ reason: describe(error) }, 'marks were not brought up to date');
  });
  marking.set(channelId, next);
  void next.finally(() => {
    const left = marksWaiting(bridge, channelId) - 1;
    if (left > 0) counts.set(channelId, left);
    else counts.delete(channelId);
    if (marking.get(channelId) === next) marking.delete(channelId);
  });
}

/** @returns false where Discord refuses, whatever is tried */
export async function react(bridge: Bridge, work: () => Promise<unknown>): Promise<boolean> {
  for (let tries = 1; tries <= TRIES && !bridge.ended; tries++) {
    try {
      await work();
      return true;
    } catch (error) {
      if (!isTransient(error)) {
        bridge.log.info({ reason: describe(error) }, 'a message could not be marked');
        return false;
      }
      await new Promise((resolve) => setTimeout(resolve, backOff(tries, 500, 10_000)).unref());
    }
  }
  return true;
}

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
  messageId: string,
  wanted: Mark,
  instead: readonly Mark[] = [],
): void {
  const channelId = ticket.mirror.channel_id;
  if (!channelId) return;
  const takesBack = wanted !== 'taken' || instead.length > 0;
  if (!takesBack && marksWaiting(bridge, channelId) >= MOST_WAITING) return;
  const route = (name: Mark) =>
    Routes.channelMessageOwnReaction(channelId, messageId, encodeURIComponent(marks[name]));
  inMarkingTurn(bridge, channelId, async () => {
    for (const name of instead) {
      if (name !== wanted) await react(bridge, () => bridge.rest.delete(route(name)));
    }
    const isMarked = await react(bridge, () => bridge.rest.put(route(wanted)));
    if (!isMarked && wanted === 'taken') await tellUnmarked(bridge, ticket);
  });
}
