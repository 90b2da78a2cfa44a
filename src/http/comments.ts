import { formatCursor } from '../contract/stream-cursor.ts';
import { addComment, listComments } from '../domain/messages/comments.ts';
import { type Handlers, nextLink } from './endpoint.ts';
import { withClientId } from './idempotency.ts';

export const commentHandlers = {
  async listComments({ ctx, actor, params, query, request }) {
    const { comments, next } = await listComments(ctx, actor, params.ticketId, query);
    const headers: Record<string, string> = next
      ? { Link: nextLink(request, { before: formatCursor(next) }) }
      : {};
    return { status: 200, body: comments, headers };
  },
  async addComment({ ctx, actor, params, body, request }) {
    const input = withClientId(request, body);
    const { comment, repeated } = await addComment(ctx, actor, params.ticketId, input);
    return { status: repeated ? 200 : 201, body: comment };
  },
} satisfies Partial<Handlers>;
