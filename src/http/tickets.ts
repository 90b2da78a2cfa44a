import type { AppContext } from '../context.ts';
import { formatCursor } from '../contract/stream-cursor.ts';
import type { ListTicketsQuery } from '../contract/ticket-lists.ts';
import type { Actor } from '../domain/access/actor.ts';
import { closeTicket } from '../domain/tickets/close.ts';
import { createTicket } from '../domain/tickets/create.ts';
import { listHistory } from '../domain/tickets/history.ts';
import { listMyTickets, listTickets, type TicketPage } from '../domain/tickets/list.ts';
import { getTicket } from '../domain/tickets/read.ts';
import { updateTicket } from '../domain/tickets/update.ts';
import { type Call, type Handlers, nextLink } from './endpoint.ts';
import { withClientId } from './idempotency.ts';
import { pageHeaders } from './paging.ts';
import type { RequestContext } from './request-context.ts';

function listHeaders(
  request: RequestContext,
  { page, limit }: ListTicketsQuery,
  { next, total, tickets }: TicketPage,
): Record<string, string> {
  if (total !== undefined) {
    return pageHeaders(request, { page, limit }, { rows: tickets, total });
  }
  if (!next) return {};
  const { id, value } = next;
  return { Link: nextLink(request, { before: value === undefined ? id : `${id}.${value}` }) };
}

type ListCall = Pick<Call<'listTickets'>, 'ctx' | 'actor' | 'query' | 'request'>;

/** Every list of tickets is answered alike. */
function answerWith(
  list: (ctx: AppContext, actor: Actor, query: ListTicketsQuery) => Promise<TicketPage>,
) {
  return async ({ ctx, actor, query, request }: ListCall) => {
    const page = await list(ctx, actor, query);
    return {
      status: 200 as const,
      body: page.tickets,
      headers: listHeaders(request, query, page),
    };
  };
}

export const ticketHandlers = {
  async createTicket({ ctx, actor, body, request }) {
    const { ticket, repeated } = await createTicket(ctx, actor, withClientId(request, body));
    return { status: repeated ? 200 : 201, body: ticket };
  },
  listTickets: answerWith((ctx, actor, query) => listTickets(ctx, actor, query)),
  listNewTickets: answerWith((ctx, actor, query) => listTickets(ctx, actor, query, 'untaken')),
  listOpenTickets: answerWith((ctx, actor, query) => listTickets(ctx, actor, query, 'open')),
  listMyTickets: answerWith(listMyTickets),
  async getTicket({ ctx, actor, params }) {
    return { status: 200, body: await getTicket(ctx, actor, params.ticketId) };
  },
  async listHistory({ ctx, actor, params, query, request }) {
    const { history, next } = await listHistory(ctx, actor, params.ticketId, query);
    const headers: Record<string, string> = next
      ? { Link: nextLink(request, { after: formatCursor(next) }) }
      : {};
    return { status: 200, body: history, headers };
  },
  async updateTicket({ ctx, actor, params, body }) {
    return { status: 200, body: await updateTicket(ctx, actor, params.ticketId, body) };
  },
  async replaceTicket({ ctx, actor, params, body }) {
    return { status: 200, body: await updateTicket(ctx, actor, params.ticketId, body) };
  },
  async closeTicket({ ctx, actor, params, body }) {
    return { status: 200, body: await closeTicket(ctx, actor, params.ticketId, body) };
  },
} satisfies Partial<Handlers>;
