import type { AppContext } from '../../context.ts';
import type { SyncAck } from '../../contract/events.ts';
import { sizes } from '../../contract/limits.ts';
import type { ListMessagesQuery, MessageView } from '../../contract/messages.ts';
import type { Actor } from '../access/actor.ts';
import { requireRight } from '../access/policy.ts';
import { internalLog } from '../log/entry.ts';
import { readTicketChanges } from '../log/ticket-changes.ts';
import { readTicket, viewTicket } from '../tickets/read.ts';
import { deskEventView } from '../views.ts';
import { deleteIn, type Edited, editIn } from './change.ts';
import { readMessagePage, viewsFor } from './list.ts';
import { type Sent, sendTo } from './send.ts';
import { streamRules } from './streams.ts';

/**
 * Writes a note, which staff alone see, in a ticket that may have ended.
 * @throws AppError as `sendTo`
 */
export async function sendNote(
  ctx: AppContext,
  actor: Actor,
  ticketId: string,
  body: Sent,
): Promise<{ note: MessageView; repeated: boolean }> {
  const { message, repeated } = await sendTo(ctx, actor, internalLog(ticketId), body);
  return { note: message, repeated };
}

/** @throws AppError as `editIn` */
export function editNote(
  ctx: AppContext,
  actor: Actor,
  ticketId: string,
  noteId: string,
  body: Edited,
): Promise<MessageView> {
  return editIn(ctx, actor, internalLog(ticketId), noteId, body);
}

/** @throws AppError as `deleteIn` */
export function deleteNote(
  ctx: AppContext,
  actor: Actor,
  ticketId: string,
  noteId: string,
): Promise<MessageView> {
  return deleteIn(ctx, actor, internalLog(ticketId), noteId);
}

type NotesPage = SyncAck & { events: NonNullable<SyncAck['events']> };

/**
 * A page of a ticket's notes, as `listMessages` makes one of its messages; `ticket` is the ticket as it
 * is, `head` the internal log's. With `after` also the desk events of the same stretch: the page ends
 * where either of the two has as many as the limit allows, and the greatest `rev` or `seq` in it is
 * where the next one begins.
 * @throws AppError NOT_FOUND, FORBIDDEN
 */
export async function listNotes(
  ctx: AppContext,
  actor: Actor,
  ticketId: string,
  query: ListMessagesQuery,
): Promise<NotesPage> {
  const { ticket, head: publicHead } = await readTicket(ctx, actor, ticketId);
  requireRight(ctx.config, actor, streamRules.internal.read, ticket);
  const log = internalLog(ticketId);
  const { seq: head } = await ctx.store.readHead(log);
  let { messages, more } = await readMessagePage(ctx, log, head, query);
  const view = { ticket: await viewTicket(ctx, actor, ticket, publicHead), head };
  if (query.after === undefined) {
    const notes = await viewsFor(ctx, actor, ticket, 'internal', messages);
    return { messages: notes, events: [], ...view, more };
  }
  const limit = query.limit ?? sizes.messagesPage;
  const upTo = more ? (messages.at(-1)?.rev ?? head) : head;
  const range = { after: query.after, upTo };
  const found = await readTicketChanges(ctx.db, log, { ...range, limit: limit + 1 });
  const changes = found.slice(0, limit);
  if (found.length > limit) {
    const end = changes.at(-1)?.seq ?? head;
    messages = messages.filter(({ rev }) => rev <= end);
    more = true;
  }
  const notes = await viewsFor(ctx, actor, ticket, 'internal', messages);
  return { messages: notes, events: changes.map(deskEventView), ...view, more };
}
