import { type APIMessage, PermissionFlagsBits as P, Routes, SnowflakeUtil } from 'discord.js';
import {
  type ErasureRow,
  findDeleted,
  type MirrorRow,
  noteDiscordWiped,
  takeMirror,
} from '../../src/domain/mirror/deleted.ts';
import { type Bridge, selfId } from '../bridge.ts';
import { callDiscord, type Outcome } from '../call-ends.ts';
import { describe, MirrorProblem } from '../discord-errors.ts';
import { lacking } from '../permissions.ts';
import { compareIds } from '../posting.ts';
import { retryAfterRateLimit } from '../rate-limit-retry.ts';
import { findChannel, removeChannel } from './channels.ts';
import { placeOf } from './transcript-places.ts';

/** How far clocks may differ, in milliseconds. */
const LOOK_BACK_MS = 10 * 60_000;
const PAGE = 100;
/** Posts behind a ticket's end among which a transcript is looked for whose place was not written down. */
const PAGES_LOOKED_AT = 20;

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

async function dropChannel(bridge: Bridge, ticketId: string, mirror: MirrorRow): Promise<void> {
  const known = bridge.tickets.known(ticketId);
  const place = { id: ticketId, channelsSince: known?.channelsSince ?? 0 };
  // One may have been made whose id was not written down.
  const isThere = mirror.state !== 'done';
  const channelId =
    mirror.channel_id ?? (isThere ? await findChannel(bridge, place) : undefined) ?? null;
  if (channelId) {
    const outcome = await removeChannel(bridge, channelId);
    if (outcome.end === 'refused') {
      const names = lacking(bridge, [P.ViewChannel, P.ManageChannels], channelId).join(', ');
      refuse(bridge, ticketId, 'the channel', outcome, names);
    }
  }
  bridge.room.left({ id: ticketId });
}

/** True for a post that holds a transcript of the ticket, or what was kept beside one. */
function isTranscriptOf(ticketId: string) {
  return ({ embeds, content }: APIMessage) =>
    embeds.some(({ footer }) => footer?.text.startsWith(`Ticket ${ticketId}`)) ||
    content.includes(`(${ticketId} `);
}

/** The posts of a ticket's transcripts behind a time, among so many as are looked at. */
async function findTranscripts(bridge: Bridge, ticketId: string, since: number) {
  const { transcriptChannelId: channelId } = bridge.settings;
  const isIt = isTranscriptOf(ticketId);
  const found: string[] = [];
  if (!channelId) return found;
  let after = String(SnowflakeUtil.generate({ timestamp: since - LOOK_BACK_MS }));
  for (let nth = 0; nth < PAGES_LOOKED_AT; nth++) {
    const query = new URLSearchParams({ limit: String(PAGE), after });
    const page = await callDiscord<APIMessage[]>(bridge, 'read_messages', () =>
      retryAfterRateLimit(bridge, () =>
        bridge.rest.get(Routes.channelMessages(channelId), { query }),
      ),
    );
    if (page.end === 'refused') {
      const names = lacking(bridge, [P.ViewChannel, P.ReadMessageHistory], channelId).join(', ');
      refuse(bridge, ticketId, 'the transcript', page, names);
    }
    if (page.end !== 'done') return found;
    const messages = page.value.sort((a, b) => compareIds(a.id, b.id));
    const own = messages.filter((one) => one.author.id === selfId(bridge) && isIt(one));
    found.push(...own.map(({ id }) => `${channelId}/${id}`));
    const last = messages.at(-1);
    if (!last || messages.length < PAGE) return found;
    after = last.id;
  }
  bridge.log.warn(
    { ticket: ticketId },
    'the transcript of a deleted ticket was not looked for further',
  );
  return found;
}

/**
 * From when on a transcript may be that no row names: one whose answer was lost, or of an earlier version.
 * A ticket that was opened again may have some of both versions.
 */
function lookSince({ steps, transcripts, attempt }: MirrorRow, { ticket }: ErasureRow) {
  const ended = ticket?.ended ?? [];
  const isLost = attempt !== null && /^(transcript@|late )/.test(attempt.key);
  const isPosted = steps.some((step) => step.startsWith('transcript'));
  const isNamed = transcripts !== undefined || !isPosted;
  const since = Math.min(
    ...(isLost ? [attempt.at] : []),
    ...(isNamed && ended.length < 2 ? [] : ended),
  );
  return Number.isFinite(since) ? since : undefined;
}

async function dropTranscripts(
  bridge: Bridge,
  ticketId: string,
  mirror: MirrorRow,
  receipt: ErasureRow,
): Promise<number> {
  const since = lookSince(mirror, receipt);
  const looked = since === undefined ? [] : await findTranscripts(bridge, ticketId, since);
  const all = new Set([...(mirror.transcripts ?? []), ...looked]);
  for (const transcript of all) {
    const { channelId, postId } = placeOf(transcript);
    const outcome = await callDiscord(bridge, 'delete_message', () =>
      bridge.rest.delete(Routes.channelMessage(channelId, postId)),
    );
    if (outcome.end !== 'refused') continue;
    refuse(bridge, ticketId, 'the transcript', outcome, '');
  }
  return all.size;
}

/**
 * Takes away what Discord has of a ticket that was deleted: its channel, with everything in it, and the
 * posts of its transcripts. All of it may be repeated.
 * @throws MirrorProblem where Discord does not let the bot
 */
export async function removeDeleted(bridge: Bridge, ticketId: string): Promise<void> {
  const { ctx, tickets, lease } = bridge;
  const receipt = await findDeleted(ctx, ticketId);
  if (!receipt) return;
  const epoch = lease.fencingToken;
  const mirror = await takeMirror(ctx, ticketId, epoch);
  let transcripts = 0;
  if (mirror) {
    ctx.failpoint('before-discord-wipe');
    await dropChannel(bridge, ticketId, mirror);
    transcripts = await dropTranscripts(bridge, ticketId, mirror, receipt);
    ctx.failpoint('after-discord-wipe');
  }
  if (mirror || receipt.discord !== 'done')
    await noteDiscordWiped(ctx, ticketId, transcripts, epoch);
  tickets.drop(ticketId, mirror?.channel_id ?? null);
}
