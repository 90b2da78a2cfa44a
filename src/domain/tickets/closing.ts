import type { AppContext } from '../../context.ts';
import { sizes } from '../../contract/limits.ts';
import type { ScheduleClosingBody } from '../../contract/ticket-verbs.ts';
import type { TicketView } from '../../contract/tickets.ts';
import { AppError, invalidField } from '../../errors.ts';
import type { Actor } from '../access/actor.ts';
import { parseReason } from '../access/parse.ts';
import { requireRight } from '../access/policy.ts';
import { withIdentities } from '../agents/identities.ts';
import { isLeaseHeld } from '../consumers/lease.ts';
import {
  beginWork,
  cancelUnlessBegun,
  scheduleLease,
  scheduleUnlessBegun,
  type WorkHandler,
} from '../schedule.ts';
import { signalClosing } from '../signals.ts';
import { closeTicket, closingFields } from './close.ts';
import { CLOSING, type DueClosing, isCurrent } from './due-closing.ts';
import { changeTicket } from './engine.ts';
import { readTicket, viewTicket } from './read.ts';
import { requireOpen } from './workflow.ts';

/** Refusals by which a closing is over: who asked may not see or close the ticket any more. */
const overBy: readonly string[] = ['NOT_FOUND', 'FORBIDDEN'];

function underWay(): AppError {
  return new AppError('CONFLICT', 'the ticket is being closed');
}

/** @throws AppError BAD_REQUEST for a time that is past or too far ahead */
function dueTime(now: number, { in_ms, at }: ScheduleClosingBody): number {
  if (in_ms !== undefined) return now + in_ms;
  const due = at as number;
  const isPast = due <= now;
  if (!isPast && due <= now + sizes.closingWithin) return due;
  if (isPast) throw invalidField('at', 'is past', 'past');
  throw invalidField('at', 'is too far ahead', 'too_far');
}

/**
 * Closes a ticket later, as the actor, in place of a closing that was asked for before. Until it is due
 * nothing is written to the log, and it can be undone; a message meanwhile changes nothing.
 * @throws AppError NOT_FOUND, FORBIDDEN (silently, as a customer), CONFLICT (it has ended, or is being
 *   closed this moment), BAD_REQUEST
 */
export async function scheduleClosing(
  ctx: AppContext,
  actor: Actor,
  ticketId: string,
  body: ScheduleClosingBody,
): Promise<TicketView> {
  const { ticket, head } = await readTicket(ctx, actor, ticketId);
  requireRight(ctx.config, actor, 'close_ticket', ticket);
  const { silent = false } = body;
  if (silent) requireRight(ctx.config, actor, 'close_silently', ticket);
  requireOpen(ticket);
  const reason = typeof body.reason === 'string' ? parseReason(body.reason) : null;
  const at = dueTime(ctx.clock(), body);
  const { via: _, others: __, ...by } = actor;
  const data: DueClosing = { by, reason, silent, ending_seq: ticket.ending_seq };
  const work = { kind: CLOSING, key: ticketId, at, data };
  if (!(await scheduleUnlessBegun(ctx, work))) throw underWay();
  signalClosing(ctx, actor, ticket, at, silent);
  return viewTicket(ctx, actor, ticket, head);
}

/**
 * Closes a ticket after a moment in which it can be undone, without a word to its customer before; at once
 * where no process does what is due, since it would stay open.
 * @param momentMs in milliseconds
 * @throws AppError as `scheduleClosing`
 */
export async function closeAfterMoment(
  ctx: AppContext,
  actor: Actor,
  ticketId: string,
  reason: string | null,
  momentMs: number,
): Promise<TicketView> {
  if (!(await isLeaseHeld(ctx, scheduleLease)))
    return closeTicket(ctx, actor, ticketId, { reason });
  return scheduleClosing(ctx, actor, ticketId, { in_ms: momentMs, reason, silent: true });
}

/**
 * Undoes a closing that is not due yet; where there is none, nothing changes.
 * @throws AppError NOT_FOUND, CONFLICT (it is being closed this moment)
 */
export async function cancelClosing(
  ctx: AppContext,
  actor: Actor,
  ticketId: string,
): Promise<TicketView> {
  const { ticket, head } = await readTicket(ctx, actor, ticketId);
  requireRight(ctx.config, actor, 'close_ticket', ticket);
  const cancelled = await cancelUnlessBegun(ctx, CLOSING, ticketId);
  if (cancelled === 'begun') throw underWay();
  if (cancelled) signalClosing(ctx, actor, ticket, null, (cancelled.data as DueClosing).silent);
  return viewTicket(ctx, actor, ticket, head);
}

/** Closes what is due, as who asked for it: idempotent, since one that has ended since stays as it is. */
async function closeDue(ctx: AppContext, ticketId: string, closing: DueClosing): Promise<void> {
  const { reason } = closing;
  const by = await withIdentities(ctx, closing.by);
  try {
    await changeTicket(ctx, by, ticketId, {
      action: 'closed',
      to(ticket) {
        requireRight(ctx.config, by, 'close_ticket', ticket);
        return isCurrent(closing, ticket) ? closingFields(by, ticket, reason) : {};
      },
    });
  } catch (error) {
    if (!(error instanceof AppError) || !overBy.includes(error.code)) throw error;
    ctx.log.warn({ ticket: ticketId, reason: error.message }, 'a due closing is over');
  }
}

export const dueClosing: Readonly<Record<string, WorkHandler>> = {
  [CLOSING]: {
    async run(ctx, row) {
      if (!(await beginWork(ctx, row))) return undefined;
      await closeDue(ctx, row.key, row.data as DueClosing);
      return undefined;
    },
  },
};
