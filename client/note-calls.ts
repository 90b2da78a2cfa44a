import type { SyncAck } from '../src/contract/events.ts';
import type { MessageView } from '../src/contract/messages.ts';
import type { Connection } from './connection.ts';
import { bodyOf, type OutboxItem } from './outbox-item.ts';
import type { Rest } from './rest.ts';

/** A page of a ticket's notes, oldest first. */
export interface NotesPage {
  notes: MessageView[];
  /** The head of the internal stream it is a snapshot of. */
  head: number;
  /** True where there are older ones. */
  more: boolean;
}

/** The calls of notes, each over the socket where there is one, else over REST. */
export function createNoteCalls({ connection, rest }: { connection: Connection; rest: Rest }) {
  const call = async (method: string, path: string, body?: object) =>
    (await rest.call<MessageView>(method, path, body && { body })).body;
  return {
    async list(ticketId: string, query: { before?: number; limit?: number }): Promise<NotesPage> {
      const path = `/tickets/${ticketId}/notes`;
      const { body, headers } = await rest.call<MessageView[]>('GET', path, { query });
      const more = /rel="next"/.test(headers.get('link') ?? '');
      return { notes: body, head: Number(headers.get('deskcord-head') ?? 0), more };
    },

    async send(item: OutboxItem): Promise<MessageView> {
      const { ticket_id } = item;
      const body = bodyOf(item);
      if (!connection.online) return call('POST', `/tickets/${ticket_id}/notes`, body);
      return (await connection.ask('send_note', { ticket_id, ...body })).note;
    },

    async edit(ticket_id: string, note_id: string, content: string): Promise<MessageView> {
      const path = `/tickets/${ticket_id}/notes/${note_id}`;
      if (!connection.online) return call('PATCH', path, { content });
      return (await connection.ask('edit_note', { ticket_id, note_id, content })).note;
    },

    async remove(ticket_id: string, note_id: string): Promise<MessageView> {
      const path = `/tickets/${ticket_id}/notes/${note_id}`;
      if (!connection.online) return call('DELETE', path);
      return (await connection.ask('delete_note', { ticket_id, note_id })).note;
    },

    sync(ticket_id: string, after: number): Promise<SyncAck> {
      return connection.ask('sync', { ticket_id, after, stream: 'internal' });
    },
  };
}
