import { Routes } from 'discord.js';
import { isDeleted } from '../../../src/domain/log/deletion.ts';
import { isOpen } from '../../../src/domain/tickets/workflow.ts';
import type { Bridge } from '../../bridge.ts';
import { freeChannels } from '../../checks.ts';
import { isInForum, type MirroredTicket } from '../../mirrored-tickets.ts';
import { lacking, toRemove } from '../../permissions.ts';
import { callDiscord } from '../../rest/call-ends.ts';
import { describe, MirrorProblem } from '../../rest/discord-errors.ts';
import { sideStep } from '../side-steps.ts';
import { drain, lockChannel } from '../transcripts/asides.ts';
import { isInPlace } from './forum-kinds.ts';
import { wantsForumPost, whyNot } from './forum-posts.ts';
import { ensureForum } from './forums.ts';
import { keepWords, removeHeard } from './last-words.ts';
import { MOVING, saveMoved } from './moved.ts';
import { withoutRoles } from './overwrites.ts';
import { endTrouble, raiseTrouble } from './post-troubles.ts';

/** The problem's key while a post stays where its ticket does not belong. */
const STUCK = 'forum-move';

const isUnderWay = ({ mirror }: MirroredTicket) => mirror.steps.includes(MOVING);

/** The post stays after all: whoever could write in it can again. */
async function callOff(bridge: Bridge, ticket: MirroredTicket): Promise<void> {
  if (!isUnderWay(ticket) || isDeleted(ticket.ticket)) return;
  const route = Routes.channel(ticket.mirror.channel_id as string);
  await callDiscord(bridge, 'change_channel', () =>
    bridge.rest.patch(route, { body: { archived: false, locked: false } }),
  );
  // What is kept of it is kept: each try would keep it again.
  const steps = ticket.mirror.steps.filter((step) => step !== MOVING);
  await bridge.tickets.save(ticket, { steps, attempt: null });
}

const hasRoom = (bridge: Bridge) => !bridge.room.isFull() && (freeChannels(bridge) ?? 0) > 0;

/** Only an open thread makes room for another by its end. @returns why the post cannot be opened */
async function wake(bridge: Bridge, { mirror }: MirroredTicket) {
  const route = Routes.channel(mirror.channel_id as string);
  const outcome = await callDiscord(bridge, 'change_channel', () =>
    bridge.rest.patch(route, { body: { archived: false } }),
  );
  return outcome.end === 'refused' && outcome.cause === 'limit' ? outcome : undefined;
}

/**
 * Sees to it that there is a place for the ticket before its post goes.
 * @throws MirrorProblem where there is none
 */
async function prepare(bridge: Bridge, ticket: MirroredTicket): Promise<void> {
  if (wantsForumPost(bridge, ticket)) {
    const forum = await ensureForum(bridge, ticket.ticket, withoutRoles(bridge));
    if ('failed' in forum) throw new MirrorProblem(whyNot(bridge, forum.failed));
    const failed = await wake(bridge, ticket);
    if (!failed || hasRoom(bridge)) return;
    throw new MirrorProblem(whyNot(bridge, failed));
  }
  if (!hasRoom(bridge)) throw new MirrorProblem('the server has no room for its channel');
}

/** From the step that is written ahead on: a crash resumes here. */
async function move(bridge: Bridge, ticket: MirroredTicket): Promise<void> {
  const { ctx, tickets } = bridge;
  await prepare(bridge, ticket);
  ctx.failpoint('before-move-step');
  if (!isUnderWay(ticket)) await tickets.save(ticket, { steps: [...ticket.mirror.steps, MOVING] });
  ctx.failpoint('after-move-step');
  await lockChannel(bridge, ticket.mirror);
  const drained = await drain(bridge, ticket);
  const unkept = await keepWords(bridge, ticket, drained, 'moved');
  if (unkept) throw new MirrorProblem(unkept);
  await tickets.refresh(ticket);
  if (!isOpen(ticket.ticket) || isInPlace(ticket)) return callOff(bridge, ticket);
  ctx.failpoint('before-move-step');
  const outcome = await removeHeard(bridge, ticket.mirror.channel_id as string);
  if (outcome.end === 'refused') {
    const { channel_id } = ticket.mirror;
    const names = lacking(bridge, toRemove(ticket.mirror), channel_id as string).join(', ');
    throw new MirrorProblem(names ? `the bot lacks ${names}` : describe(outcome.error));
  }
  ctx.failpoint('after-move-step');
  await saveMoved(bridge, ticket);
  bridge.outbound.schedule(ticket.id);
}

/**
 * Moves a ticket whose post stands in the forum of another level, or of a support role that it is not of any more:
 * Discord moves no post, so that it goes, and another one, or a channel, is made. What was written in it is taken
 * in before. Runs at the end of the ticket's turn; what it cannot do yet is tried again, and told.
 */
export async function moveWhereDue(bridge: Bridge, ticket: MirroredTicket): Promise<void> {
  const { mirror } = ticket;
  if (!mirror.channel_id || !isInForum(mirror) || bridge.ended) return;
  if (isInPlace(ticket)) {
    endTrouble(bridge, ticket.id, STUCK);
    return callOff(bridge, ticket);
  }
  await sideStep(bridge, ticket, 'move', async () => {
    try {
      await move(bridge, ticket);
    } catch (error) {
      if (!(error instanceof MirrorProblem)) throw error;
      const text = `a ticket's post cannot go where it belongs: ${error.message}`;
      raiseTrouble(bridge, STUCK, text, ticket.id);
      await callOff(bridge, ticket);
      throw error;
    }
  });
}
