import { editMessageBody, listMessagesQuery, sendMessageBody } from '../contract/messages.ts';
import { deleteMessage, editMessage, listMessages, sendMessage } from '../domain/messages.ts';
import { defineEndpoint, nextLink } from './endpoint.ts';
import { withClientId } from './idempotency.ts';

const sendMessageEndpoint = defineEndpoint({
  method: 'POST',
  path: '/tickets/:ticketId/messages',
  limit: 'send_message',
  body: sendMessageBody,
  async run({ ctx, actor, params, body, request }) {
    const { message, repeated } = await sendMessage(
      ctx,
      actor,
      params.ticketId as string,
      withClientId(request, body),
    );
    return { status: repeated ? 200 : 201, body: message };
  },
});

export const messageEndpoints = [
  sendMessageEndpoint,
  defineEndpoint({
    method: 'GET',
    path: '/tickets/:ticketId/messages',
    limit: 'list_messages',
    query: listMessagesQuery,
    async run({ ctx, actor, params, query, request }) {
      const page = await listMessages(ctx, actor, params.ticketId as string, query);
      const headers: Record<string, string> = { 'Deskcord-Head': String(page.head) };
      const edge = query.after === undefined ? page.messages[0] : page.messages.at(-1);
      if (page.more && edge) {
        const next = query.after === undefined ? { before: edge.seq } : { after: edge.rev };
        headers.Link = nextLink(request, next);
      }
      return { status: 200, body: page.messages, headers };
    },
  }),
  defineEndpoint({
    method: 'PATCH',
    path: '/tickets/:ticketId/messages/:messageId',
    limit: 'change_message',
    body: editMessageBody,
    async run({ ctx, actor, params, body }) {
      const { ticketId, messageId } = params as { ticketId: string; messageId: string };
      return { status: 200, body: await editMessage(ctx, actor, ticketId, messageId, body) };
    },
  }),
  defineEndpoint({
    method: 'DELETE',
    path: '/tickets/:ticketId/messages/:messageId',
    limit: 'change_message',
    async run({ ctx, actor, params }) {
      const { ticketId, messageId } = params as { ticketId: string; messageId: string };
      return { status: 200, body: await deleteMessage(ctx, actor, ticketId, messageId) };
    },
  }),
];
