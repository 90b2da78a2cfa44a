import { Types } from 'mongoose';
import type { AppContext } from '../../context.ts';
import type { CloseTicketBody, TicketView, UpdateTicketBody } from '../../contract/tickets.ts';
import { AppError } from '../../errors.ts';
import type { FieldValue } from '../../models/entry.ts';
import { type Actor, authorOf, canSee, isStaff, requestOf, requireStaff } from '../access/actor.ts';
import {
  type Changes,
  publicLog,
  type Ticket,
  type TicketChangeEntry,
  type TicketState,
} from '../log/entry.ts';
import type { Decision, Draft } from '../log/pending-writes.ts';
import { markEntries, marksOf } from '../log/visibility-map.ts';
import { ticketView } from '../views.ts';
import { hideTicket } from './read.ts';
import { canMove, isOpen, requireOpen } from './workflow.ts';

/** @throws AppError FORBIDDEN where a customer sets what is the staff's to set */
export function refuseLevels(ctx: AppContext, actor: Actor, body: UpdateTicketBody): void {
  const wants = body.issue_level ?? body.support_role;
  if (wants === undefined || isStaff(actor) || ctx.config.customerMaySetLevel) return;
  throw new AppError('FORBIDDEN', 'only staff may set issue_level and support_role');
}

interface TicketChange {
  /** What was done, as the log names it. */
  action: 'closed' | 'updated';
  /**
   * The fields after the change; none where there is nothing to change.
   * @throws AppError
   */
  to(ticket: Ticket, at: number): Partial<Ticket>;
}

/** Field by field what differs, from what to what. */
function changesOf(ticket: Ticket, fields: Partial<Ticket>): Changes {
  const changes: Record<string, readonly [FieldValue, FieldValue]> = {};
  for (const [name, to] of Object.entries(fields)) {
    const from = ticket[name as keyof Ticket];
    if (to !== undefined && from !== to) changes[name] = [from ?? null, to];
  }
  return changes;
}

/** Appends a change of the ticket: who, what, from and to, and the whole ticket after it. */
async function changeTicket(
  ctx: AppContext,
  actor: Actor,
  ticketId: string,
  change: TicketChange,
): Promise<TicketView> {
  const startedAt = performance.now();
  const log = publicLog(ticketId);
  const id = new Types.ObjectId().toHexString();
  const author = authorOf(actor);
  let isHidden = false;
  const decide = ({ ticket, head }: TicketState): Decision => {
    isHidden = !canSee(actor, ticket);
    if (isHidden) return { unchanged: { ticket, head } };
    const at = ctx.clock();
    const changes = changesOf(ticket, change.to(ticket, at));
    const names = Object.keys(changes);
    if (names.length === 0) return { unchanged: { ticket, head } };
    const after = Object.fromEntries(names.map((name) => [name, changes[name]?.[1]]));
    const append: Draft = {
      id,
      type: 'ticket_change',
      at,
      author,
      client_id: id,
      origin: actor.origin,
      ...requestOf(actor),
      action: change.action,
      changes,
      ticket: { ...ticket, ...after, updated_at: at, status_seq: head + 1 },
    };
    return { append };
  };
  try {
    const request = { log, entryId: id, author, clientId: id, batchable: false, decide };
    const appended = await ctx.writer.append(request);
    if (isHidden) throw await hideTicket(ctx, ticketId, startedAt, true);
    if (!('entry' in appended)) {
      return ticketView(appended.unchanged.ticket, await ctx.store.readHead(log));
    }
    const entry = appended.entry as TicketChangeEntry;
    // Only spares readers work: what a crash leaves out, they set themselves.
    void markEntries(ctx.db, log, marksOf(entry, undefined)).catch(() => undefined);
    return ticketView(entry.ticket, { seq: entry.seq, at: entry.at });
  } catch (error) {
    if (!isHidden && error instanceof AppError && error.code === 'NOT_FOUND') {
      throw await hideTicket(ctx, ticketId, startedAt, false);
    }
    throw error;
  }
}

/**
 * Changes a ticket: staff its level, role and assignee; its owner the topic while it is open.
 * @throws AppError NOT_FOUND, FORBIDDEN, CONFLICT (closed)
 */
export function updateTicket(
  ctx: AppContext,
  actor: Actor,
  ticketId: string,
  body: UpdateTicketBody,
): Promise<TicketView> {
  return changeTicket(ctx, actor, ticketId, {
    action: 'updated',
    to(ticket) {
      refuseLevels(ctx, actor, body);
      if (body.assigned_to !== undefined) requireStaff(actor, 'assign a ticket');
      requireOpen(ticket);
      return body as Partial<Ticket>;
    },
  });
}

/**
 * Closes a ticket; closing twice answers with the closed ticket.
 * @throws AppError NOT_FOUND
 */
export function closeTicket(
  ctx: AppContext,
  actor: Actor,
  ticketId: string,
  body: CloseTicketBody,
): Promise<TicketView> {
  return changeTicket(ctx, actor, ticketId, {
    action: 'closed',
    to(ticket, at) {
      if (!isOpen(ticket)) return {};
      if (!canMove(ticket.status, 'CLOSED')) {
        throw new AppError('CONFLICT', `a ticket that is ${ticket.status} cannot be closed`);
      }
      return { status: 'CLOSED', closed_at: at, close_reason: body.reason ?? null };
    },
  });
}
