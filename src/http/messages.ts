import type { SyncAck } from '../contract/events.ts';
import type { ListMessagesQuery } from '../contract/messages.ts';
import { publicLog } from '../domain/log/entry.ts';
import { deleteMessage, editMessage } from '../domain/messages/change.ts';
import { listMessages } from '../domain/messages/list.ts';
import { addReaction, removeReaction } from '../domain/messages/react.ts';
import { sendMessage } from '../domain/messages/send.ts';
import { type Handlers, nextLink } from './endpoint.ts';
import { withClientId } from './idempotency.ts';
import type { RequestContext } from './request-context.ts';

/** The head a page of a log is a snapshot of, how far that is delivered, and where the next page is. */
export function pageHeaders(
  request: RequestContext,
  query: ListMessagesQuery,
  { messages, events = [], head, more, delivered }: SyncAck,
): Record<string, string> {
  const headers: Record<string, string> = {
    'Deskcord-Head': String(head),
    ...(delivered !== undefined && { 'Deskcord-Delivered': String(delivered) }),
  };
  if (!more) return headers;
  const after = Math.max(messages.at(-1)?.rev ?? 0, events.at(-1)?.seq ?? 0);
  const next = query.after === undefined ? { before: messages[0]?.seq ?? 1 } : { after };
  return { ...headers, Link: nextLink(request, next) };
}

export const messageHandlers = {
  async sendMessage({ ctx, actor, params, body, request }) {
    const input = withClientId(request, body);
    const { message, repeated } = await sendMessage(ctx, actor, params.ticketId, input);
    return { status: repeated ? 200 : 201, body: message };
  },
  async listMessages({ ctx, actor, params, query, request }) {
    const page = await listMessages(ctx, actor, params.ticketId, query);
    return { status: 200, body: page.messages, headers: pageHeaders(request, query, page) };
  },
  async editMessage({ ctx, actor, params, body }) {
    const { ticketId, messageId } = params;
    return { status: 200, body: await editMessage(ctx, actor, ticketId, messageId, body) };
  },
  async deleteMessage({ ctx, actor, params }) {
    const { ticketId, messageId } = params;
    return { status: 200, body: await deleteMessage(ctx, actor, ticketId, messageId) };
  },
  async addReaction({ ctx, actor, params: { ticketId, messageId, emoji } }) {
    return {
      status: 200,
      body: await addReaction(ctx, actor, publicLog(ticketId), messageId, emoji),
    };
  },
  async removeReaction({ ctx, actor, params: { ticketId, messageId, emoji } }) {
    const log = publicLog(ticketId);
    return { status: 200, body: await removeReaction(ctx, actor, log, messageId, emoji) };
  },
} satisfies Partial<Handlers>;
