import { deleteMessage, editMessage } from '../domain/messages/change.ts';
import { listMessages } from '../domain/messages/list.ts';
import { sendMessage } from '../domain/messages/send.ts';
import { type Handlers, nextLink } from './endpoint.ts';
import { withClientId } from './idempotency.ts';

export const messageHandlers = {
  async sendMessage({ ctx, actor, params, body, request }) {
    const input = withClientId(request, body);
    const { message, repeated } = await sendMessage(ctx, actor, params.ticketId, input);
    return { status: repeated ? 200 : 201, body: message };
  },
  async listMessages({ ctx, actor, params, query, request }) {
    const page = await listMessages(ctx, actor, params.ticketId, query);
    const headers: Record<string, string> = { 'Deskcord-Head': String(page.head) };
    const edge = query.after === undefined ? page.messages[0] : page.messages.at(-1);
    if (page.more && edge) {
      const next = query.after === undefined ? { before: edge.seq } : { after: edge.rev };
      headers.Link = nextLink(request, next);
    }
    return { status: 200, body: page.messages, headers };
  },
  async editMessage({ ctx, actor, params, body }) {
    const { ticketId, messageId } = params;
    return { status: 200, body: await editMessage(ctx, actor, ticketId, messageId, body) };
  },
  async deleteMessage({ ctx, actor, params }) {
    const { ticketId, messageId } = params;
    return { status: 200, body: await deleteMessage(ctx, actor, ticketId, messageId) };
  },
} satisfies Partial<Handlers>;
