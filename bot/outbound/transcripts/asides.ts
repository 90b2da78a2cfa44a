import {
  type APIGuildChannel,
  type GuildChannelType,
  PermissionFlagsBits as P,
  type RawFile,
  Routes,
} from 'discord.js';
import { sizes } from '../../../src/contract/limits.ts';
import type { Mirror } from '../../../src/domain/mirror/mirrors.ts';
import { type Aside, buildAsides } from '../../../src/domain/transcript/asides.ts';
import { type Bridge, selfId } from '../../bridge.ts';
import { systemLine } from '../../format.ts';
import { isInForum, type MirroredTicket } from '../../mirrored-tickets.ts';
import { deliver } from '../../posting.ts';
import type { Outcome } from '../../rest/call-ends.ts';
import { describe, isForbidden } from '../../rest/discord-errors.ts';
import { compareIds } from '../../snowflakes.ts';
import { isStepDone } from '../closing-steps.ts';
import { blocked } from '../posts/refusals.ts';
import { withTranscript } from './transcript-places.ts';

/** The step that names the newest message whose words the transcript has. */
const UP_TO = 'asides@';
const FILES_IN_A_POST = 2;

/** What staff said beside the log, by the ticket that is being closed. */
const gathered = new WeakMap<MirroredTicket, readonly Aside[]>();

const prefixOf = ({ ticket }: MirroredTicket) => `${UP_TO}${ticket.ending_seq}:`;

function upToOf(ticket: MirroredTicket): string | undefined {
  const prefix = prefixOf(ticket);
  return ticket.mirror.steps.find((step) => step.startsWith(prefix))?.slice(prefix.length);
}

async function saveUpTo(bridge: Bridge, ticket: MirroredTicket, upTo: string): Promise<void> {
  const prefix = prefixOf(ticket);
  const others = ticket.mirror.steps.filter((step) => !step.startsWith(prefix));
  await bridge.tickets.save(ticket, { steps: [...others, prefix + upTo], attempt: null });
}

/** What a channel held when it was read to its end. */
export type Drained = Awaited<ReturnType<Bridge['drainInbound']>>;

/** What staff wrote must not go with the channel: where it cannot be read, the channel stays. */
export async function drain(bridge: Bridge, ticket: MirroredTicket): Promise<Drained> {
  try {
    return await bridge.drainInbound(ticket);
  } catch (error) {
    if (!isForbidden(error)) throw error;
    const channelId = ticket.mirror.channel_id as string;
    const refusal = { cause: 'permission', error: error as Error } as const;
    throw blocked(bridge, ticket, channelId, refusal, [P.ViewChannel, P.ReadMessageHistory]);
  }
}

/**
 * Before the transcript: what was written in the channel before the closing goes into the log, and the
 * rest is gathered, so that nothing staff wrote goes with the channel.
 */
export async function gatherAsides(bridge: Bridge, ticket: MirroredTicket): Promise<void> {
  if (isStepDone(ticket, 'transcript')) return;
  const { asides, upTo } = await drain(bridge, ticket);
  if (!ticket.mirror.channel_id) return;
  gathered.set(ticket, asides);
  // The first one is kept: what came after it may be told twice after a crash, but never not at all.
  if (upToOf(ticket) !== undefined) return;
  await saveUpTo(bridge, ticket, upTo);
}

async function toFiles(
  { ctx }: Bridge,
  { ticket }: MirroredTicket,
  asides: readonly Aside[],
  part: string,
): Promise<RawFile[]> {
  const files = await buildAsides(ctx, ticket, asides, sizes.file, part);
  return files.map(({ name, data }) => ({ name, data, contentType: 'text/html' }));
}

/** The pages of what was gathered, to go with the transcript. */
export function asidePages(bridge: Bridge, ticket: MirroredTicket): Promise<RawFile[]> {
  return toFiles(bridge, ticket, gathered.get(ticket) ?? [], 'staff');
}

/** A post has no overwrites of its own: those of its forum are every ticket's there. */
async function lockPost(bridge: Bridge, postId: string): Promise<void> {
  bridge.lease.require();
  await bridge.rest.patch(Routes.channel(postId), { body: { archived: false, locked: true } });
}

async function lockOverwrites(bridge: Bridge, channelId: string): Promise<void> {
  const guild = bridge.client.guilds.cache.get(bridge.settings.guildId);
  const held = guild?.members.me?.permissions.bitfield ?? P.SendMessages;
  const admin = (held & P.Administrator) !== 0n;
  const writing = P.SendMessages | P.SendMessagesInThreads | P.CreatePublicThreads;
  const bits = admin ? writing : writing & held;
  const route = Routes.channel(channelId);
  const channel = (await bridge.rest.get(route)) as APIGuildChannel<GuildChannelType>;
  const permission_overwrites = (channel.permission_overwrites ?? []).map((one) => ({
    ...one,
    allow: String(one.id === selfId(bridge) ? one.allow : BigInt(one.allow) & ~bits),
    deny: String(one.id === selfId(bridge) ? one.deny : BigInt(one.deny) | bits),
  }));
  bridge.lease.require();
  await bridge.rest.patch(route, { body: { permission_overwrites } });
}

/** Lets nobody write any more in a channel, or post, that is about to go, as far as the bot may. */
export async function lockChannel(bridge: Bridge, mirror: Mirror): Promise<void> {
  const { channel_id: channelId } = mirror;
  if (!channelId) return;
  try {
    await (isInForum(mirror) ? lockPost : lockOverwrites)(bridge, channelId);
  } catch (error) {
    bridge.log.warn({ reason: describe(error) }, 'a channel that is to be removed was not locked');
  }
}

type Failed = Exclude<Outcome<unknown>, { end: 'done' }>;

/**
 * Before the channel is removed: locks it, reads what was written since the transcript was made, and
 * keeps that beside it.
 * @returns what keeps it from there
 */
export async function keepLateWords(
  bridge: Bridge,
  ticket: MirroredTicket,
  transcriptChannelId: string,
): Promise<Failed | undefined> {
  const { channel_id } = ticket.mirror;
  if (!channel_id) return undefined;
  await lockChannel(bridge, ticket.mirror);
  const { asides } = await drain(bridge, ticket);
  const since = upToOf(ticket) ?? '0';
  const late = asides.filter(({ id }) => compareIds(id, since) > 0);
  const what = 'what staff wrote while it was being closed';
  const failed = await keepAsides(bridge, ticket, late, {
    channelId: transcriptChannelId,
    name: 'late',
    what,
    since,
  });
  if (failed) return failed;
  const newest = late.at(-1);
  if (newest) await saveUpTo(bridge, ticket, newest.id);
  return undefined;
}

/** Where, and as what, lines of staff are kept. */
interface Keeping {
  channelId: string;
  /** In the files' names and the posts' keys. */
  name: string;
  what: string;
  /** The message after which they begin, a snowflake. */
  since: string;
}

/**
 * Posts what staff said beside the log where transcripts are kept. After a crash it may be told twice, but
 * never not at all.
 * @returns what keeps it from there
 */
export async function keepAsides(
  bridge: Bridge,
  ticket: MirroredTicket,
  asides: readonly Aside[],
  { channelId, name, what, since }: Keeping,
): Promise<Failed | undefined> {
  const files = await toFiles(bridge, ticket, asides, name);
  for (let nth = 0; nth * FILES_IN_A_POST < files.length; nth++) {
    const some = files.slice(nth * FILES_IN_A_POST, (nth + 1) * FILES_IN_A_POST);
    const { number, id } = ticket.ticket;
    const content = systemLine(`Ticket #${number}: ${what} (${id} ${nth + 1})`);
    const outcome = await deliver(bridge, ticket, {
      channelId,
      key: `${name} ${id} ${since} ${nth}`,
      body: { content },
      files: some,
      isIt: (message) => message.content.includes(`(${id} ${nth + 1})`),
    });
    if (outcome.end !== 'done') return outcome;
    await bridge.tickets.save(ticket, {
      ...withTranscript(ticket, channelId, outcome.value),
      attempt: null,
    });
  }
  return undefined;
}
