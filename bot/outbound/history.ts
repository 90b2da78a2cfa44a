import type { Bridge } from '../bridge.ts';
import { systemLine } from '../format.ts';
import type { MirroredTicket } from '../mirrored-tickets.ts';
import { deliver } from '../posting.ts';
import { failureOf } from './refusals.ts';
import { planTranscriptPosts } from './transcripts.ts';

const openings = {
  remade: 'The channel was deleted and has been made again.',
  reopened: 'The ticket was opened again.',
  unparked: 'The ticket was idle and parked, since the server had hardly any room for channels.',
} as const;

const isOpening = (step: string): step is keyof typeof openings => step in openings;

function textOf(why: keyof typeof openings, nth: number, posts: number): string {
  const place = posts > 1 ? ` (${nth + 1} of ${posts})` : '';
  if (nth > 0) return systemLine(`What was said, continued${place}.`);
  return systemLine(`${openings[why]} What was said is attached${place}.`);
}

/** Into a channel that was made again goes what had been said, as files. */
export async function postHistory(bridge: Bridge, ticket: MirroredTicket): Promise<void> {
  const { mirror } = ticket;
  const why = mirror.steps.find(isOpening);
  if (!why || mirror.steps.includes('history')) return;
  const channelId = mirror.channel_id as string;
  const { count, posts } = await planTranscriptPosts(bridge, ticket);
  let nth = -1;
  for await (const files of posts) {
    const key = `history ${ticket.id} ${++nth}`;
    if (mirror.steps.includes(key)) continue;
    const content = textOf(why, nth, count);
    const post = (text: string, attached: typeof files, rendition: string) =>
      deliver(bridge, ticket, {
        channelId,
        key,
        rendition,
        body: { content: text },
        files: attached,
        isIt: (message) => message.content.startsWith(content),
      });
    let outcome = await post(content, files, '');
    if (outcome.end === 'refused') {
      outcome = await post(`${content} Discord does not take the file.`, [], 'bare');
    }
    if (outcome.end !== 'done') throw failureOf(bridge, ticket, channelId, outcome);
    const last_post = outcome.value ?? mirror.last_post;
    await bridge.tickets.save(ticket, { steps: [...mirror.steps, key], last_post, attempt: null });
  }
  await bridge.tickets.save(ticket, { steps: [...mirror.steps, 'history'] });
}
