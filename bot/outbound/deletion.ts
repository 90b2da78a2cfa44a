import { PermissionFlagsBits as P, Routes } from 'discord.js';
import {
  type ErasureRow,
  findDeleted,
  isRemoved,
  type MirrorRow,
  noteDiscordWiped,
  type Removed,
  takeMirror,
} from '../../src/domain/mirror/deleted.ts';
import { commitMirror } from '../../src/domain/mirror/mirrors.ts';
import type { Bridge } from '../bridge.ts';
import { lacking, toRemove } from '../permissions.ts';
import { callDiscord, type Outcome } from '../rest/call-ends.ts';
import { describe, MirrorProblem } from '../rest/discord-errors.ts';
import { removeChannel } from './places/channels.ts';
import { findDoubles, findRoom } from './places/forum-search.ts';
import { placeOf } from './transcripts/transcript-places.ts';
import { findTranscripts, wantedBesides } from './transcripts/transcript-search.ts';

type Refused = Extract<Outcome<unknown>, { end: 'refused' }>;

/** Says what keeps Discord from letting go of a deleted ticket; it is tried again. */
function refuse(
  bridge: Bridge,
  ticketId: string,
  what: string,
  why: Refused,
  names: string,
): never {
  const reason = names ? `the bot lacks ${names}` : describe(why.error);
  const text = `${what} of a deleted ticket cannot be removed: ${reason}`;
  bridge.problems.raise(`removal:${names || why.cause}`, text, ticketId);
  throw new MirrorProblem(text);
}

async function dropChannel(
  bridge: Bridge,
  ticketId: string,
  mirror: MirrorRow,
  { at }: ErasureRow,
): Promise<void> {
  const { channelsSince = 0 } = bridge.tickets.known(ticketId) ?? {};
  const place = { id: ticketId, channelsSince };
  // One may have been made whose id was not written down.
  const isThere = mirror.state !== 'done';
  const { channel_id, forum_id = null } = mirror;
  const known = channel_id ? { id: channel_id, forum_id } : undefined;
  const room = known ?? (isThere ? await findRoom(bridge, place) : undefined);
  const age = Math.max(0, bridge.ctx.clock() - at);
  const doubles = await findDoubles(bridge, ticketId, performance.now() - age);
  for (const one of [...(room ? [room] : []), ...doubles]) {
    const { id: channelId } = one;
    const outcome = await removeChannel(bridge, channelId);
    if (outcome.end === 'refused') {
      const names = lacking(bridge, toRemove(one), channelId).join(', ');
      refuse(bridge, ticketId, 'the channel', outcome, names);
    }
  }
  bridge.room.left({ id: ticketId });
}

/** The problem's key while it is not known whether a transcript is left. */
const UNSURE = 'removal:unsure';

/** Says that the search for a transcript has come to no end: nobody but a person can do more. */
function tellUnsure(bridge: Bridge, ticketId: string, reason: string): void {
  bridge.log.warn({ ticket: ticketId, reason }, 'a transcript of a deleted ticket may be left');
  const text =
    'transcripts of deleted tickets may be left in Discord: the receipts with `discord: "unsure"` say of which';
  bridge.problems.raise(UNSURE, text);
}

/** Looks for transcripts that no row names. @returns their places, and whether those are all */
async function lookFor(
  bridge: Bridge,
  ticketId: string,
  mirror: MirrorRow,
  receipt: ErasureRow,
): Promise<{ places: string[]; isSure: boolean }> {
  const wanted = wantedBesides(mirror, receipt);
  if (!wanted) return { places: [], isSure: true };
  const found = await findTranscripts(bridge, ticketId, mirror, wanted);
  if ('refused' in found) {
    const needed = [P.ViewChannel, P.ReadMessageHistory];
    const names = lacking(bridge, needed, found.channelId).join(', ');
    refuse(bridge, ticketId, 'the transcript', found.refused, names);
  }
  if (found.why) tellUnsure(bridge, ticketId, found.why);
  return { places: found.places, isSure: found.why === undefined };
}

async function dropTranscripts(
  bridge: Bridge,
  ticketId: string,
  mirror: MirrorRow,
  receipt: ErasureRow,
): Promise<Removed> {
  const { places, isSure } = await lookFor(bridge, ticketId, mirror, receipt);
  const all = [...new Set([...(mirror.transcripts ?? []), ...places])];
  // Written ahead: whoever goes on after a crash finds fewer.
  if (isSure && places.length > 0) {
    const epoch = bridge.lease.fencingToken;
    await commitMirror(bridge.ctx, { ticket_id: ticketId, epoch }, { transcripts: all });
  }
  for (const transcript of all) {
    const { channelId, postId } = placeOf(transcript);
    const outcome = await callDiscord(bridge, 'delete_message', () =>
      bridge.rest.delete(Routes.channelMessage(channelId, postId)),
    );
    if (outcome.end !== 'refused') continue;
    refuse(bridge, ticketId, 'the transcript', outcome, '');
  }
  return { transcripts: all.length, isSure };
}

/**
 * Takes away what Discord has of a ticket that was deleted: its channel, with everything in it, and the
 * posts of its transcripts. All of it may be repeated.
 * @throws MirrorProblem where Discord does not let the bot
 */
export async function removeDeleted(first: Bridge, ticketId: string): Promise<void> {
  const { ctx, tickets, lease } = first;
  const receipt = await findDeleted(ctx, ticketId);
  if (!receipt) return;
  const epoch = lease.fencingToken;
  const mirror = await takeMirror(ctx, ticketId, epoch);
  const bridge = first.guilds.of(mirror);
  let removed: Removed = { transcripts: 0, isSure: true };
  if (mirror) {
    ctx.failpoint('before-discord-wipe');
    await dropChannel(bridge, ticketId, mirror, receipt);
    removed = await dropTranscripts(bridge, ticketId, mirror, receipt);
    ctx.failpoint('after-discord-wipe');
  }
  if (mirror || !isRemoved(receipt)) await noteDiscordWiped(ctx, ticketId, removed, epoch);
  tickets.drop(ticketId, mirror?.channel_id ?? null);
}
