import { z } from 'zod';
import { addCommentBody, commentView, listCommentsQuery } from '../comments.ts';
import { type EndpointRows, inTicket } from '../endpoint-row.ts';

export const commentEndpoints = {
  listComments: {
    method: 'GET',
    path: '/api/v1/tickets/:ticketId/comments',
    summary: 'The newest messages and, for staff, notes, in order of time, oldest first.',
    auth: 'token',
    may: 'owner; staff, with notes',
    limit: 'desk',
    params: inTicket,
    query: listCommentsQuery,
    answers: { 200: z.array(commentView) },
    headers: ['Link'],
    errors: ['NOT_FOUND'],
  },
  addComment: {
    method: 'POST',
    path: '/api/v1/tickets/:ticketId/comments',
    summary: 'Write a message or, with `internal`, a note.',
    auth: 'token',
    may: 'owner, staff; a note: staff',
    limit: 'send_message',
    params: inTicket,
    body: addCommentBody,
    answers: { 201: commentView, 200: commentView },
    errors: ['FORBIDDEN', 'NOT_FOUND', 'CONFLICT', 'PAYLOAD_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE'],
  },
} as const satisfies EndpointRows;
