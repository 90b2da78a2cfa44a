import type { KeptTranscript, MirrorChange } from '../../../src/domain/mirror/mirrors.ts';
import type { MirroredTicket } from '../../mirrored-tickets.ts';

/** Where a post is, as a mirror remembers it: the channel of transcripts may be another one later. */
export function withTranscript(
  { mirror }: MirroredTicket,
  channelId: string,
  postId: string | undefined,
): { transcripts?: string[] } {
  if (!postId) return {};
  return { transcripts: [...(mirror.transcripts ?? []), `${channelId}/${postId}`] };
}

/** Posts of which a mirror remembers what they hold. */
const MAX_KEPT = 50;

/** A post of a transcript with what it holds, as a mirror remembers it. */
export function keepTranscriptPost(
  ticket: MirroredTicket,
  channelId: string,
  postId: string | undefined,
  posted: Omit<KeptTranscript, 'place'>,
): MirrorChange {
  const place = withTranscript(ticket, channelId, postId);
  const one = { ...posted, place: place.transcripts?.at(-1) ?? null };
  return { ...place, kept: [...(ticket.mirror.kept ?? []), one].slice(-MAX_KEPT) };
}

/** The channel and the post that a mirror remembers. */
export function placeOf(transcript: string): { channelId: string; postId: string } {
  const [channelId, postId] = transcript.split('/') as [string, string];
  return { channelId, postId };
}
