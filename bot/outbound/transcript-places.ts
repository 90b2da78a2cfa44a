import type { MirroredTicket } from '../mirrored-tickets.ts';

/** Where a post is, as a mirror remembers it: the channel of transcripts may be another one later. */
export function withTranscript(
  { mirror }: MirroredTicket,
  channelId: string,
  postId: string | undefined,
): { transcripts?: string[] } {
  if (!postId) return {};
  return { transcripts: [...(mirror.transcripts ?? []), `${channelId}/${postId}`] };
}

/** The channel and the post that a mirror remembers. */
export function placeOf(transcript: string): { channelId: string; postId: string } {
  const [channelId, postId] = transcript.split('/') as [string, string];
  return { channelId, postId };
}
