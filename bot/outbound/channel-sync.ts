import { logHop } from '../../src/domain/hops.ts';
import { publicLog } from '../../src/domain/log/entry.ts';
import { readEntries } from '../../src/domain/log/reads.ts';
import type { MirrorChange } from '../../src/domain/mirror/mirrors.ts';
import { isOpen } from '../../src/domain/tickets/workflow.ts';
import type { Bridge } from '../bridge.ts';
import { ChannelGone, code, hasCode, MirrorProblem } from '../discord-errors.ts';
import { afterSuccess } from '../failures.ts';
import type { MirroredTicket } from '../mirrored-tickets.ts';
import { gatherAsides } from './asides.ts';
import { ensureCard } from './card-posts.ts';
import { ensureChannel, loseChannel, placeChannel } from './channel-life.ts';
import { walkClosing } from './closing.ts';
import { commit, settlePosts } from './commits.ts';
import { mirrorOrDefer, showDeferred } from './deferred-edits.ts';
import { postHistory } from './history.ts';

const PAGE = 100;

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
  const isClosed = !isOpen(ticket.ticket);
  // The transcript says what an edit that is put off would.
  if (mirror.channel_id && !isClosed) await showDeferred(bridge, ticket);
  // A channel is not removed before it, and the transcript, have all that was said.
  if (!isClosed || mirror.seq < ticket.head || bridge.ended) return true;
  await gatherAsides(bridge, ticket);
  await tickets.refresh(ticket);
  // What was gathered is in the log now, and from Discord: nothing of it is posted.
  await mirrorEntries(bridge, ticket);
  return walkClosing(bridge, ticket);
}

/**
 * A closed ticket does not wait for a channel that the bot may not write in: its transcript has all
 * that was said.
 */
async function isClosedAndBarred(bridge: Bridge, ticket: MirroredTicket, error: unknown) {
  if (!(error instanceof MirrorProblem)) return false;
  if (ticket.stale) await bridge.tickets.refresh(ticket);
  if (isOpen(ticket.ticket)) return false;
  bridge.log.warn(
    { ticket: ticket.id, reason: error.message },
    'closing what cannot be written in',
  );
  await commit(bridge, ticket, { seq: ticket.head });
  return true;
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
        if (shown) logHop(bridge.ctx.log, 'mirrored in Discord', entry);
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
