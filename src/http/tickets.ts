import { closeTicket } from '../domain/tickets/close.ts';
import { createTicket } from '../domain/tickets/create.ts';
import { getTicket, listTickets } from '../domain/tickets/read.ts';
import { updateTicket } from '../domain/tickets/update.ts';
import { type Handlers, nextLink } from './endpoint.ts';
import { withClientId } from './idempotency.ts';

export const ticketHandlers = {
  async createTicket({ ctx, actor, body, request }) {
    const { ticket, repeated } = await createTicket(ctx, actor, withClientId(request, body));
    return { status: repeated ? 200 : 201, body: ticket };
  },
  async listTickets({ ctx, actor, query, request }) {
    const { tickets, next } = await listTickets(ctx, actor, query);
    const headers: Record<string, string> = next
      ? { Link: nextLink(request, { before: next }) }
      : {};
    return { status: 200, body: tickets, headers };
  },
  async getTicket({ ctx, actor, params }) {
    return { status: 200, body: await getTicket(ctx, actor, params.ticketId) };
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
