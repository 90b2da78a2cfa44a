import { deleteTicket } from '../domain/erasure/delete-ticket.ts';
import { eraseCustomer } from '../domain/erasure/erase-customer.ts';
import { exportData } from '../domain/erasure/export.ts';
import { getErasure, listErasures } from '../domain/erasure/receipts.ts';
import { takeSlot } from '../domain/long-answers.ts';
import type { Handlers } from './endpoint.ts';
import { pageHeaders } from './paging.ts';
import { noContent } from './reply.ts';

export const erasureHandlers = {
  async deleteTicket({ ctx, actor, params }) {
    await deleteTicket(ctx, actor, params.ticketId);
    return noContent;
  },
  async eraseCustomer({ ctx, actor, body }) {
    return { status: 202, body: await eraseCustomer(ctx, actor, body) };
  },
  async listErasures({ ctx, actor, query, request }) {
    const page = await listErasures(ctx, actor, query);
    return { status: 200, body: page.rows, headers: pageHeaders(request, query, page) };
  },
  async getErasure({ ctx, actor, params }) {
    return { status: 200, body: await getErasure(ctx, actor, params.erasureId) };
  },
  async exportData({ ctx, actor, query }) {
    const lines = await exportData(ctx, actor, query);
    return { status: 200, body: undefined, lines, done: takeSlot(ctx, actor.key) };
  },
} satisfies Partial<Handlers>;
