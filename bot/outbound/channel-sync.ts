import { publicLog } from '../../src/domain/log/entry.ts';
import { readEntries } from '../../src/domain/log/reads.ts';
import type { MirrorChange } from '../../src/domain/mirror/mirrors.ts';
import { forgetPosts } from '../../src/domain/mirror/posts.ts';
import type { Bridge } from '../bridge.ts';
import { ChannelGone, code, hasCode, MirrorProblem } from '../discord-errors.ts';
import { afterSuccess } from '../failures.ts';
import { systemLine } from '../format.ts';
import type { MirroredTicket } from '../mirrored-tickets.ts';
import { postNotice } from '../posting.ts';
import { ensureCard } from './card-posts.ts';
import { categoryKey, categoryText } from './categories.ts';
import { channelExists, createChannel, findChannel, moveChannel, type Place } from './channels.ts';
import { isStepDone, walkClosing } from './closing.ts';
import { commit, settlePosts } from './commits.ts';
import { mirrorOrDefer, showDeferred } from './deferred-edits.ts';
import { postHistory } from './history.ts';
import { sideStep } from './side-steps.ts';

const PAGE = 100;
/** A channel that is deleted again so soon after it was made again is left alone for a while. */
const REMADE_AGAIN_MS = 60_000;

/**
 * Brings a ticket's channel up to the head of its log, in the log's order: opens it, posts what is
 * new, and closes it. Every step is written down when it is done, so that a crash resumes at the next.
 */
export async function syncChannel(bridge: Bridge, ticketId: string): Promise<void> {
  const ticket = await bridge.tickets.load(ticketId);
  if (!ticket || ticket.mirror.state === 'done') {
    if (ticket) bridge.tickets.forget(ticket);
    return;
  }
  let through: boolean;
  try {
    through = await walk(bridge, ticket);
  } catch (error) {
    if (!(error instanceof ChannelGone) && !hasCode(error, code.unknownChannel)) throw error;
    await loseChannel(bridge, ticket);
    through = await walk(bridge, ticket);
  }
  if (!through) return;
  afterSuccess(bridge, ticketId);
  if (ticket.mirror.problem !== null || ticket.mirror.state === 'failed') {
    await bridge.tickets.save(ticket, { problem: null, state: 'open' });
  }
}

/** @returns false where the ticket still waits for something, which its row says */
async function walk(bridge: Bridge, ticket: MirroredTicket): Promise<boolean> {
  const { mirror, tickets } = { mirror: ticket.mirror, tickets: bridge.tickets };
  if (ticket.stale) await tickets.refresh(ticket);
  if (ticket.channelNeedsCheck && mirror.channel_id) await loseChannel(bridge, ticket);
  ticket.channelNeedsCheck = false;
  if (ticket.inDoubt) await settlePosts(bridge, ticket);
  const waits = await ensureChannel(bridge, ticket);
  if (waits) {
    if (mirror.problem !== waits) await tickets.save(ticket, { problem: waits });
    return false;
  }
  try {
    if (mirror.channel_id) {
      await ensureCard(bridge, ticket);
      await placeChannel(bridge, ticket);
      await postHistory(bridge, ticket);
    }
    await mirrorEntries(bridge, ticket);
  } catch (error) {
    if (!(await isClosedAndBarred(bridge, ticket, error))) throw error;
  }
  const isClosed = ticket.ticket.status === 'CLOSED';
  // The transcript says what an edit that is put off would.
  if (mirror.channel_id && !isClosed) await showDeferred(bridge, ticket);
  // A channel is not removed before it, and the transcript, have all that was said.
  if (!isClosed || mirror.seq < ticket.head || bridge.ended) return true;
  return walkClosing(bridge, ticket);
}

/**
 * A closed ticket does not wait for a channel that the bot may not write in: its transcript has all
 * that was said.
 */
async function isClosedAndBarred(bridge: Bridge, ticket: MirroredTicket, error: unknown) {
  if (!(error instanceof MirrorProblem)) return false;
  if (ticket.stale) await bridge.tickets.refresh(ticket);
  if (ticket.ticket.status !== 'CLOSED') return false;
  bridge.log.warn(
    { ticket: ticket.id, reason: error.message },
    'closing what cannot be written in',
  );
  await commit(bridge, ticket, { seq: ticket.head });
  return true;
}

/** @returns why the ticket has to wait for its channel */
async function ensureChannel(bridge: Bridge, ticket: MirroredTicket): Promise<string | undefined> {
  const { mirror, ticket: data } = ticket;
  if (mirror.channel_id) {
    bridge.room.count(ticket.id, data.partner);
    return undefined;
  }
  const isClosed = data.status === 'CLOSED';
  if (isClosed && isStepDone(ticket, 'removed')) return undefined;
  const found = await findChannel(bridge, ticket);
  // A ticket that was closed before it had a channel gets its transcript only.
  if (!found && isClosed) {
    bridge.room.left(ticket);
    return undefined;
  }
  const waits = found ? undefined : bridge.room.whyWait(ticket);
  if (waits) return waits;
  // Only now, under the lease: until the lost channel was no longer the ticket's, messages from it
  // were still written down.
  bridge.lease.require();
  await forgetPosts(bridge.ctx, ticket.id, bridge.lease.fencingToken);
  const made = found ? { id: found, place: {} as Place } : await createChannel(bridge, ticket);
  if ('waits' in made) return made.waits;
  ticket.inDoubt = true;
  await bridge.tickets.save(ticket, { channel_id: made.id, shown: { ...made.place } });
  if (found) bridge.room.count(ticket.id, data.partner);
  else bridge.room.opened(ticket);
  if (made.place.placed === false) sayMisplaced(bridge, ticket);
  // Somebody may have written there before we knew that it was ours.
  bridge.inbound.schedule(ticket.id);
  return undefined;
}

function sayMisplaced(bridge: Bridge, { id, ticket, mirror }: MirroredTicket): void {
  const { issue_level: level } = ticket;
  if (!mirror.channel_id || !bridge.problems.has(categoryKey(level))) return;
  const text = systemLine(categoryText(level));
  void postNotice(bridge, mirror.channel_id, `misplaced ${id} ${level}`, text);
}

/** Moves the channel, and shows it to others, where the ticket has changed. Nothing waits for it. */
async function placeChannel(bridge: Bridge, ticket: MirroredTicket): Promise<void> {
  const { mirror } = ticket;
  await sideStep(bridge, ticket, 'place', async () => {
    const place = await moveChannel(bridge, ticket, mirror.shown ?? {});
    if (!place) return;
    const wasPlaced = mirror.shown?.placed !== false;
    await bridge.tickets.save(ticket, { shown: { ...mirror.shown, ...place } });
    if (wasPlaced && !place.placed) sayMisplaced(bridge, ticket);
  });
}

/** The next entries of the log: as the bus has brought them, or else read. */
async function nextEntries(bridge: Bridge, ticket: MirroredTicket) {
  const { seq } = ticket.mirror;
  const fed = ticket.feed.filter((entry) => entry.seq > seq);
  ticket.feed = [];
  if (fed[0]?.seq === seq + 1) return fed;
  return readEntries(bridge.ctx.db, publicLog(ticket.id), {
    after: seq,
    upTo: ticket.head,
    limit: PAGE,
  });
}

/** Shows every entry up to the head, and to where that has come meanwhile. */
async function mirrorEntries(bridge: Bridge, ticket: MirroredTicket): Promise<void> {
  const { mirror } = ticket;
  while (mirror.seq < ticket.head && !bridge.ended) {
    const entries = await nextEntries(bridge, ticket);
    let seq = mirror.seq;
    for (const entry of entries) {
      if (bridge.ended) return;
      const change: MirrorChange = { seq: entry.seq };
      if (mirror.channel_id) {
        const { shown, deferred } = await mirrorOrDefer(bridge, ticket, entry);
        seq = entry.seq;
        if (!shown && !deferred) continue;
        if (deferred) change.deferred = deferred;
      }
      seq = entry.seq;
      if (!mirror.channel_id) continue;
      await commit(bridge, ticket, change);
      bridge.ctx.failpoint('after-record');
    }
    if (seq !== mirror.seq) await bridge.tickets.save(ticket, { seq });
    if (ticket.stale) await bridge.tickets.refresh(ticket);
    if (mirror.channel_id && entries.some(({ type }) => type === 'ticket_change')) {
      await ensureCard(bridge, ticket);
      await placeChannel(bridge, ticket);
    }
  }
}

/**
 * The channel seems to be gone. Where Discord confirms it, everything about it is forgotten, and it
 * will be made again.
 */
async function loseChannel(bridge: Bridge, ticket: MirroredTicket): Promise<void> {
  const { mirror } = ticket;
  if (!mirror.channel_id || (await channelExists(bridge, mirror.channel_id))) return;
  const now = bridge.ctx.clock();
  ticket.unrecorded = [];
  ticket.channelsSince = performance.now();
  bridge.room.left(ticket);
  if (ticket.ticket.status === 'CLOSED') {
    const nothing = { channel_id: null, card_id: null, attempt: null, pending: [], deferred: [] };
    await bridge.tickets.save(ticket, nothing);
    return;
  }
  if (now - mirror.remade_at < REMADE_AGAIN_MS) {
    throw new MirrorProblem('the channel was deleted again as soon as it had been made again');
  }
  bridge.log.warn({ ticket: ticket.id }, "a ticket's channel was deleted: making it again");
  ticket.caughtUpGeneration = -1;
  ticket.sideSteps.clear();
  await bridge.tickets.save(ticket, {
    channel_id: null,
    card_id: null,
    inbound: '0',
    last_post: '0',
    attempt: null,
    pending: [],
    deferred: [],
    shown: null,
    steps: mirror.seq > 0 ? ['remade'] : [],
    remade_at: now,
  });
}
