import { z } from 'zod';
import { type EndpointRows, inTicket } from '../endpoint-row.ts';
import { eraseCustomerBody, erasureView, exportQuery } from '../erasures.ts';
import { hexId } from '../ids.ts';
import { pageHeaderNames, pageQuery } from '../pages.ts';

export const erasureEndpoints = {
  deleteTicket: {
    method: 'DELETE',
    path: '/api/v1/tickets/:ticketId',
    summary:
      'Delete a ticket, whatever its status: 404 for everybody from now on. Number, times and who did it stay, as `GET /erasures/:erasureId` of its id.',
    auth: 'token',
    may: 'ADMIN',
    limit: 'setup',
    params: inTicket,
    answers: { 204: null },
    errors: ['FORBIDDEN', 'NOT_FOUND'],
  },
  eraseCustomer: {
    method: 'POST',
    path: '/api/v1/erasures',
    summary:
      'Wipe all that is known of a customer: tickets, files, profile, block. Goes on in the background; the answer is its receipt.',
    auth: 'token',
    may: 'ADMIN',
    limit: 'setup',
    body: eraseCustomerBody,
    answers: { 202: erasureView },
    errors: ['FORBIDDEN', 'NOT_FOUND', 'PAYLOAD_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE'],
  },
  listErasures: {
    method: 'GET',
    path: '/api/v1/erasures',
    summary: 'Receipts of what was deleted, newest first.',
    auth: 'token',
    may: 'ADMIN',
    limit: 'setup',
    query: pageQuery,
    answers: { 200: z.array(erasureView) },
    headers: pageHeaderNames,
    errors: ['FORBIDDEN'],
  },
  getErasure: {
    method: 'GET',
    path: '/api/v1/erasures/:erasureId',
    summary: 'One receipt, and how far it has come.',
    auth: 'token',
    may: 'ADMIN',
    limit: 'setup',
    params: z.object({ erasureId: hexId }),
    answers: { 200: erasureView },
    errors: ['FORBIDDEN', 'NOT_FOUND'],
  },
  exportData: {
    method: 'GET',
    path: '/api/v1/export',
    summary:
      "All that is known of a customer, as they see it themselves: lines of JSON, `type` first, `end` last. Without a name the caller's own.",
    auth: 'token',
    may: 'everybody their own; ADMIN that of all',
    limit: 'export',
    query: exportQuery,
    answers: { 200: null },
    errors: ['FORBIDDEN', 'NOT_FOUND'],
  },
} as const satisfies EndpointRows;
