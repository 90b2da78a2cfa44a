import { Types } from 'mongoose';
import type { AppContext } from '../context.ts';
import type { SyncAck } from '../contract/events.ts';
import { sizes } from '../contract/limits.ts';
import type {
  EditMessageBody,
  ListMessagesQuery,
  MessageView,
  SendMessageBody,
} from '../contract/messages.ts';
import { AppError, notFound } from '../errors.ts';
import { type Actor, authorOf, isStaff, requireAccess } from './access/actor.ts';
import { attachFiles } from './files.ts';
import {
  type Entry,
  foldMessage,
  type Message,
  type Ticket,
  type TicketState,
} from './log/entry.ts';
import type { Draft } from './log/pending-writes.ts';
import { readChanges, readMessage, readNewest } from './log/reads.ts';
import { mirrorStates } from './mirror/states.ts';
import { readTicket } from './tickets.ts';
import { messageView, ticketView } from './views.ts';

/** The ticket is closed: kept apart because a repeated send is still answered. */
class TicketClosed extends AppError {
  constructor() {
    super('CONFLICT', 'the ticket is closed');
  }
}

/**
 * The one exception to "nothing is said on a closed ticket": what was written in Discord before the
 * closing, and could be read only after it, is taken in late. It changes no status.
 * @param at when it was written
 */
function requireOpen(actor: Actor, { ticket }: TicketState, at: number): void {
  requireAccess(actor, ticket);
  if (ticket.status !== 'CLOSED') return;
  if (actor.origin === 'discord' && at < (ticket.closed_at ?? 0)) return;
  throw new TicketClosed();
}

/** What a repeated send is answered: the message as it is now, unless it had said something else. */
async function repeatMessage(ctx: AppContext, first: Entry, content: string): Promise<Message> {
  if (first.type !== 'message' || first.content !== content) {
    throw new AppError('CONFLICT', 'client_id was used for another message');
  }
  return (await readMessage(ctx.db, first.ticket_id, first.id)) ?? foldMessage(first);
}

/**
 * Appends a message to an open ticket.
 * @param body with `files` instead of `attachments` where the caller has just stored them itself
 * @param at when it was written, milliseconds since 1970; earlier than now where it arrives late
 * @returns `repeated` where the actor's `client_id` was seen before: that message, as it is now
 * @throws AppError NOT_FOUND, CONFLICT (closed, or a seen `client_id` whose content differed),
 *   BAD_REQUEST (an attachment that is not the actor's), SERVICE_UNAVAILABLE (outcome not known)
 */
export async function sendMessage(
  ctx: AppContext,
  actor: Actor,
  ticketId: string,
  body: SendMessageBody & { files?: NonNullable<Entry['files']> },
  at = ctx.clock(),
): Promise<{ message: MessageView; repeated: boolean }> {
  const files = body.attachments?.length
    ? await attachFiles(ctx, actor, ticketId, body.attachments)
    : body.files;
  const id = new Types.ObjectId().toHexString();
  const author = authorOf(actor);
  const clientId = body.client_id ?? id;
  const draft: Draft = {
    id,
    stream: 'public',
    type: 'message',
    at,
    author,
    client_id: clientId,
    origin: actor.origin,
    content: body.content,
    ...(files && { files }),
  };
  const judge = (state: TicketState) => {
    requireOpen(actor, state, at);
    return draft;
  };
  try {
    const request = { ticketId, entryId: id, author, clientId, plain: true, judge };
    const { entry, repeated } = await ctx.writer.append(request);
    const message = repeated ? await repeatMessage(ctx, entry, body.content) : foldMessage(entry);
    return { message: messageView(ctx, message), repeated };
  } catch (error) {
    if (!(error instanceof TicketClosed)) throw error;
    const first = await ctx.store.findByClientId(ticketId, author.key, clientId);
    if (!first) throw error;
    const message = await repeatMessage(ctx, first, body.content);
    return { message: messageView(ctx, message), repeated: true };
  }
}

/** Appends an edit or a deletion, judged against the message as it is at the head. */
async function changeMessage(
  ctx: AppContext,
  actor: Actor,
  ticketId: string,
  messageId: string,
  type: 'edit' | 'delete',
  decide: (message: Message) => Pick<Entry, 'content' | 'files'>,
  clientId?: string,
  writtenAt?: number,
): Promise<MessageView> {
  const id = new Types.ObjectId().toHexString();
  const author = authorOf(actor);
  const at = writtenAt ?? ctx.clock();
  const { entry } = await ctx.writer.append({
    ticketId,
    entryId: id,
    author,
    clientId: clientId ?? id,
    plain: false,
    async judge(state) {
      requireOpen(actor, state, at);
      const message = await readMessage(ctx.db, ticketId, messageId);
      if (!message || message.deleted) throw notFound('message');
      const { content = '', files = [] } = decide(message);
      const { author: by, client_id, origin } = message;
      const of = {
        id: message.id,
        seq: message.seq,
        at: message.created_at,
        author: by,
        client_id,
        origin,
      };
      return {
        id,
        stream: 'public',
        type,
        at,
        author,
        client_id: clientId ?? id,
        origin: actor.origin,
        content,
        files,
        of,
      };
    },
  });
  return messageView(ctx, foldMessage(entry));
}

/**
 * Replaces the text of the actor's own message.
 * @param clientId makes the edit itself repeatable; the Discord side gives one
 * @param at when it was written, where that was earlier than now
 * @throws AppError NOT_FOUND (also once deleted), FORBIDDEN (somebody else's), CONFLICT (closed)
 */
export function editMessage(
  ctx: AppContext,
  actor: Actor,
  ticketId: string,
  messageId: string,
  body: EditMessageBody & { files?: NonNullable<Entry['files']> },
  clientId?: string,
  at?: number,
): Promise<MessageView> {
  const decide = (message: Message) => {
    if (message.author.key !== actor.key) {
      throw new AppError('FORBIDDEN', 'only its author may edit a message');
    }
    return { content: body.content, files: body.files ?? message.files };
  };
  return changeMessage(ctx, actor, ticketId, messageId, 'edit', decide, clientId, at);
}

/**
 * Deletes the actor's own message, or as staff any; its text stays in the log.
 * @throws AppError NOT_FOUND (also once deleted), FORBIDDEN, CONFLICT (closed)
 */
export function deleteMessage(
  ctx: AppContext,
  actor: Actor,
  ticketId: string,
  messageId: string,
  clientId?: string,
): Promise<MessageView> {
  const decide = (message: Message) => {
    if (message.author.key !== actor.key && !isStaff(actor)) {
      throw new AppError('FORBIDDEN', 'only its author or staff may delete a message');
    }
    return {};
  };
  return changeMessage(ctx, actor, ticketId, messageId, 'delete', decide, clientId);
}

async function viewsFor(ctx: AppContext, actor: Actor, ticket: Ticket, messages: Message[]) {
  if (!isStaff(actor)) return messages.map((message) => messageView(ctx, message));
  const stateOf = await mirrorStates(ctx, ticket);
  return messages.map((message) => messageView(ctx, message, stateOf(message)));
}

/**
 * A page of a ticket's messages: the newest that are not deleted, oldest first; or with `after`
 * every change above that seq, deletions included. `head` is the log entry the page is a snapshot of.
 */
export async function listMessages(
  ctx: AppContext,
  actor: Actor,
  ticketId: string,
  query: ListMessagesQuery,
): Promise<SyncAck> {
  const { ticket, head } = await readTicket(ctx, actor, ticketId);
  const range = { ticketId, head: head.seq, limit: query.limit ?? sizes.messagesPage };
  const { messages, more } =
    query.after === undefined
      ? await readNewest(ctx.db, range, query.before ?? Number.MAX_SAFE_INTEGER)
      : await readChanges(ctx.db, ctx.store.readPage, range, query.after);
  return {
    messages: await viewsFor(ctx, actor, ticket, messages),
    ticket: ticketView(ticket, head),
    head: head.seq,
    more,
  };
}
