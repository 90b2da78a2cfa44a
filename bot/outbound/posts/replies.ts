import { readMessage } from '../../../src/domain/log/message-reads.ts';
import { listPosts } from '../../../src/domain/mirror/posts.ts';
import type { Bridge } from '../../bridge.ts';
import { escapeName, neutralise, shorten, systemLine } from '../../format.ts';
import type { MirroredTicket } from '../../mirrored-tickets.ts';
import type { Said } from './speech-parts.ts';

/** Where the message that is answered stands in the channel, so that Discord shows it as answered. */
export async function referenceTo(bridge: Bridge, ticket: MirroredTicket, { answers }: Said) {
  if (!answers) return {};
  const written = ticket.unrecorded.find(({ message_id }) => message_id === answers);
  const [post] = written ? [written] : await listPosts(bridge.ctx, answers);
  if (!post || post.channel_id !== ticket.mirror.channel_id) return {};
  return { message_reference: { message_id: post.id, fail_if_not_exists: false } };
}

/** A webhook cannot reply: what is answered stands above the words, as a line that customers cannot write. */
export async function quoteOf(bridge: Bridge, ticket: MirroredTicket, said: Said): Promise<string> {
  if (!said.answers) return '';
  const log = { ticketId: ticket.id, stream: said.stream };
  const message = await readMessage(bridge.ctx.db, log, said.answers);
  const { message_reference: to } = await referenceTo(bridge, ticket, said);
  const { guildId } = bridge.settings;
  const link = to
    ? ` https://discord.com/channels/${guildId}/${ticket.mirror.channel_id}/${to.message_id}`
    : '';
  if (!message || message.deleted) return `${systemLine(`↪ a message${link}`)}\n`;
  const text = neutralise(shorten(message.content, 100)).replace(/\s+/g, ' ');
  return `${systemLine(`↪ **${escapeName(message.author.name)}**: ${text}${link}`)}\n`;
}
