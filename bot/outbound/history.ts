import type { APIMessage } from 'discord.js';
import type { Bridge } from '../bridge.ts';
import { systemLine } from '../format.ts';
import type { MirroredTicket } from '../mirrored-tickets.ts';
import { deliver, hasText } from '../posting.ts';
import { planTranscript } from './transcripts.ts';

function textOf(nth: number, posts: number): string {
  const place = posts > 1 ? ` (${nth + 1} of ${posts})` : '';
  if (nth > 0) return systemLine(`What was said, continued${place}.`);
  return systemLine(
    `The channel was deleted and has been made again. What was said is attached${place}.`,
  );
}

/** Into a channel that was made again goes what had been said, as files. */
export async function postHistory(bridge: Bridge, ticket: MirroredTicket): Promise<void> {
  const { mirror } = ticket;
  if (!mirror.steps.includes('remade') || mirror.steps.includes('history')) return;
  const posts = await planTranscript(bridge, ticket);
  for (const [nth, files] of posts.entries()) {
    const key = `history ${ticket.id} ${nth}`;
    if (mirror.steps.includes(key)) continue;
    const content = textOf(nth, posts.length);
    const posted = await deliver(bridge, ticket, {
      channelId: mirror.channel_id as string,
      key,
      body: { content },
      files,
      isIt: (message: APIMessage) => hasText(message, content, files.length),
    });
    const last_post = posted ?? mirror.last_post;
    await bridge.tickets.save(ticket, { steps: [...mirror.steps, key], last_post, attempt: null });
  }
  await bridge.tickets.save(ticket, { steps: [...mirror.steps, 'history'] });
}
