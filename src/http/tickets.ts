import {
  closeTicketBody,
  createTicketBody,
  listTicketsQuery,
  updateTicketBody,
} from '../contract/tickets.ts';
import { closeTicket, updateTicket } from '../domain/tickets/change.ts';
import { createTicket } from '../domain/tickets/create.ts';
import { getTicket, listTickets } from '../domain/tickets/read.ts';
import { defineEndpoint, nextLink } from './endpoint.ts';
import { withClientId } from './idempotency.ts';

export const ticketEndpoints = [
  defineEndpoint({
    method: 'POST',
    path: '/tickets',
    limit: 'create_ticket',
    body: createTicketBody,
    async run({ ctx, actor, body, request }) {
      const { ticket, repeated } = await createTicket(ctx, actor, withClientId(request, body));
      return { status: repeated ? 200 : 201, body: ticket };
    },
  }),
  defineEndpoint({
    method: 'GET',
    path: '/tickets',
    limit: 'list_tickets',
    query: listTicketsQuery,
    async run({ ctx, actor, query, request }) {
      const { tickets, more } = await listTickets(ctx, actor, query);
      const last = tickets.at(-1);
      const headers: Record<string, string> =
        more && last ? { Link: nextLink(request, { before: last.id }) } : {};
      return { status: 200, body: tickets, headers };
    },
  }),
  defineEndpoint({
    method: 'GET',
    path: '/tickets/:ticketId',
    limit: 'get_ticket',
    async run({ ctx, actor, params }) {
      return { status: 200, body: await getTicket(ctx, actor, params.ticketId as string) };
    },
  }),
  defineEndpoint({
    method: 'PATCH',
    path: '/tickets/:ticketId',
    limit: 'update_ticket',
    body: updateTicketBody,
    async run({ ctx, actor, params, body }) {
      return { status: 200, body: await updateTicket(ctx, actor, params.ticketId as string, body) };
    },
  }),
  defineEndpoint({
    method: 'POST',
    path: '/tickets/:ticketId/close',
    limit: 'close_ticket',
    body: closeTicketBody,
    async run({ ctx, actor, params, body }) {
      return { status: 200, body: await closeTicket(ctx, actor, params.ticketId as string, body) };
    },
  }),
];
