import { z } from 'zod';
import { type EndpointRows, inTicket } from '../endpoint-row.ts';
import { hexId } from '../ids.ts';
import { editMessageBody, listMessagesQuery, messageView, sendMessageBody } from '../messages.ts';

const inMessage = z.object({ ticketId: hexId, messageId: hexId });
const inReaction = inMessage.extend({ emoji: z.string() });

export const messageEndpoints = {
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
    errors: ['FORBIDDEN', 'NOT_FOUND', 'CONFLICT', 'PAYLOAD_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE'],
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
    headers: ['Deskcord-Head', 'Deskcord-Delivered', 'Link'],
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
  addReaction: {
    method: 'PUT',
    path: '/api/v1/tickets/:ticketId/messages/:messageId/reactions/:emoji',
    summary: 'React to a message with an emoji, once; again changes nothing.',
    auth: 'token',
    may: 'owner, staff',
    limit: 'react',
    params: inReaction,
    answers: { 200: messageView },
    errors: ['BAD_REQUEST', 'FORBIDDEN', 'NOT_FOUND', 'CONFLICT'],
  },
  removeReaction: {
    method: 'DELETE',
    path: '/api/v1/tickets/:ticketId/messages/:messageId/reactions/:emoji',
    summary: 'Take the own reaction back; one that is not there changes nothing.',
    auth: 'token',
    may: 'owner, staff',
    limit: 'react',
    params: inReaction,
    answers: { 200: messageView },
    errors: ['BAD_REQUEST', 'FORBIDDEN', 'NOT_FOUND', 'CONFLICT'],
  },
} as const satisfies EndpointRows;
