import { type APIMessage, Routes, SnowflakeUtil } from 'discord.js';
import type { ErasureRow, MirrorRow } from '../../../src/domain/mirror/deleted.ts';
import { type Bridge, selfId } from '../../bridge.ts';
import { callDiscord, type Outcome } from '../../rest/call-ends.ts';
import { retryAfterRateLimit } from '../../rest/rate-limit-retry.ts';
import { compareIds } from '../../snowflakes.ts';
import { placeOf } from './transcript-places.ts';

/** How far clocks may differ, in milliseconds. */
const LOOK_BACK_MS = 10 * 60_000;
const PAGE = 100;
/** Posts behind a ticket's end among which a transcript is looked for whose place was not written down. */
const PAGES_LOOKED_AT = 20;

type Refused = Extract<Outcome<unknown>, { end: 'refused' }>;

/** What to look for: from when on, and how many posts there are at least, as far as the mirror knows. */
interface Wanted {
  since: number;
  atLeast: number;
}

/** What was found; `why` says why that may not be all. */
export interface Found {
  places: string[];
  why: string | undefined;
}

/** What a channel has of a ticket; the same, or that the bot may not read it. */
type Looked = Found | { refused: Refused; channelId: string };

/** A step that says that a transcript, or one post of it, is there; of the version before too. */
const postedStep = /^transcript(@\d+)?( |$)/;
const onePostStep = /^transcript.* \d+$/;

/**
 * From when on a transcript may be that no row names: one whose answer was lost, or of an earlier version.
 * A ticket that was opened again may have some of both versions.
 * @returns undefined where the mirror names all there are
 */
export function wantedBesides(
  { steps, transcripts, attempt }: MirrorRow,
  { ticket }: ErasureRow,
): Wanted | undefined {
  const ended = ticket?.ended ?? [];
  const isLost = attempt !== null && /^(transcript@|late |parked )/.test(attempt.key);
  const isPosted = steps.some((step) => postedStep.test(step) || step === 'reopened');
  const isNamed = transcripts !== undefined || !isPosted;
  const since = Math.min(
    ...(isLost ? [attempt.at] : []),
    ...(isNamed && ended.length < 2 ? [] : ended),
  );
  if (!Number.isFinite(since)) return undefined;
  const posts = steps.filter((step) => onePostStep.test(step)).length;
  return { since, atLeast: isNamed ? 0 : Math.max(posts, 1) };
}

/** True for a post that holds a transcript of the ticket, or what was kept beside one. */
function isTranscriptOf(ticketId: string) {
  return ({ embeds, content }: APIMessage) =>
    embeds.some(({ footer }) => footer?.text.startsWith(`Ticket ${ticketId}`)) ||
    content.includes(`(${ticketId} `);
}

/** The posts of a ticket's transcripts in one channel behind a time, among so many as are looked at. */
async function lookIn(
  bridge: Bridge,
  channelId: string,
  ticketId: string,
  since: number,
): Promise<Looked> {
  const isIt = isTranscriptOf(ticketId);
  const places: string[] = [];
  let after = String(SnowflakeUtil.generate({ timestamp: since - LOOK_BACK_MS }));
  for (let nth = 0; nth < PAGES_LOOKED_AT; nth++) {
    const query = new URLSearchParams({ limit: String(PAGE), after });
    const page = await callDiscord<APIMessage[]>(bridge, 'read_messages', () =>
      retryAfterRateLimit(bridge, () =>
        bridge.rest.get(Routes.channelMessages(channelId), { query }),
      ),
    );
    if (page.end === 'refused') return { refused: page, channelId };
    if (page.end !== 'done') return { places, why: `the channel ${channelId} is not there` };
    const messages = page.value.sort((a, b) => compareIds(a.id, b.id));
    const own = messages.filter((one) => one.author.id === selfId(bridge) && isIt(one));
    places.push(...own.map(({ id }) => `${channelId}/${id}`));
    const last = messages.at(-1);
    if (!last || messages.length < PAGE) return { places, why: undefined };
    after = last.id;
  }
  const posts = PAGES_LOOKED_AT * PAGE;
  return { places, why: `more than ${posts} posts are behind its end in the channel ${channelId}` };
}

/** The channels in which a ticket's transcripts may be: today's, and those of which its mirror knows. */
function channelsOf(bridge: Bridge, { transcripts = [] }: MirrorRow): string[] {
  const { transcriptChannelId } = bridge.settings;
  const named = transcripts.map((transcript) => placeOf(transcript).channelId);
  return [...new Set([...(transcriptChannelId ? [transcriptChannelId] : []), ...named])];
}

/** Looks for the posts of a ticket's transcripts that no row names, wherever they may be. */
export async function findTranscripts(
  bridge: Bridge,
  ticketId: string,
  mirror: MirrorRow,
  { since, atLeast }: Wanted,
): Promise<Found | Extract<Looked, { refused: Refused }>> {
  const channels = channelsOf(bridge, mirror);
  const places: string[] = [];
  const reasons: string[] = [];
  // Else they were posted into another one, which no row names.
  if (!channels.some((id) => SnowflakeUtil.timestampFrom(id) <= since))
    reasons.push('the channel of its transcripts is not known');
  for (const channelId of channels) {
    const looked = await lookIn(bridge, channelId, ticketId, since);
    if ('refused' in looked) return looked;
    places.push(...looked.places);
    if (looked.why) reasons.push(looked.why);
  }
  if (places.length < atLeast) reasons.push(`${places.length} of ${atLeast} posts are found`);
  return { places, why: reasons.length > 0 ? reasons.join('; ') : undefined };
}
