import { PermissionFlagsBits as P } from 'discord.js';
import { isDeleted } from '../../../src/domain/log/deletion.ts';
import { listParkable } from '../../../src/domain/mirror/parking.ts';
import { forgetPosts } from '../../../src/domain/mirror/posts.ts';
import { isOpen } from '../../../src/domain/tickets/workflow.ts';
import type { Bridge } from '../../bridge.ts';
import type { MirroredTicket } from '../../mirrored-tickets.ts';
import { lacking } from '../../permissions.ts';
import { describe, isUnauthorized } from '../../rest/discord-errors.ts';
import { isCallPending } from '../alerts/on-call.ts';
import { type Drained, drain, lockChannel } from '../transcripts/asides.ts';
import { placeChannel } from './channel-life.ts';
import { isKeptUpTo, keepWords, removeHeard } from './last-words.ts';
import { PARKING, saveParked, tellParked } from './parked.ts';
import { wishesOf } from './parking-wishes.ts';

/** Times a ticket is read again, where it is doubted while it is read. */
const MAX_LOOKS = 5;
/** What stands in for who sees the channel while nobody may write in it: the next look puts it right. */
const LOCKED = 'locked';

const isUnderWay = ({ mirror }: MirroredTicket) => mirror.steps.includes(PARKING);

/** True where the channel shows all there is, and nothing that was written in it is unread. */
function isSettled(bridge: Bridge, one: MirroredTicket): boolean {
  const { id, ticket, mirror, heads, stale } = one;
  const isShown = mirror.seq >= heads.public && mirror.internal_seq >= heads.internal;
  const isQuiet = mirror.deferred.length === 0 && mirror.problem === null;
  // A call that waits for the working hours needs its channel.
  if (isCallPending(one)) return false;
  const inbox = bridge.inboxes.get(id);
  const isRead = !inbox || (inbox.events.length === 0 && !inbox.dropped);
  return !stale && isOpen(ticket) && isShown && isQuiet && isRead;
}

/** True where a ticket may still be parked, whatever has come since it was chosen. */
async function isParkable(bridge: Bridge, ticket: MirroredTicket): Promise<boolean> {
  // The sweep may doubt it meanwhile, which is no news by itself.
  for (let looks = 0; looks === 0 || (ticket.stale && looks < MAX_LOOKS); looks++) {
    await bridge.tickets.refresh(ticket);
  }
  if (isDeleted(ticket.ticket) || !isSettled(bridge, ticket)) return false;
  const { idleMs } = bridge.discord.parking;
  const [found] = await listParkable(bridge.ctx, idleMs, 1, { only: ticket.id });
  return found !== undefined;
}

/** True for lines that no log has, of which the newest was written a moment ago. */
function isTalkedIn(bridge: Bridge, { asides }: Drained): boolean {
  const newest = asides.at(-1)?.at ?? 0;
  return newest > bridge.ctx.clock() - bridge.discord.parking.idleMs;
}

/** The channel stays after all: whoever could write in it can again. */
async function callOff(bridge: Bridge, ticket: MirroredTicket, why: string): Promise<void> {
  bridge.log.info({ ticket: ticket.id, why }, 'not parked');
  wishesOf(bridge).delete(ticket.id);
  if (!isUnderWay(ticket) || isDeleted(ticket.ticket)) return;
  const steps = ticket.mirror.steps.filter((step) => step !== PARKING && !isKeptUpTo(step));
  await bridge.tickets.save(ticket, { steps, attempt: null });
  await placeChannel(bridge, ticket);
}

/** Removes the channel. @returns why it stays */
async function takeChannel(bridge: Bridge, channelId: string): Promise<string | undefined> {
  const outcome = await removeHeard(bridge, channelId);
  if (outcome.end !== 'refused') return undefined;
  const names = lacking(bridge, [P.ViewChannel, P.ManageChannels], channelId).join(', ');
  const what = names ? `the bot lacks ${names}` : describe(outcome.error);
  bridge.problems.raise('parking', `idle tickets cannot be parked: ${what}`);
  return what;
}

/** From the step that is written ahead on: errors are tried again, and a crash resumes here. */
async function park(bridge: Bridge, ticket: MirroredTicket, channelId: string): Promise<void> {
  const { ctx, tickets } = bridge;
  if (!isUnderWay(ticket)) {
    const shown = { ...ticket.mirror.shown, seers: LOCKED };
    ctx.failpoint('before-park-step');
    await tickets.save(ticket, { steps: [...ticket.mirror.steps, PARKING], shown });
    ctx.failpoint('after-park-step');
  } else await tickets.save(ticket, { shown: { ...ticket.mirror.shown, seers: LOCKED } });
  await lockChannel(bridge, ticket.mirror);
  const drained = await drain(bridge, ticket);
  if (isTalkedIn(bridge, drained)) return callOff(bridge, ticket, 'somebody writes in it');
  if (drained.unread > 0) return callOff(bridge, ticket, 'a thread of it cannot be read');
  const unkept = await keepWords(bridge, ticket, drained, 'parked');
  if (unkept) return callOff(bridge, ticket, unkept);
  if (!(await isParkable(bridge, ticket))) return callOff(bridge, ticket, 'there is news');
  ctx.failpoint('before-park-step');
  const stays = await takeChannel(bridge, channelId);
  if (stays) return callOff(bridge, ticket, stays);
  bridge.problems.clear('parking');
  ctx.failpoint('after-park-step');
  await saveParked(bridge, ticket);
  ctx.failpoint('before-park-step');
  await forgetPosts(ctx, ticket.id, bridge.lease.fencingToken);
  await tellParked(bridge, ticket);
  ctx.failpoint('after-park-step');
}

/** Reads the channel before anything of it is touched. @returns false where it cannot be */
async function isReadable(bridge: Bridge, ticket: MirroredTicket): Promise<boolean> {
  try {
    const drained = await bridge.drainInbound(ticket);
    // Nobody asked for its end: what the bot may not read is not to go with the channel.
    return drained.unread === 0 && !isTalkedIn(bridge, drained);
  } catch (error) {
    if (isUnauthorized(error)) throw error;
    bridge.log.info({ ticket: ticket.id, reason: describe(error) }, 'not parked');
    return false;
  }
}

/**
 * Parks a ticket that was chosen for it: its channel goes, the ticket stays. Runs in the ticket's turn, when
 * the channel shows all there is. What was written in it is taken in before, or kept where transcripts are;
 * one that turns out to be in use keeps its channel.
 */
export async function parkWhereChosen(bridge: Bridge, ticket: MirroredTicket): Promise<void> {
  const { channel_id: channelId } = ticket.mirror;
  const isChosen = wishesOf(bridge).get(ticket.id)?.channelId === channelId;
  if (!channelId || bridge.ended || (!isChosen && !isUnderWay(ticket))) return;
  const goesOn = (await isParkable(bridge, ticket)) && (await isReadable(bridge, ticket));
  if (!goesOn || !(await isParkable(bridge, ticket))) return callOff(bridge, ticket, 'in use');
  await park(bridge, ticket, channelId);
}
