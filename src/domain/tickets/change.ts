import { Types } from 'mongoose';
import type { AppContext } from '../../context.ts';
import type { CloseTicketBody, TicketView, UpdateTicketBody } from '../../contract/tickets.ts';
import { AppError } from '../../errors.ts';
import type { FieldValue } from '../../models/entry.ts';
import { type Actor, authorOf, requestOf } from '../access/actor.ts';
import { parseAssignee, parseReason, parseTopic } from '../access/parse.ts';
import { type Action, can, requireRight } from '../access/policy.ts';
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

/** What setting a field takes. */
const rights: Record<keyof UpdateTicketBody, Action> = {
  topic: 'change_topic',
  issue_level: 'set_level',
  support_role: 'set_level',
  assigned_to: 'assign_ticket',
};

/**
 * @param ticket the one that is there, or the owner of the one that is to be
 * @throws AppError FORBIDDEN where the actor may not set one of the fields
 */
export function requireFields(
  ctx: AppContext,
  actor: Actor,
  ticket: { owner: string },
  body: UpdateTicketBody,
): void {
  for (const [field, action] of Object.entries(rights)) {
    const value = body[field as keyof UpdateTicketBody];
    if (value !== undefined) requireRight(ctx.config, actor, action, ticket);
  }
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
    isHidden = can(actor, 'read_ticket', ticket, ctx.config) === 'missing';
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
 * @throws AppError NOT_FOUND, FORBIDDEN, CONFLICT (closed), BAD_REQUEST (a text that says nothing)
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
      requireFields(ctx, actor, ticket, body);
      requireOpen(ticket);
      const { topic, assigned_to } = body;
      return {
        ...body,
        ...(topic !== undefined && { topic: parseTopic(topic) }),
        ...(typeof assigned_to === 'string' && { assigned_to: parseAssignee(assigned_to) }),
      } as Partial<Ticket>;
    },
  });
}

/**
 * Closes a ticket; closing twice answers with the closed ticket.
 * @throws AppError NOT_FOUND, BAD_REQUEST (a reason that says nothing)
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
      requireRight(ctx.config, actor, 'close_ticket', ticket);
      if (!isOpen(ticket)) return {};
      if (!canMove(ticket.status, 'CLOSED')) {
        throw new AppError('CONFLICT', `a ticket that is ${ticket.status} cannot be closed`);
      }
      const close_reason = typeof body.reason === 'string' ? parseReason(body.reason) : null;
      return { status: 'CLOSED', closed_at: at, close_reason };
    },
  });
}
