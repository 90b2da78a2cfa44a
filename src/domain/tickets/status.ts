import type { AppContext } from '../../context.ts';
import type {
  ApproveTicketBody,
  RejectTicketBody,
  SetStatusBody,
} from '../../contract/ticket-verbs.ts';
import type { TicketStatus, TicketView } from '../../contract/tickets.ts';
import { AppError, invalidField } from '../../errors.ts';
import { type Actor, isStaff } from '../access/actor.ts';
import { type Action, requireRight } from '../access/policy.ts';
import type { Ticket } from '../log/entry.ts';
import { sendNote } from '../messages/notes.ts';
import { listPriorities } from '../priorities/priorities.ts';
import { changeTicket } from './engine.ts';
import { hasMostOpen, TooManyOpenTickets } from './open-cap.ts';
import { urgencyOf } from './urgency.ts';
import { isOpen, reopenUntil, requireMove } from './workflow.ts';

const required = (location: string, message: string) => invalidField(location, message, 'required');

/**
 * To open a ticket again that was closed before anybody approved it is to approve it.
 * @throws AppError FORBIDDEN, CONFLICT where the ticket has been closed for too long to be reopened
 */
function requireReopenable(ctx: AppContext, actor: Actor, ticket: Ticket, at: number): void {
  if (ticket.status !== 'CLOSED') return;
  const { reopenDays } = ctx.config;
  if (reopenDays === 0) throw new AppError('CONFLICT', 'closed tickets are not reopened here');
  if (ticket.unapproved) requireRight(ctx.config, actor, 'decide_approval', ticket);
  if (at > (reopenUntil(ctx.config, { ...ticket, unapproved: false }) ?? at)) {
    throw new AppError('CONFLICT', `the ticket was closed more than ${reopenDays} days ago`);
  }
}

/** The right that a move takes where it is another than to set a status. */
function rightOf(from: TicketStatus, to: TicketStatus): Action {
  if (to === 'WITHDRAWN') return 'withdraw_ticket';
  if (to === 'REJECTED' || (from === 'NEW' && to === 'OPEN')) return 'decide_approval';
  return 'set_status';
}

/** What each status takes with it, beside what follows from every change of a status. */
function fieldsFor(ticket: Ticket, body: SetStatusBody): Partial<Ticket> {
  const { status, comment = null } = body;
  switch (status) {
    case 'ASSIGNED':
      if (ticket.assigned_to === null) throw required('assigned_to', 'is required: it is nobody’s');
      return {};
    case 'REJECTED': {
      const rejection_reason = body.rejection_reason ?? (body.internal ? null : comment);
      if (!rejection_reason) throw required('rejection_reason', 'is required');
      return { rejection_reason };
    }
    case 'CLOSED':
    case 'WITHDRAWN':
      return { close_reason: body.internal ? null : comment };
    // What was assigned is not any more.
    case 'OPEN':
      return ticket.status === 'ASSIGNED' ? { assigned_to: null, assignee: null } : {};
    default:
      return {};
  }
}

/** What was said for the staff alone goes where the staff alone read. */
async function withNote(
  ctx: AppContext,
  actor: Actor,
  view: TicketView,
  content: string | undefined,
): Promise<TicketView> {
  if (!content || !isStaff(actor)) return view;
  const { note } = await sendNote(ctx, actor, view.id, { content });
  return { ...view, last_internal_seq: note.seq };
}

/**
 * Moves a ticket to a status; to the one it has already, nothing is written.
 * @throws AppError NOT_FOUND, FORBIDDEN, CONFLICT (a move that is not in the table), BAD_REQUEST
 *   (what the status needs is missing)
 */
export async function setStatus(
  ctx: AppContext,
  actor: Actor,
  ticketId: string,
  body: SetStatusBody,
): Promise<TicketView> {
  const { status } = body;
  const view = await changeTicket(ctx, actor, ticketId, {
    action: 'status_set',
    comment: body.internal ? undefined : body.comment,
    to(ticket, at) {
      requireRight(ctx.config, actor, rightOf(ticket.status, status), ticket);
      if (ticket.status === status) return {};
      requireMove(ticket, status);
      if (status === 'REOPENED') requireReopenable(ctx, actor, ticket, at);
      return { status, ...fieldsFor(ticket, body) };
    },
  });
  return body.internal ? withNote(ctx, actor, view, body.comment) : view;
}

/**
 * Lets a ticket that waits for approval in; the clocks of service begin.
 * @throws AppError NOT_FOUND, FORBIDDEN, CONFLICT (it does not wait), BAD_REQUEST
 */
export async function approveTicket(
  ctx: AppContext,
  actor: Actor,
  ticketId: string,
  { priority, support_role, approval_notes }: ApproveTicketBody,
): Promise<TicketView> {
  const priorities = await listPriorities(ctx);
  const view = await changeTicket(ctx, actor, ticketId, {
    action: 'approved',
    to(ticket) {
      requireRight(ctx.config, actor, 'decide_approval', ticket);
      requireMove(ticket, 'OPEN');
      if (ticket.status !== 'NEW') {
        throw new AppError('CONFLICT', `a ticket that is ${ticket.status} waits for no approval`);
      }
      const urgency = urgencyOf(ticket, { priority }, priorities);
      return { status: 'OPEN', ...urgency, ...(support_role && { support_role }) };
    },
  });
  return withNote(ctx, actor, view, approval_notes);
}

/** @throws AppError NOT_FOUND, FORBIDDEN, CONFLICT (it does not wait for approval) */
export function rejectTicket(
  ctx: AppContext,
  actor: Actor,
  ticketId: string,
  { rejection_reason }: RejectTicketBody,
): Promise<TicketView> {
  return changeTicket(ctx, actor, ticketId, {
    action: 'rejected',
    comment: rejection_reason,
    to(ticket) {
      requireRight(ctx.config, actor, 'decide_approval', ticket);
      requireMove(ticket, 'REJECTED');
      return { status: 'REJECTED', rejection_reason };
    },
  });
}

/**
 * Takes a ticket back: its owner, or ADMIN for them.
 * @throws AppError NOT_FOUND, FORBIDDEN, CONFLICT (it has ended, or is resolved)
 */
export function withdrawTicket(
  ctx: AppContext,
  actor: Actor,
  ticketId: string,
  comment: string | undefined,
): Promise<TicketView> {
  return changeTicket(ctx, actor, ticketId, {
    action: 'withdrawn',
    comment,
    to(ticket) {
      requireRight(ctx.config, actor, 'withdraw_ticket', ticket);
      if (ticket.status === 'WITHDRAWN') return {};
      requireMove(ticket, 'WITHDRAWN');
      return { status: 'WITHDRAWN', close_reason: comment ?? null };
    },
  });
}

/**
 * Opens a ticket again that is resolved, or was closed not too long ago.
 * @throws AppError NOT_FOUND, FORBIDDEN (it was never approved), CONFLICT
 */
export async function reopenTicket(
  ctx: AppContext,
  actor: Actor,
  ticketId: string,
  reason: string | undefined,
): Promise<TicketView> {
  // Read before it is decided: two reopenings at once may pass the cap by one.
  const isFull = !isStaff(actor) && (await hasMostOpen(ctx, actor.key));
  return changeTicket(ctx, actor, ticketId, {
    action: 'reopened',
    comment: reason,
    to(ticket, at) {
      requireRight(ctx.config, actor, 'reopen_ticket', ticket);
      if (ticket.status === 'REOPENED') return {};
      requireMove(ticket, 'REOPENED');
      requireReopenable(ctx, actor, ticket, at);
      if (isFull && !isOpen(ticket)) throw new TooManyOpenTickets(ctx.config.maxOpenTicketsPerUser);
      return { status: 'REOPENED' };
    },
  });
}
