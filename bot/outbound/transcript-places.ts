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

/** The channel and the post that a mirror remembers. */
export function placeOf(transcript: string): { channelId: string; postId: string } {
  const [channelId, postId] = transcript.split('/') as [string, string];
  return { channelId, postId };
}
