import { z } from 'zod';
import { type EndpointRows, inTicket } from '../endpoint-row.ts';
import { pageHeaderNames } from '../pages.ts';
import { listTicketsQuery } from '../ticket-lists.ts';
import { closeTicketBody, createTicketBody, ticketView, updateTicketBody } from '../tickets.ts';

const listOfTickets = {
  method: 'GET',
  auth: 'token',
  limit: 'list_tickets',
  query: listTicketsQuery,
  answers: { 200: z.array(ticketView) },
  headers: pageHeaderNames,
  errors: [],
} as const;

export const ticketEndpoints = {
  createTicket: {
    method: 'POST',
    path: '/api/v1/tickets',
    summary: 'Open a ticket. 200 and the ticket as it is now where the client_id was seen before.',
    auth: 'token',
    may: 'everybody',
    limit: 'create_ticket',
    body: createTicketBody,
    answers: { 201: ticketView, 200: ticketView },
    errors: ['FORBIDDEN', 'CONFLICT', 'PAYLOAD_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE'],
  },
  listTickets: {
    ...listOfTickets,
    path: '/api/v1/tickets',
    summary: 'Tickets, newest first; with `page` also how many there are, counted up to 100,000.',
    may: 'customers: their own; staff: all',
  },
  listNewTickets: {
    ...listOfTickets,
    path: '/api/v1/tickets/new',
    summary: 'Those nobody has taken care of: NEW and OPEN ones without an assignee.',
    may: 'customers: their own; staff: all',
  },
  listOpenTickets: {
    ...listOfTickets,
    path: '/api/v1/tickets/open',
    summary: 'Those that have not ended.',
    may: 'customers: their own; staff: all',
  },
  listMyTickets: {
    ...listOfTickets,
    path: '/api/v1/tickets/my-tickets',
    summary: "One's own; for staff those assigned to them.",
    may: 'everybody',
  },
  getTicket: {
    method: 'GET',
    path: '/api/v1/tickets/:ticketId',
    summary: 'One ticket.',
    auth: 'token',
    may: 'owner, staff',
    limit: 'get_ticket',
    params: inTicket,
    answers: { 200: ticketView },
    errors: ['NOT_FOUND'],
  },
  updateTicket: {
    method: 'PATCH',
    path: '/api/v1/tickets/:ticketId',
    summary: 'Change an open ticket.',
    auth: 'token',
    may: 'owner: topic; staff: all',
    limit: 'update_ticket',
    params: inTicket,
    body: updateTicketBody,
    answers: { 200: ticketView },
    errors: ['FORBIDDEN', 'NOT_FOUND', 'CONFLICT', 'PAYLOAD_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE'],
  },
  replaceTicket: {
    method: 'PUT',
    path: '/api/v1/tickets/:ticketId',
    summary: 'The same as PATCH: what is not named stays.',
    auth: 'token',
    may: 'owner: topic; staff: all',
    limit: 'update_ticket',
    params: inTicket,
    body: updateTicketBody,
    answers: { 200: ticketView },
    errors: ['FORBIDDEN', 'NOT_FOUND', 'CONFLICT', 'PAYLOAD_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE'],
  },
  closeTicket: {
    method: 'POST',
    path: '/api/v1/tickets/:ticketId/close',
    summary: 'Close a ticket; closing twice answers the closed ticket.',
    auth: 'token',
    may: 'owner, staff',
    limit: 'close_ticket',
    params: inTicket,
    body: closeTicketBody,
    answers: { 200: ticketView },
    errors: ['NOT_FOUND', 'PAYLOAD_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE'],
  },
} as const satisfies EndpointRows;
