import { createHmac } from 'node:crypto';
import type { AppContext } from '../context.ts';
import type {
  DeskEventView,
  TicketDeletedView,
  TicketInternalView,
  TypingView,
} from '../contract/events.ts';
import type { MessageView, MirrorState, ReactionView } from '../contract/messages.ts';
import type { SlaView, TicketView } from '../contract/tickets.ts';
import type { AssigneeRow, RatingRow } from '../models/ticket.ts';
import { staffFields } from '../models/ticket.ts';
import { isDiscordKey } from './access/actor.ts';
import { derivedKeys } from './access/derived-keys.ts';
import { fileView } from './links.ts';
import type { Deletion } from './log/deletion.ts';
import type { Author, Message, Ticket, TicketChangeEntry } from './log/entry.ts';
import { reopenUntil } from './tickets/workflow.ts';

/** `TICK-YYYYMMDD-NNNN`: the day the ticket was opened, in UTC, and its number. */
export function referenceOf({ created_at, number }: Pick<Ticket, 'created_at' | 'number'>): string {
  const day = new Date(created_at).toISOString().slice(0, 10).replaceAll('-', '');
  return `TICK-${day}-${String(number).padStart(4, '0')}`;
}

/** Staff alone are shown these; nothing of them may be told from what a customer gets. */
function staffFieldsOf({ tags, snoozed_until, escalation }: Ticket, to: TicketViewer) {
  const { internalSeq, sla } = to;
  return {
    tags,
    snoozed_until,
    escalation: escalation ?? null,
    ...(sla !== undefined && { sla }),
    ...(internalSeq !== undefined && { last_internal_seq: internalSeq }),
  };
}

/**
 * Who is shown a ticket; for staff, how far its internal stream has come and what became of its service
 * level, where that was read.
 */
export interface TicketViewer {
  staff: boolean;
  internalSeq?: number;
  /** When it will be closed, where that was read. */
  closingDueAt?: number | null;
  sla?: SlaView | null;
}

export function assigneeView(ctx: AppContext, assignee: AssigneeRow, to: { staff: boolean }) {
  return { id: shownId(ctx, assignee, to), name: assignee.name };
}

export const ratingView = ({ score, comment, at }: RatingRow) => ({ score, comment, at });

/** Where stored rows end and the wire begins; nothing else shapes an answer. */
export function ticketView(
  ctx: AppContext,
  ticket: Ticket,
  head: { seq: number; at: number },
  to: TicketViewer,
): TicketView {
  const { assignee, rating } = ticket;
  return {
    id: ticket.id,
    user_id: ticket.user_id,
    topic: ticket.topic,
    description: ticket.description,
    status: ticket.status,
    created_at: ticket.created_at,
    updated_at: Math.max(ticket.updated_at, head.at),
    changed_at: ticket.updated_at,
    user_role: ticket.user_role,
    support_role: ticket.support_role,
    issue_level: ticket.issue_level,
    number: ticket.number,
    username: ticket.username,
    assigned_to: assignee ? shownId(ctx, assignee, to) : ticket.assigned_to,
    closed_at: ticket.closed_at,
    close_reason: ticket.close_reason,
    last_seq: head.seq,
    reference: referenceOf(ticket),
    priority: ticket.priority,
    category: ticket.category,
    sub_category: ticket.sub_category,
    scheduled_date: ticket.scheduled_date,
    assignee: assignee && assigneeView(ctx, assignee, to),
    files: ticket.files.map((file) => fileView(ctx, file)),
    context: ticket.context,
    first_response_at: ticket.first_response_at,
    response_time: ticket.response_time,
    resolved_at: ticket.resolved_at,
    resolution_time: ticket.resolution_time,
    rejection_reason: ticket.rejection_reason,
    rating: rating && ratingView(rating),
    reopened: ticket.reopened,
    reopen_until: reopenUntil(ctx.config, ticket),
    close_request: ticket.close_request,
    ...(to.closingDueAt !== undefined && { closing_due_at: to.closingDueAt }),
    ...(to.staff && staffFieldsOf(ticket, to)),
  };
}

/** Who is shown something: staff see staff as they are, customers what stands for them. */
export interface Viewer {
  staff: boolean;
  /** Of a message, for staff: how far it has come in Discord. */
  mirror?: MirrorState;
}

const ALIAS_CHARACTERS = 22;

/**
 * The id of an author as a customer gets it: that of somebody in Discord stays with the staff, and the
 * same opaque text stands for the same person. Keyed, since the ids of a guild's members are known to
 * many and could be tried.
 */
export function shownId(
  ctx: AppContext,
  { id, key }: Pick<Author, 'id' | 'key'>,
  { staff }: { staff: boolean },
): string {
  if (staff || !isDiscordKey(key)) return id;
  const hash = createHmac('sha256', derivedKeys(ctx.config).aliases).update(id);
  return `staff-${hash.digest('base64url').slice(0, ALIAS_CHARACTERS)}`;
}

/** Reactions by their emoji, by the oldest that stands of each. */
function reactionViews(ctx: AppContext, { reactions }: Message, to: Viewer): ReactionView[] {
  if (reactions.length === 0) return [];
  const views = new Map<string, ReactionView>();
  for (const { emoji, author } of reactions) {
    const view = views.get(emoji) ?? { emoji, count: 0, users: [] };
    view.users.push({ id: shownId(ctx, author, to), name: author.name });
    view.count = view.users.length;
    views.set(emoji, view);
  }
  return [...views.values()];
}

/** Ids made by us, or out of Discord's, mean nothing to a client. */
function hasOwnClientId(message: Message): boolean {
  return message.origin === 'web' && message.client_id !== message.id;
}

export function messageView(ctx: AppContext, message: Message, to: Viewer): MessageView {
  const files = message.deleted ? [] : message.files.map((file) => fileView(ctx, file));
  const view: MessageView = {
    id: message.id,
    ticket_id: message.ticket_id,
    author_id: shownId(ctx, message.author, to),
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
    reactions: reactionViews(ctx, message, to),
  };
  if (to.staff && to.mirror) view.mirror = to.mirror;
  return view;
}

/** How something is remembered that other fields show: no news for anybody. */
const bookkeeping: readonly string[] = ['sla_told', 'escalated_at'];

/** A desk event, for staff only: what happened to a ticket that its customer is not to know. */
export function deskEventView(entry: TicketChangeEntry): DeskEventView {
  const { id, ticket_id, seq, at, action, author, origin, changes, data } = entry;
  const shown = Object.entries(changes).filter(([name]) => !bookkeeping.includes(name));
  const by = origin === 'system' ? null : { id: author.id, name: author.name };
  return {
    id,
    ticket_id,
    seq,
    kind: action,
    at,
    by,
    data: { ...Object.fromEntries(shown), ...data },
  };
}

/** The staff's own fields as they are after an entry; nothing where it changed none of them. */
export function ticketInternalView({
  ticket,
  seq,
  changes,
}: TicketChangeEntry): TicketInternalView | undefined {
  if (!staffFields.some((field) => field in changes)) return undefined;
  const { id: ticket_id, tags, snoozed_until, escalation = null } = ticket;
  return { ticket_id, last_internal_seq: seq, tags, snoozed_until, escalation };
}

/** What is told of a ticket by the entry that deletes it. */
export function ticketDeletedView({ ticket_id, ticket, seq, at }: Deletion): TicketDeletedView {
  return { ticket_id, number: ticket.number, deleted_at: at, last_seq: seq };
}

export function typingView(ctx: AppContext, ticketId: string, by: Author, to: Viewer): TypingView {
  const user_id = shownId(ctx, by, to);
  return { ticket_id: ticketId, user_id, username: by.name, role: by.role };
}
