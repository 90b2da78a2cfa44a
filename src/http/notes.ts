import { internalLog } from '../domain/log/entry.ts';
import { deleteNote, editNote, listNotes, sendNote } from '../domain/messages/notes.ts';
import { addReaction, removeReaction } from '../domain/messages/react.ts';
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
  async addNoteReaction({ ctx, actor, params: { ticketId, noteId, emoji } }) {
    return {
      status: 200,
      body: await addReaction(ctx, actor, internalLog(ticketId), noteId, emoji),
    };
  },
  async removeNoteReaction({ ctx, actor, params: { ticketId, noteId, emoji } }) {
    const log = internalLog(ticketId);
    return { status: 200, body: await removeReaction(ctx, actor, log, noteId, emoji) };
  },
} satisfies Partial<Handlers>;
