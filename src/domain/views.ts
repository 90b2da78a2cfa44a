import { createHmac, timingSafeEqual } from 'node:crypto';
import type { AppContext } from '../context.ts';
import type { TypingView } from '../contract/events.ts';
import { sizes } from '../contract/limits.ts';
import type { FileView, MessageView, MirrorState } from '../contract/messages.ts';
import type { TicketView } from '../contract/tickets.ts';
import type { FileRow } from '../models/entry.ts';
import type { Author, Message, Ticket } from './log/entry.ts';

/** Where stored rows end and the wire begins; nothing else shapes an answer. */
export function ticketView(ticket: Ticket, head: { seq: number; at: number }): TicketView {
  return {
    id: ticket.id,
    user_id: ticket.user_id,
    topic: ticket.topic,
    description: ticket.description,
    status: ticket.status,
    created_at: ticket.created_at,
    updated_at: Math.max(ticket.updated_at, head.at),
    user_role: ticket.user_role,
    support_role: ticket.support_role,
    issue_level: ticket.issue_level,
    number: ticket.number,
    username: ticket.username,
    assigned_to: ticket.assigned_to,
    closed_at: ticket.closed_at,
    close_reason: ticket.close_reason,
    last_seq: head.seq,
  };
}

function sign(ctx: AppContext, id: string, expires: number): string {
  const [key] = ctx.config.jwt.keys;
  return createHmac('sha256', key as NonNullable<typeof key>)
    .update(`file:${id}:${expires}`)
    .digest('base64url');
}

/** True where a link to a file was signed by us and has not expired. */
export function isSignedLink(ctx: AppContext, id: string, expires: number, sig: string): boolean {
  if (!(expires > ctx.clock())) return false;
  const wanted = Buffer.from(sign(ctx, id, expires));
  const given = Buffer.from(sig);
  return wanted.length === given.length && timingSafeEqual(wanted, given);
}

/** A file with a link that lives one hour from now. */
export function fileView(ctx: AppContext, file: FileRow): FileView {
  const expires = ctx.clock() + sizes.signedLinkLife;
  const path = `/api/v1/files/${file.id}/${encodeURIComponent(file.name)}`;
  const url = `${ctx.publicUrl()}${path}?exp=${expires}&sig=${sign(ctx, file.id, expires)}`;
  return { id: file.id, name: file.name, type: file.type, size: file.size, url };
}

/** Ids made by us, or out of Discord's, mean nothing to a client. */
function hasOwnClientId(message: Message): boolean {
  return message.origin === 'web' && message.client_id !== message.id;
}

/** @param mirror shown to staff only: how far the message has come in Discord */
export function messageView(ctx: AppContext, message: Message, mirror?: MirrorState): MessageView {
  const files = message.deleted ? [] : message.files.map((file) => fileView(ctx, file));
  const view: MessageView = {
    id: message.id,
    ticket_id: message.ticket_id,
    author_id: message.author.id,
    author_name: message.author.name,
    content: message.deleted ? '' : message.content,
    attachments: files.map(({ url }) => url),
    created_at: message.created_at,
    updated_at: message.updated_at,
    seq: message.seq,
    rev: message.rev,
    client_id: hasOwnClientId(message) ? message.client_id : null,
    author_role: message.author.role,
    edited: message.edited,
    deleted: message.deleted,
    files,
    reply_to: message.reply_to,
  };
  if (mirror) view.mirror = mirror;
  return view;
}

export function typingView(ticketId: string, by: Author): TypingView {
  return { ticket_id: ticketId, user_id: by.id, username: by.name, role: by.role };
}
