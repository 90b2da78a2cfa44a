import { logHop } from '../../src/domain/hops.ts';
import { isDeleted } from '../../src/domain/log/deletion.ts';
import type { Stream } from '../../src/domain/log/entry.ts';
import { readEntries } from '../../src/domain/log/reads.ts';
import { deliveredAfter, isCustomersMessage } from '../../src/domain/mirror/delivered.ts';
import { type MirrorChange, offsetField } from '../../src/domain/mirror/mirrors.ts';
import { signalDelivered } from '../../src/domain/signals.ts';
import { isOpen } from '../../src/domain/tickets/workflow.ts';
import type { Bridge } from '../bridge.ts';
import { guildName, whyAway, whyLeft } from '../guilds/guild-state.ts';
import type { MirroredTicket } from '../mirrored-tickets.ts';
import { isNoteInDoubt } from '../own-posts.ts';
import { ChannelGone, code, hasCode, MirrorProblem } from '../rest/discord-errors.ts';
import { afterSuccess } from '../rest/failures.ts';
import { alertingChange, callAlerted } from './alerts/alerts.ts';
import { callRole, escalationOf, isCallInDoubt } from './alerts/escalation-pings.ts';
import { ensureCard } from './card/card-posts.ts';
import { walkClosing } from './closing.ts';
import { commit, settlePosts } from './commits.ts';
import { removeDeleted } from './deletion.ts';
import { ensureChannel, leaveGuild, loseChannel, placeChannel } from './places/channel-life.ts';
import { chooseGuild, hasGuild } from './places/guild-choice.ts';
import { moveWhereDue } from './places/moving.ts';
import { staysParked } from './places/parked.ts';
import { parkWhereChosen } from './places/parking.ts';
import { mirrorOrDefer, showDeferred } from './posts/deferred-edits.ts';
import { postHistory } from './posts/history.ts';
import { gatherAsides } from './transcripts/asides.ts';
import { showLateRating } from './transcripts/late-ratings.ts';

const PAGE = 100;

/**
 * Brings a ticket's channel up to the heads of its logs, each in its own order: opens it, posts what is
 * new, and closes it. Every step is written down when it is done, so that a crash resumes at the next.
 */
export async function syncChannel(first: Bridge, ticketId: string): Promise<void> {
  const known = first.tickets.guildOf(ticketId);
  const ticket = await first.tickets.load(ticketId);
  // Whatever stands in the way of its guild, it is to wait in that one's queue.
  if (first.guilds.isSeveral && first.tickets.guildOf(ticketId) !== known) {
    return first.outbound.schedule(ticketId);
  }
  if (ticket?.stale) await first.tickets.refresh(ticket);
  if (!ticket || isDeleted(ticket.ticket)) {
    await removeDeleted(first, ticketId);
    return afterSuccess(first, ticketId);
  }
  const bridge = first.guilds.of(ticket.mirror);
  if (ticket.mirror.state === 'done') {
    await showLateRating(bridge, ticket);
    return bridge.tickets.forget(ticket);
  }
  // Answered by the time the first of what is new is to be posted.
  if (ticket.mirror.channel_id && hasToPost(ticket)) ticket.asked = bridge.grant.ask();
  await leaveGuild(bridge, ticket);
  if (!hasGuild(bridge, ticket)) return chooseGuild(bridge, ticket);
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

/** True where the bus has brought a message that does not stand in Discord already. */
function hasToPost({ feeds }: MirroredTicket): boolean {
  return [...feeds.public, ...feeds.internal].some(
    ({ type, origin }) => type === 'message' && origin !== 'discord',
  );
}

/** @returns false */
async function wait({ tickets }: Bridge, ticket: MirroredTicket, problem: string): Promise<false> {
  if (ticket.mirror.problem !== problem) await tickets.save(ticket, { problem });
  return false;
}

/** @returns false where the ticket still waits for something, which its row says */
async function walk(bridge: Bridge, ticket: MirroredTicket): Promise<boolean> {
  const { mirror, tickets } = { mirror: ticket.mirror, tickets: bridge.tickets };
  const away = whyAway(bridge);
  if (away) return wait(bridge, ticket, `the server ${guildName(bridge)}: ${away}`);
  const left = whyLeft(bridge, mirror);
  if (left) return wait(bridge, ticket, left);
  if (ticket.stale) await tickets.refresh(ticket);
  if (ticket.channelNeedsCheck && mirror.channel_id) await loseChannel(bridge, ticket);
  ticket.channelNeedsCheck = false;
  if (ticket.inDoubt.public || ticket.inDoubt.internal) await settlePosts(bridge, ticket);
  if (isOpen(ticket.ticket) && (await staysParked(bridge, ticket))) return true;
  const hold = await ensureChannel(bridge, ticket);
  if (hold === 'elsewhere') return false;
  if (hold) return wait(bridge, ticket, hold.waits);
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
  if (mirror.channel_id && !isClosed) {
    await showDeferred(bridge, ticket);
    await parkWhereChosen(bridge, ticket);
    await moveWhereDue(bridge, ticket);
  }
  // A channel is not removed before it, and the transcript, have all that was said.
  if (!isClosed || waiting(ticket).length > 0 || bridge.ended) return true;
  await gatherAsides(bridge, ticket);
  await tickets.refresh(ticket);
  if (isDeleted(ticket.ticket)) return false;
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
  const { public: seq, internal: internal_seq } = ticket.heads;
  const { delivered } = ticket.mirror;
  await commit(bridge, ticket, 'public', { seq, delivered, internal_seq });
  return true;
}

/** The logs of a ticket that have something the channel does not show. */
function waiting({ mirror, heads }: MirroredTicket): Stream[] {
  const streams: readonly Stream[] = ['public', 'internal'];
  return streams.filter((stream) => mirror[offsetField[stream]] < heads[stream]);
}

/**
 * Which logs have their turn, and which goes first: the one whose post may stand in the channel without
 * being written down, or the other's next post would hide where to look for it.
 */
async function turns(bridge: Bridge, ticket: MirroredTicket): Promise<Stream[]> {
  const streams = waiting(ticket);
  if (isCallInDoubt(ticket)) return streams.toReversed();
  const { public: isPublic, internal: isInternal } = ticket.inDoubt;
  if (streams.length < 2 || !isInternal) return streams;
  const isNoteFirst = !isPublic || (await isNoteInDoubt(bridge, ticket));
  return isNoteFirst ? streams.reverse() : streams;
}

/** Shows every entry of both logs up to their heads, and to where those have come meanwhile. */
async function mirrorEntries(bridge: Bridge, ticket: MirroredTicket): Promise<void> {
  while (!bridge.ended) {
    const streams = await turns(bridge, ticket);
    if (streams.length === 0) return;
    for (const stream of streams) await mirrorPage(bridge, ticket, stream);
  }
}

/** The next entries of a log: as the bus has brought them up to the first hole, or else read. */
async function nextEntries(bridge: Bridge, ticket: MirroredTicket, stream: Stream) {
  const after = ticket.mirror[offsetField[stream]];
  const fed = ticket.feeds[stream].filter((entry) => entry.seq > after);
  ticket.feeds[stream] = [];
  const run = fed.filter(({ seq }, index) => seq === after + 1 + index);
  if (run.length > 0) return run;
  const range = { after, upTo: ticket.heads[stream], limit: PAGE };
  return readEntries(bridge.ctx.db, { ticketId: ticket.id, stream }, range);
}

/** Shows the next entries of one log, a page of them at most. */
async function mirrorPage(bridge: Bridge, ticket: MirroredTicket, stream: Stream): Promise<void> {
  const { mirror } = ticket;
  const offset = offsetField[stream];
  const entries = await nextEntries(bridge, ticket, stream);
  let seq = mirror[offset];
  let { delivered } = mirror;
  for (const entry of entries) {
    if (bridge.ended) return;
    seq = entry.seq;
    if (!mirror.channel_id) continue;
    const escalation = escalationOf(entry);
    if (escalation) {
      await callRole(bridge, ticket, escalation);
      continue;
    }
    const { shown, isPartial, deferred } = await mirrorOrDefer(bridge, ticket, entry);
    if (stream === 'public') delivered = deliveredAfter(delivered, entry, !isPartial);
    if (!shown && !deferred) continue;
    const change: MirrorChange = { [offset]: seq, delivered };
    if (deferred) change.deferred = deferred;
    Object.assign(change, alertingChange(ticket, entry));
    if (shown) logHop(bridge.ctx.log, 'mirrored in Discord', entry);
    await commit(bridge, ticket, stream, change);
    if (isCustomersMessage(entry) && delivered === seq)
      signalDelivered(bridge.ctx, ticket.ticket, seq);
    bridge.ctx.failpoint('after-record');
    await callAlerted(bridge, ticket);
  }
  if (seq !== mirror[offset]) await bridge.tickets.save(ticket, { [offset]: seq, delivered });
  if (ticket.stale) await bridge.tickets.refresh(ticket);
  const isChanged = entries.some(({ type }) => type === 'ticket_change');
  if (!mirror.channel_id || !isChanged) return;
  await ensureCard(bridge, ticket);
  if (stream === 'public') await placeChannel(bridge, ticket);
}
