import { z } from 'zod';
import type { ErrorCode } from './errors.ts';
import { hexId } from './ids.ts';
import type { RateLimitName } from './limits.ts';
import {
  editMessageBody,
  fileView,
  listMessagesQuery,
  messageView,
  sendMessageBody,
} from './messages.ts';
import {
  closeTicketBody,
  createTicketBody,
  listTicketsQuery,
  ticketView,
  updateTicketBody,
} from './tickets.ts';

/**
 * One row of the REST table: all that a document, a client or a router needs to know of an endpoint.
 * `src/http` binds a handler to each by its name.
 */
export interface EndpointRow {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** From the root; `:name` stands for one segment. */
  path: string;
  summary: string;
  /** `token`: a bearer's; `link`: the signature in the address; `none`: nobody is asked. */
  auth: 'token' | 'link' | 'none';
  /** Who of those with a token, in words; the rules themselves are `domain/access/policy`. */
  may: string;
  /** None where nothing is counted. */
  limit?: RateLimitName;
  params?: z.ZodObject;
  query?: z.ZodType;
  /** A JSON body. */
  body?: z.ZodType;
  /** The file field of a multipart body. */
  file?: string;
  /** Bodies by status; null is a body of bytes. */
  answers: Readonly<Record<number, z.ZodType | null>>;
  /** Headers of the answer that a client needs. */
  headers?: readonly string[];
  /** Refusals beyond those of every endpoint, `commonErrors`. */
  errors: readonly ErrorCode[];
}

/** What any endpoint may answer: the form of the request, the limits, our own trouble. */
export const commonErrors = [
  'BAD_REQUEST',
  'RATELIMIT',
  'INTERNAL_SERVER_ERROR',
  'SERVICE_UNAVAILABLE',
] as const satisfies readonly ErrorCode[];

const inTicket = z.object({ ticketId: hexId });
const inMessage = z.object({ ticketId: hexId, messageId: hexId });
const health = z.object({ status: z.literal('ok') });
const readiness = z.object({
  status: z.enum(['ok', 'degraded', 'unavailable']),
  parts: z.record(
    z.string(),
    z.object({ state: z.enum(['ok', 'degraded', 'down']), reason: z.string().exactOptional() }),
  ),
});

/** THE table of the REST side. */
export const endpoints = {
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
    method: 'GET',
    path: '/api/v1/tickets',
    summary: 'Tickets, newest first.',
    auth: 'token',
    may: 'customers: their own; staff: all',
    limit: 'list_tickets',
    query: listTicketsQuery,
    answers: { 200: z.array(ticketView) },
    headers: ['Link'],
    errors: [],
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
  sendMessage: {
    method: 'POST',
    path: '/api/v1/tickets/:ticketId/messages',
    summary: 'Write in an open ticket. 200 and the message as it is now for a known client_id.',
    auth: 'token',
    may: 'owner, staff',
    limit: 'send_message',
    params: inTicket,
    body: sendMessageBody,
    answers: { 201: messageView, 200: messageView },
    errors: ['NOT_FOUND', 'CONFLICT', 'PAYLOAD_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE'],
  },
  listMessages: {
    method: 'GET',
    path: '/api/v1/tickets/:ticketId/messages',
    summary: 'The newest messages, oldest first; with `after`, every change above that seq.',
    auth: 'token',
    may: 'owner, staff',
    limit: 'list_messages',
    params: inTicket,
    query: listMessagesQuery,
    answers: { 200: z.array(messageView) },
    headers: ['Deskcord-Head', 'Link'],
    errors: ['NOT_FOUND'],
  },
  editMessage: {
    method: 'PATCH',
    path: '/api/v1/tickets/:ticketId/messages/:messageId',
    summary: 'Give a message another text.',
    auth: 'token',
    may: 'its author',
    limit: 'change_message',
    params: inMessage,
    body: editMessageBody,
    answers: { 200: messageView },
    errors: ['FORBIDDEN', 'NOT_FOUND', 'CONFLICT', 'PAYLOAD_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE'],
  },
  deleteMessage: {
    method: 'DELETE',
    path: '/api/v1/tickets/:ticketId/messages/:messageId',
    summary: 'Delete a message.',
    auth: 'token',
    may: 'its author, staff',
    limit: 'change_message',
    params: inMessage,
    answers: { 200: messageView },
    errors: ['FORBIDDEN', 'NOT_FOUND', 'CONFLICT'],
  },
  uploadFile: {
    method: 'POST',
    path: '/api/v1/tickets/:ticketId/attachments',
    summary: 'Upload a file; name its id in `attachments` of a message.',
    auth: 'token',
    may: 'owner, staff',
    limit: 'upload',
    params: inTicket,
    file: 'file',
    answers: { 201: fileView },
    errors: ['NOT_FOUND', 'CONFLICT', 'PAYLOAD_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE'],
  },
  downloadFile: {
    method: 'GET',
    path: '/api/v1/files/:id/:name',
    summary: 'The bytes of a file, as the `url` of a message gives them; ranges.',
    auth: 'link',
    may: 'whoever has the link',
    limit: 'download',
    params: z.object({ id: hexId, name: z.string() }),
    query: z.object({ exp: z.string(), sig: z.string() }),
    answers: { 200: null, 206: null },
    headers: ['Content-Disposition', 'Content-Range'],
    errors: ['FORBIDDEN', 'NOT_FOUND', 'RANGE_NOT_SATISFIABLE'],
  },
  health: {
    method: 'GET',
    path: '/healthz',
    summary: 'The process runs.',
    auth: 'none',
    may: 'everybody',
    answers: { 200: health },
    errors: [],
  },
  ready: {
    method: 'GET',
    path: '/readyz',
    summary: 'Whether the process should get requests, and if not why.',
    auth: 'none',
    may: 'everybody',
    answers: { 200: readiness, 503: readiness },
    errors: [],
  },
} as const satisfies Record<string, EndpointRow>;

export type Endpoints = typeof endpoints;
export type EndpointName = keyof Endpoints;

/** Those that need a token, and answer in JSON. */
export type TokenEndpointName = {
  [N in EndpointName]: Endpoints[N]['auth'] extends 'token' ? N : never;
}[EndpointName];
export type OpenEndpointName = Exclude<EndpointName, TokenEndpointName>;

/** What a part of a request becomes once parsed; undefined where the row has no such part. */
export type Parsed<N extends EndpointName, P extends 'params' | 'query' | 'body'> =
  Endpoints[N] extends Record<P, infer S extends z.ZodType> ? z.output<S> : undefined;

/** A status the row knows, with the body it promises. */
export type AnswerOf<N extends EndpointName> = {
  [S in keyof Endpoints[N]['answers']]: {
    status: S;
    body: Endpoints[N]['answers'][S] extends z.ZodType
      ? z.input<Endpoints[N]['answers'][S]>
      : undefined;
    headers?: Record<string, string>;
  };
}[keyof Endpoints[N]['answers']];
