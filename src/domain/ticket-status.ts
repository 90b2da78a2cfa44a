import { Types } from 'mongoose';
import type { AppContext } from '../context.ts';
import type { CloseTicketBody, TicketView, UpdateTicketBody } from '../contract/tickets.ts';
import { AppError } from '../errors.ts';
import { type Actor, authorOf, isStaff, requireAccess, requireStaff } from './access/actor.ts';
import type { Entry, Ticket, TicketState } from './log/entry.ts';
import { ticketView } from './views.ts';

/** @throws AppError FORBIDDEN where a customer sets what is the staff's to set */
export function refuseLevels(ctx: AppContext, actor: Actor, body: UpdateTicketBody): void {
  const wants = body.issue_level ?? body.support_role;
  if (wants === undefined || isStaff(actor) || ctx.config.customerMaySetLevel) return;
  throw new AppError('FORBIDDEN', 'only staff may set issue_level and support_role');
}

/** Appends a status entry: what changed, and the whole ticket after it. */
async function appendStatus(
  ctx: AppContext,
  actor: Actor,
  ticketId: string,
  change: NonNullable<Entry['change']>,
  decide: (state: TicketState) => Partial<Ticket>,
): Promise<TicketView> {
  const id = new Types.ObjectId().toHexString();
  const author = authorOf(actor);
  const { entry } = await ctx.writer.append({
    ticketId,
    entryId: id,
    author,
    clientId: id,
    plain: false,
    judge(state) {
      const fields = decide(state);
      const at = ctx.clock();
      const status_seq = state.head + 1;
      const ticket: Ticket = { ...state.ticket, ...fields, updated_at: at, status_seq };
      if (change === 'closed') ticket.closed_at = at;
      const { origin } = actor;
      return {
        id,
        stream: 'public',
        type: 'status',
        at,
        author,
        client_id: id,
        origin,
        change,
        ticket,
      };
    },
  });
  return ticketView(entry.ticket as Ticket, { seq: entry.seq, at: entry.at });
}

/** Thrown inside the judgement of a change that turns out not to be needed. */
class Unchanged extends AppError {
  readonly state: TicketState;

  constructor(state: TicketState) {
    super('CONFLICT', 'nothing to change');
    this.state = state;
  }
}

async function orUnchanged(ctx: AppContext, attempt: Promise<TicketView>): Promise<TicketView> {
  try {
    return await attempt;
  } catch (error) {
    if (!(error instanceof Unchanged)) throw error;
    return ticketView(error.state.ticket, await ctx.store.readHead(error.state.ticket.id));
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
  const attempt = appendStatus(ctx, actor, ticketId, 'updated', (state) => {
    requireAccess(actor, state.ticket);
    refuseLevels(ctx, actor, body);
    if (body.assigned_to !== undefined) requireStaff(actor, 'assign a ticket');
    if (state.ticket.status === 'CLOSED') throw new AppError('CONFLICT', 'the ticket is closed');
    const fields = Object.fromEntries(
      Object.entries(body).filter(([, value]) => value !== undefined),
    ) as Partial<Ticket>;
    const same = Object.entries(fields).every(
      ([name, value]) => state.ticket[name as keyof Ticket] === value,
    );
    if (same) throw new Unchanged(state);
    return fields;
  });
  return orUnchanged(ctx, attempt);
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
  const attempt = appendStatus(ctx, actor, ticketId, 'closed', (state) => {
    requireAccess(actor, state.ticket);
    if (state.ticket.status === 'CLOSED') throw new Unchanged(state);
    return { status: 'CLOSED', close_reason: body.reason ?? null };
  });
  return orUnchanged(ctx, attempt);
}
