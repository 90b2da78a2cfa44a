import { deleteNote, editNote, listNotes, sendNote } from '../domain/messages/notes.ts';
import type { Handlers } from './endpoint.ts';
import { withClientId } from './idempotency.ts';
import { pageHeaders } from './messages.ts';

export const noteHandlers = {
  async sendNote({ ctx, actor, params, body, request }) {
    const input = withClientId(request, body);
    const { note, repeated } = await sendNote(ctx, actor, params.ticketId, input);
    return { status: repeated ? 200 : 201, body: note };
  },
  async listNotes({ ctx, actor, params, query, request }) {
    const page = await listNotes(ctx, actor, params.ticketId, query);
    return { status: 200, body: page.messages, headers: pageHeaders(request, query, page) };
  },
  async editNote({ ctx, actor, params, body }) {
    const { ticketId, noteId } = params;
    return { status: 200, body: await editNote(ctx, actor, ticketId, noteId, body) };
  },
  async deleteNote({ ctx, actor, params }) {
    const { ticketId, noteId } = params;
    return { status: 200, body: await deleteNote(ctx, actor, ticketId, noteId) };
  },
} satisfies Partial<Handlers>;
