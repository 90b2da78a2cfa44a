import type { APIMessage } from 'discord.js';
import { buildTranscript } from '../src/domain/transcript/files.ts';
import type { Bridge } from './bridge.ts';
import { note } from './format.ts';
import { deliver, hasText } from './posting.ts';
import type { MirroredTicket } from './tickets.ts';

/** The largest file Discord takes, with some room. */
export const MAX_FILE_BYTES = 10 * 1024 * 1024 - 1024;

/** Into a channel that was made again goes what had been said, as a file. */
export async function postHistory(bridge: Bridge, ticket: MirroredTicket): Promise<void> {
  const { mirror } = ticket;
  if (!mirror.steps.includes('remade') || mirror.steps.includes('history')) return;
  const files = await buildTranscript(bridge.ctx, ticket.ticket, mirror.seq, MAX_FILE_BYTES);
  const content = note(
    'The channel was deleted and has been made again. What was said is attached.',
  );
  const posted = await deliver(bridge, ticket, {
    channelId: mirror.channel_id as string,
    key: `history ${ticket.id}`,
    body: { content },
    files: files.slice(0, 2).map(({ name, data }) => ({ name, data, contentType: 'text/html' })),
    isIt: (message: APIMessage) => hasText(message, content, Math.min(2, files.length)),
  });
  const last_post = posted ?? mirror.last_post;
  const steps = [...mirror.steps, 'history'];
  await bridge.tickets.save(ticket, { steps, last_post, attempt: null });
}
