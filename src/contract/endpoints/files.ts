import { z } from 'zod';
import { type EndpointRows, inTicket } from '../endpoint-row.ts';
import { hexId } from '../ids.ts';
import { fileView } from '../messages.ts';

export const fileEndpoints = {
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
    errors: ['FORBIDDEN', 'NOT_FOUND', 'CONFLICT', 'PAYLOAD_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE'],
  },
  uploadAttachment: {
    method: 'POST',
    path: '/api/v1/attachments',
    summary: 'Upload a file before there is a ticket; name its id when it is opened, within a day.',
    auth: 'token',
    may: 'everybody',
    limit: 'upload',
    file: 'file',
    answers: { 201: fileView },
    errors: ['FORBIDDEN', 'PAYLOAD_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE'],
  },
  findAttachment: {
    method: 'GET',
    path: '/api/v1/attachments/:attachmentId/download',
    summary: 'Leads to the signed link of a file.',
    auth: 'token',
    may: 'its uploader; owner and staff: what they see in the ticket',
    limit: 'desk',
    params: z.object({ attachmentId: hexId }),
    answers: { 302: null },
    headers: ['Location'],
    errors: ['NOT_FOUND'],
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
} as const satisfies EndpointRows;
