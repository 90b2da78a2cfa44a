import {
  changeCannedReply,
  createCannedReply,
  deleteCannedReply,
  getCannedReply,
  listCannedReplies,
} from '../domain/canned-replies/canned-replies.ts';
import type { Handlers } from './endpoint.ts';
import { pageHeaders } from './paging.ts';
import { noContent } from './reply.ts';

export const cannedReplyHandlers = {
  async listCannedReplies({ ctx, actor, query, request }) {
    const page = await listCannedReplies(ctx, actor, query);
    return { status: 200, body: page.rows, headers: pageHeaders(request, query, page) };
  },
  async createCannedReply({ ctx, actor, body }) {
    return { status: 201, body: await createCannedReply(ctx, actor, body) };
  },
  async getCannedReply({ ctx, actor, params, query }) {
    const { replyId } = params;
    return { status: 200, body: await getCannedReply(ctx, actor, replyId, query.ticket_id) };
  },
  async changeCannedReply({ ctx, actor, params, body }) {
    return { status: 200, body: await changeCannedReply(ctx, actor, params.replyId, body) };
  },
  async deleteCannedReply({ ctx, actor, params }) {
    await deleteCannedReply(ctx, actor, params.replyId);
    return noContent;
  },
} satisfies Partial<Handlers>;
