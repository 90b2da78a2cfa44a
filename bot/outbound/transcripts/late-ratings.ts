import { Routes } from 'discord.js';
import type { Bridge } from '../../bridge.ts';
import type { MirroredTicket } from '../../mirrored-tickets.ts';
import { noPings } from '../../posting.ts';
import { callDiscord } from '../../rest/call-ends.ts';
import { placeOf } from './transcript-places.ts';
import { readPeople, summaries, summarise } from './transcript-summary.ts';

/**
 * Customers rate when all is over: the summary of the last closing's transcript shows it then. What Discord
 * refuses, or has no more, is left as it is.
 */
export async function showLateRating(bridge: Bridge, ticket: MirroredTicket): Promise<void> {
  const { mirror, ticket: data } = ticket;
  const kept = mirror.kept ?? [];
  const post = kept.find(({ closing }) => closing === data.ending_seq);
  const rated_at = data.rating?.at ?? null;
  if (!post?.place || rated_at === null || rated_at === post.rated_at) return;
  const { channelId, postId } = placeOf(post.place);
  const facts = { speakers: await readPeople(bridge, ticket), files: post.files };
  for (const how of summaries) {
    const embed = { ...summarise(data, facts, how), footer: { text: post.footer } };
    const outcome = await callDiscord(bridge, 'edit_message', () =>
      bridge.rest.patch(Routes.channelMessage(channelId, postId), {
        body: { embeds: [embed], allowed_mentions: noPings },
      }),
    );
    if (outcome.end !== 'refused' || outcome.cause === 'permission') break;
  }
  const changed = kept.map((one) => (one === post ? { ...one, rated_at } : one));
  await bridge.tickets.save(ticket, { kept: changed });
}
