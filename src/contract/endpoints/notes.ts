import { z } from 'zod';
import { type EndpointRows, inTicket } from '../endpoint-row.ts';
import { hexId } from '../ids.ts';
import { editMessageBody, listMessagesQuery, messageView, sendMessageBody } from '../messages.ts';

const inNote = z.object({ ticketId: hexId, noteId: hexId });
const inReaction = inNote.extend({ emoji: z.string() });

/** Notes are messages of a ticket's internal stream: the same rows, with a `seq` of their own. */
export const noteEndpoints = {
  sendNote: {
    method: 'POST',
    path: '/api/v1/tickets/:ticketId/notes',
    summary: 'Write a note, also on an ended ticket. 200 and the note for a known client_id.',
    auth: 'token',
    may: 'staff',
    limit: 'send_note',
    params: inTicket,
    body: sendMessageBody,
    answers: { 201: messageView, 200: messageView },
    errors: ['FORBIDDEN', 'NOT_FOUND', 'CONFLICT', 'PAYLOAD_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE'],
  },
  listNotes: {
    method: 'GET',
    path: '/api/v1/tickets/:ticketId/notes',
    summary: 'The newest notes, oldest first; with `after`, every change above that seq.',
    auth: 'token',
    may: 'staff',
    limit: 'list_notes',
    params: inTicket,
    query: listMessagesQuery,
    answers: { 200: z.array(messageView) },
    headers: ['Deskcord-Head', 'Link'],
    errors: ['FORBIDDEN', 'NOT_FOUND'],
  },
  editNote: {
    method: 'PATCH',
    path: '/api/v1/tickets/:ticketId/notes/:noteId',
    summary: 'Give a note another text.',
    auth: 'token',
    may: 'its author',
    limit: 'change_note',
    params: inNote,
    body: editMessageBody,
    answers: { 200: messageView },
    errors: ['FORBIDDEN', 'NOT_FOUND', 'PAYLOAD_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE'],
  },
  deleteNote: {
    method: 'DELETE',
    path: '/api/v1/tickets/:ticketId/notes/:noteId',
    summary: 'Delete a note.',
    auth: 'token',
    may: 'staff',
    limit: 'change_note',
    params: inNote,
    answers: { 200: messageView },
    errors: ['FORBIDDEN', 'NOT_FOUND'],
  },
  addNoteReaction: {
    method: 'PUT',
    path: '/api/v1/tickets/:ticketId/notes/:noteId/reactions/:emoji',
    summary: 'React to a note with an emoji, once; again changes nothing.',
    auth: 'token',
    may: 'staff',
    limit: 'react',
    params: inReaction,
    answers: { 200: messageView },
    errors: ['BAD_REQUEST', 'FORBIDDEN', 'NOT_FOUND', 'CONFLICT'],
  },
  removeNoteReaction: {
    method: 'DELETE',
    path: '/api/v1/tickets/:ticketId/notes/:noteId/reactions/:emoji',
    summary: 'Take the own reaction back; one that is not there changes nothing.',
    auth: 'token',
    may: 'staff',
    limit: 'react',
    params: inReaction,
    answers: { 200: messageView },
    errors: ['BAD_REQUEST', 'FORBIDDEN', 'NOT_FOUND', 'CONFLICT'],
  },
} as const satisfies EndpointRows;
