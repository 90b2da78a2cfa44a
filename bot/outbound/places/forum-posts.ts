import { type APIThreadChannel, Routes, ThreadAutoArchiveDuration } from 'discord.js';
import type { MirrorChange } from '../../../src/domain/mirror/mirrors.ts';
import type { Bridge } from '../../bridge.ts';
import type { MirroredTicket } from '../../mirrored-tickets.ts';
import { forForums, lacking, neededToWrite } from '../../permissions.ts';
import { noPings } from '../../posting.ts';
import { callDiscord, type Outcome } from '../../rest/call-ends.ts';
import { ChannelGone, describe, MirrorProblem } from '../../rest/discord-errors.ts';
import { cardHash } from '../card/card.ts';
import { readCardTimes } from '../card/card-facts.ts';
import { tryCards } from '../card/card-posts.ts';
import { channelName, type Place } from './channels.ts';
import { isInPlace } from './forum-kinds.ts';
import { ensureForum } from './forums.ts';
import { isNearlyFull } from './guild-choice.ts';
import { seersIn, withoutRoles } from './overwrites.ts';
import { endTrouble, raiseTrouble } from './post-troubles.ts';

/** The problem's key while posts are refused. */
const REFUSED = 'forum-posts';
/** The same while one's forum is seen by others than are to see it. */
export const NOT_SHOWN = 'forum-overwrites';
/** After a refusal no post is tried for so long, in milliseconds. */
const REST_MS = 60_000;

const restUntil = new WeakMap<Bridge, number>();
const isResting = (bridge: Bridge) => (restUntil.get(bridge) ?? 0) > performance.now();

type Failed = Exclude<Outcome<unknown>, { end: 'done' }>;

/**
 * Whether a ticket that has neither is to have a post rather than a channel: its server is nearly full, and posts
 * are what is wanted then. One with guests has a channel: in a forum they would see the other tickets too.
 */
export function wantsForumPost(bridge: Bridge, ticket: MirroredTicket): boolean {
  const { whenNearlyFull } = bridge.discord;
  if (whenNearlyFull === 'park' || (ticket.mirror.members ?? []).length > 0) return false;
  if (!isNearlyFull(bridge, ticket)) {
    bridge.problems.clear(REFUSED);
    return false;
  }
  // What the bot's role lacks is told already.
  if (lacking(bridge, forForums(bridge.discord)).length > 0) return false;
  return !isResting(bridge);
}

const mends: Partial<Record<string, string>> = {
  permission: 'give it that there',
  kind: 'enable Community in the server, or see what its forum asks for',
  limit: 'close or archive threads (Discord allows 1,000 open ones)',
  guild_full: 'remove channels: the forum is one, too',
};

/** Why a forum, or a post in it, cannot be had, and what is to be done about it. */
export function whyNot(bridge: Bridge, failed: Failed, channelId?: string): string {
  const cause = failed.end === 'refused' ? failed.cause : 'gone';
  const needed = [...neededToWrite, ...forForums(bridge.discord)];
  const names = cause === 'permission' ? lacking(bridge, needed, channelId).join(', ') : '';
  const what = names ? `the bot lacks ${names} in its forum` : describe(failed.error);
  return `${what}: ${mends[cause] ?? 'set WHEN_NEARLY_FULL to park if that is to stay so'}`;
}

/** That a forum is seen by others than are to see its tickets, and what is to be done about it. */
export function notShown(bridge: Bridge, failed: Failed, forumId: string): string {
  const why = whyNot(bridge, failed, forumId);
  return `a forum cannot be shown to those who are to see its tickets: ${why}`;
}

/** Says once why there are no posts; channels are opened as long as there are any. */
function refuse(bridge: Bridge, failed: Failed, channelId?: string): void {
  // What one ticket says is not wrong with the next.
  if (failed.end === 'refused' && failed.cause === 'content') return;
  restUntil.set(bridge, performance.now() + REST_MS);
  const why = whyNot(bridge, failed, channelId);
  bridge.problems.raise(REFUSED, `tickets cannot be opened as posts: ${why}`);
}

/**
 * Shows the forum of a post to those who are to see it, where those are others now. One of another level or
 * support role is moved instead, when all else of it is done.
 */
export async function placeForumPost(bridge: Bridge, ticket: MirroredTicket): Promise<void> {
  const { mirror, ticket: data } = ticket;
  const { issue_level, support_role } = data;
  const before = (mirror.shown ?? {}) as Partial<Place>;
  const isKnown = before.issue_level !== undefined;
  const seers = seersIn(bridge, ticket);
  const isShown = before.seers === seers && before.without === withoutRoles(bridge);
  if (isKnown && (!isInPlace(ticket) || isShown)) {
    return endTrouble(bridge, ticket.id, NOT_SHOWN);
  }
  const forum = await ensureForum(bridge, data, withoutRoles(bridge));
  if ('failed' in forum) {
    const text = notShown(bridge, forum.failed, mirror.forum_id as string);
    raiseTrouble(bridge, NOT_SHOWN, text, ticket.id);
    throw new MirrorProblem(text);
  }
  endTrouble(bridge, ticket.id, NOT_SHOWN);
  if (forum.id !== mirror.forum_id) {
    // Its own is no forum of theirs any more, whose guidelines somebody has rewritten: it goes to the one that is.
    const shown = { ...mirror.shown, issue_level: null };
    return isKnown ? bridge.tickets.save(ticket, { shown }) : undefined;
  }
  const place: Place = { issue_level, support_role, placed: true, without: forum.without, seers };
  await bridge.tickets.save(ticket, { shown: { ...mirror.shown, ...place } });
}

/** A post that was opened, as the mirror's row is to say it. */
export interface ForumPost {
  id: string;
  change: MirrorChange;
}

/**
 * Opens the post of a ticket in the forum of its level and support role, with its card.
 * @returns undefined where Discord refuses, which is told
 */
export async function openForumPost(
  bridge: Bridge,
  ticket: MirroredTicket,
): Promise<ForumPost | undefined> {
  const { ticket: data } = ticket;
  const { issue_level, support_role } = data;
  // Another ticket may have been refused meanwhile.
  if (isResting(bridge)) return undefined;
  const forum = await ensureForum(bridge, data, withoutRoles(bridge));
  if ('failed' in forum) {
    refuse(bridge, forum.failed);
    return undefined;
  }
  const times = await readCardTimes(bridge.ctx, data);
  // Where the answer is lost, the post is looked for in a newer list than any before.
  ticket.channelsSince = performance.now();
  const look = { times, inForum: true };
  const { outcome, rendition } = await tryCards<APIThreadChannel>(bridge, ticket, look, (card) =>
    callDiscord(bridge, 'open_forum_post', () =>
      bridge.rest.post(Routes.threads(forum.id), {
        body: {
          name: channelName(data.number),
          auto_archive_duration: ThreadAutoArchiveDuration.OneWeek,
          message: { ...card, allowed_mentions: noPings },
        },
      }),
    ),
  );
  ticket.channelsSince = 0;
  // Somebody has just removed the forum: the ticket's turn begins anew.
  if (outcome.end === 'gone' && outcome.what === 'channel') throw new ChannelGone(outcome.error);
  if (outcome.end !== 'done') {
    refuse(bridge, outcome, forum.id);
    return undefined;
  }
  bridge.problems.clear(REFUSED);
  const { id } = outcome.value;
  const { without } = forum;
  const seers = seersIn(bridge, ticket);
  const place: Place = { issue_level, support_role, placed: true, without, seers };
  const shown = { ...place, card: cardHash(data, times, true), rendition };
  // The card is the post's first message, which has its id, and stands at its top without a pin.
  const steps = [...ticket.mirror.steps, 'pinned'];
  return { id, change: { forum_id: forum.id, card_id: id, last_post: id, shown, steps } };
}
