import { PermissionFlagsBits as P } from 'discord.js';
import { isDeleted } from '../../src/domain/log/deletion.ts';
import { forgetPosts } from '../../src/domain/mirror/posts.ts';
import type { Bridge } from '../bridge.ts';
import { neutralise, shorten, systemLine } from '../format.ts';
import type { MirroredTicket } from '../mirrored-tickets.ts';
import { lacking, toRemove } from '../permissions.ts';
import { deliver, postNotice } from '../posting.ts';
import type { Outcome } from '../rest/call-ends.ts';
import { describe, MirrorProblem } from '../rest/discord-errors.ts';
import { UNSET } from '../settings.ts';
import { isStepDone, saveStep, stepName } from './closing-steps.ts';
import { removeChannel } from './places/channels.ts';
import { breakLinks } from './posts/renditions.ts';
import { keepLateWords } from './transcripts/asides.ts';
import { postTranscript } from './transcripts/transcript-posts.ts';

const CLOSED = 'The ticket is closed';

/** @returns why the ticket's end has to wait, where it does */
type Step = (bridge: Bridge, ticket: MirroredTicket) => Promise<string | undefined>;

/** Says so in the channel, with the reason where Discord takes it; where it takes nothing, not. */
async function postClosingNotice(bridge: Bridge, ticket: MirroredTicket) {
  const { mirror, ticket: data } = ticket;
  if (!mirror.channel_id) return undefined;
  const reason = data.close_reason && neutralise(shorten(data.close_reason, 500));
  const texts = reason ? [`: ${reason}`, `: ${breakLinks(reason)}`, ''] : [''];
  for (const [nth, text] of texts.entries()) {
    const outcome = await deliver(bridge, ticket, {
      channelId: mirror.channel_id,
      key: `${stepName(ticket, 'notice')} ${ticket.id}`,
      rendition: String(nth),
      body: { content: systemLine(CLOSED + text) },
      isIt: ({ content }) => content.startsWith(systemLine(CLOSED)),
    });
    if (outcome.end === 'done') {
      await bridge.tickets.save(ticket, { last_post: outcome.value ?? mirror.last_post });
      return undefined;
    }
    if (outcome.end === 'gone' || outcome.cause === 'permission') return undefined;
  }
  return undefined;
}

/** Says once in the ticket's channel why its end waits. */
async function sayWhy(bridge: Bridge, ticket: MirroredTicket, name: string, why: string) {
  const { channel_id, steps } = ticket.mirror;
  const told = `${name}-told`;
  if (!channel_id || steps.includes(stepName(ticket, told))) return;
  await postNotice(bridge, channel_id, `${stepName(ticket, told)} ${ticket.id}`, systemLine(why));
  await saveStep(bridge, ticket, told);
}

type Failed = Exclude<Outcome<unknown>, { end: 'done' }>;

/** Keeps the transcript where transcripts are kept; nothing is removed before Discord has it. */
async function keepTranscript(bridge: Bridge, ticket: MirroredTicket) {
  const { transcriptChannelId } = bridge.settings;
  if (!transcriptChannelId) return noTranscripts(bridge, ticket, 'unset');
  const failed = await postTranscript(bridge, ticket, transcriptChannelId);
  return failed && noTranscripts(bridge, ticket, failed);
}

/** Why nothing can be posted where transcripts are kept. */
function whyNoTranscripts(bridge: Bridge, failed: Failed | 'unset'): string {
  if (failed === 'unset') return 'TRANSCRIPT_CHANNEL_ID is not set: run /setup';
  if (failed.end === 'gone') return 'the channel of TRANSCRIPT_CHANNEL_ID does not exist';
  const needed = [P.ViewChannel, P.SendMessages, P.EmbedLinks, P.AttachFiles];
  const names = lacking(bridge, needed, bridge.settings.transcriptChannelId).join(', ');
  const what = names ? `the bot lacks ${names}` : describe(failed.error);
  return `${what} in the channel of TRANSCRIPT_CHANNEL_ID`;
}

/** Tells everybody whom it concerns that nothing can be posted where transcripts are kept. */
async function noTranscripts(bridge: Bridge, ticket: MirroredTicket, failed: Failed | 'unset') {
  const what = whyNoTranscripts(bridge, failed);
  const why = `The transcript cannot be posted: ${what}. This channel stays until it can.`;
  const { problems } = bridge;
  if (!problems.has('setup:transcripts') && !problems.has(UNSET))
    problems.raise('transcripts', `no transcript can be posted: ${what}`, ticket.id);
  await sayWhy(bridge, ticket, 'transcript', why);
  return why;
}

async function dropChannel(bridge: Bridge, ticket: MirroredTicket) {
  const { channel_id } = ticket.mirror;
  if (!channel_id) return undefined;
  const { transcriptChannelId } = bridge.settings;
  if (!transcriptChannelId) return noTranscripts(bridge, ticket, 'unset');
  const failed = await keepLateWords(bridge, ticket, transcriptChannelId);
  if (failed) return noTranscripts(bridge, ticket, failed);
  const outcome: Outcome<unknown> = await removeChannel(bridge, channel_id);
  if (outcome.end !== 'refused') return undefined;
  const names = lacking(bridge, toRemove(ticket.mirror), channel_id).join(', ');
  const what = names ? `the bot lacks ${names}` : describe(outcome.error);
  const why = `The transcript is kept, but this channel cannot be removed: ${what}. It may be deleted by hand.`;
  const text = `a closed ticket's channel cannot be removed: ${what}`;
  bridge.problems.raise(`removal:${names || outcome.cause}`, text, ticket.id);
  await sayWhy(bridge, ticket, 'removal', why);
  return why;
}

const steps: [string, Step][] = [
  ['notice', postClosingNotice],
  ['transcript', keepTranscript],
  ['removed', dropChannel],
];

/**
 * Says so in the channel, keeps the transcript, removes the channel: one stored step after another,
 * each for this closing alone, so that a ticket that is opened again can be closed again.
 * @returns true when all of it is done
 * @throws MirrorProblem where an operator has to mend something first
 */
export async function walkClosing(bridge: Bridge, ticket: MirroredTicket): Promise<boolean> {
  for (const [name, take] of steps) {
    if (isStepDone(ticket, name)) continue;
    // What is deleted is taken away instead, when its turn comes.
    if (bridge.ended || isDeleted(ticket.ticket)) return false;
    bridge.ctx.failpoint('before-close-step');
    const waits = await take(bridge, ticket);
    if (waits) throw new MirrorProblem(waits);
    bridge.ctx.failpoint('after-close-step');
    await saveStep(bridge, ticket, name);
  }
  await forgetPosts(bridge.ctx, ticket.id, bridge.lease.fencingToken);
  const closing = ticket.ticket.ending_seq;
  await bridge.tickets.save(ticket, { state: 'done', closing, parked: null, problem: null });
  bridge.room.left(ticket);
  bridge.tickets.forget(ticket);
  return true;
}
