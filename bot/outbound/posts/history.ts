import { Routes } from 'discord.js';
import type { Bridge } from '../../bridge.ts';
import { systemLine } from '../../format.ts';
import type { MirroredTicket } from '../../mirrored-tickets.ts';
import { deliver, type Outgoing } from '../../posting.ts';
import { callDiscord } from '../../rest/call-ends.ts';
import { newestParts } from '../newest.ts';
import { placeOf } from '../transcripts/transcript-places.ts';
import { planTranscriptPosts } from '../transcripts/transcripts.ts';
import { failureOf } from './refusals.ts';

const openings = {
  remade: 'The channel was deleted and has been made again.',
  reopened: 'The ticket was opened again.',
  unparked:
    'The ticket was idle and parked, since the server had hardly any room for channels; /transcript has all of it.',
  moved:
    'The ticket has moved here from a forum that it does not belong in any more; /transcript has all of it.',
} as const;
type Opening = keyof typeof openings;

const isOpening = (step: string): step is Opening => step in openings;

const stepOf = ({ id }: MirroredTicket, nth: number) => `history ${id} ${nth}`;

/** Posts one part of it, once. `bare` is what stands there where Discord does not take the files. */
async function postPart(
  bridge: Bridge,
  ticket: MirroredTicket,
  nth: number,
  { start, bare, ...post }: { start: string; bare?: string } & Pick<Outgoing, 'body' | 'files'>,
): Promise<void> {
  const { mirror } = ticket;
  const channelId = mirror.channel_id as string;
  const key = stepOf(ticket, nth);
  const isIt: Outgoing['isIt'] = (message) => message.content.startsWith(start);
  let outcome = await deliver(bridge, ticket, { channelId, key, ...post, isIt });
  if (outcome.end === 'refused' && bare !== undefined) {
    const body = { content: bare };
    outcome = await deliver(bridge, ticket, { channelId, key, rendition: 'bare', body, isIt });
  }
  if (outcome.end !== 'done') throw failureOf(bridge, ticket, channelId, outcome);
  const last_post = outcome.value ?? mirror.last_post;
  await bridge.tickets.save(ticket, { steps: [...mirror.steps, key], last_post, attempt: null });
}

function textOf(why: Opening, nth: number, posts: number): string {
  const place = posts > 1 ? ` (${nth + 1} of ${posts})` : '';
  if (nth > 0) return systemLine(`What was said, continued${place}.`);
  return systemLine(`${openings[why]} What was said is attached${place}.`);
}

/** All that had been said, as files. */
async function postFiles(bridge: Bridge, ticket: MirroredTicket, why: Opening): Promise<void> {
  const { count, posts } = await planTranscriptPosts(bridge, ticket);
  let nth = -1;
  for await (const files of posts) {
    if (ticket.mirror.steps.includes(stepOf(ticket, ++nth))) continue;
    const start = textOf(why, nth, count);
    const bare = `${start} Discord does not take the file.`;
    await postPart(bridge, ticket, nth, { start, bare, body: { content: start }, files });
  }
}

/** The address of the transcript of the closing before, where that still stands. */
async function linkOf(bridge: Bridge, { mirror }: MirroredTicket): Promise<string | undefined> {
  const isOfIt = ({ closing, place }: { closing: number; place: string | null }) =>
    closing === mirror.closing && place !== null;
  const kept = mirror.kept?.find(isOfIt);
  if (!kept?.place) return undefined;
  const { channelId, postId } = placeOf(kept.place);
  const found = await callDiscord(bridge, 'read_messages', () =>
    bridge.rest.get(Routes.channelMessage(channelId, postId)),
  );
  if (found.end !== 'done') return undefined;
  // That may have been in another guild.
  const channel = bridge.client.channels.cache.get(channelId);
  const guildId = channel && 'guildId' in channel ? channel.guildId : bridge.settings.guildId;
  return `https://discord.com/channels/${guildId}/${channelId}/${postId}`;
}

/** Where all of it can be read, and the newest of it. */
async function postNewest(bridge: Bridge, ticket: MirroredTicket, first: string): Promise<void> {
  const parts = await newestParts(bridge, ticket, first);
  for (const [nth, { start, content }] of parts.entries()) {
    if (ticket.mirror.steps.includes(stepOf(ticket, nth))) continue;
    await postPart(bridge, ticket, nth, { start, body: { content } });
  }
}

/**
 * What had been said goes into a channel that takes the place of another: as files, or, where a ticket was
 * opened again whose transcript is there, as a link to that and the newest messages; the newest alone where a
 * ticket was parked, or has moved: `/transcript` has the rest.
 */
export async function postHistory(bridge: Bridge, ticket: MirroredTicket): Promise<void> {
  const { mirror } = ticket;
  const why = mirror.steps.find(isOpening);
  if (!why || mirror.steps.includes('history')) return;
  const link = why === 'reopened' ? await linkOf(bridge, ticket) : undefined;
  if (link) await postNewest(bridge, ticket, `${openings[why]} All that was said: ${link}`);
  else if (why === 'unparked' || why === 'moved') await postNewest(bridge, ticket, openings[why]);
  else await postFiles(bridge, ticket, why);
  await bridge.tickets.save(ticket, { steps: [...mirror.steps, 'history'] });
}
