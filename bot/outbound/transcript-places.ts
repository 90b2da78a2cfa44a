import type { KeptTranscript, MirrorChange } from '../../src/domain/mirror/mirrors.ts';
import type { Bridge } from '../bridge.ts';
import type { MirroredTicket } from '../mirrored-tickets.ts';

/** Where a post is, as a mirror remembers it: TRANSCRIPT_CHANNEL_ID may be another one later. */
export function withTranscript(
  bridge: Bridge,
  { mirror }: MirroredTicket,
  postId: string | undefined,
): { transcripts?: string[] } {
  if (!postId) return {};
  const place = `${bridge.discord.transcriptChannelId}/${postId}`;
  return { transcripts: [...(mirror.transcripts ?? []), place] };
}

/** Posts of which a mirror remembers what they hold. */
const MAX_KEPT = 50;

/** A post of a transcript with what it holds, as a mirror remembers it. */
export function keepTranscriptPost(
  bridge: Bridge,
  ticket: MirroredTicket,
  postId: string | undefined,
  posted: Omit<KeptTranscript, 'place'>,
): MirrorChange {
  const place = withTranscript(bridge, ticket, postId);
  const one = { ...posted, place: place.transcripts?.at(-1) ?? null };
  return { ...place, kept: [...(ticket.mirror.kept ?? []), one].slice(-MAX_KEPT) };
}

/** The channel and the post that a mirror remembers. */
export function placeOf(transcript: string): { channelId: string; postId: string } {
  const [channelId, postId] = transcript.split('/') as [string, string];
  return { channelId, postId };
}
