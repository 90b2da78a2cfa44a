import { createBlock, deleteBlock, listBlocks } from '../domain/blocks/blocks.ts';
import type { Handlers } from './endpoint.ts';
import { pageHeaders } from './paging.ts';
import { noContent } from './reply.ts';

export const blockHandlers = {
  async listBlocks({ ctx, actor, query, request }) {
    const page = await listBlocks(ctx, actor, query);
    return { status: 200, body: page.rows, headers: pageHeaders(request, query, page) };
  },
  async createBlock({ ctx, actor, body }) {
    return { status: 201, body: await createBlock(ctx, actor, body) };
  },
  async deleteBlock({ ctx, actor, params }) {
    await deleteBlock(ctx, actor, params.blockId);
    return noContent;
  },
} satisfies Partial<Handlers>;
