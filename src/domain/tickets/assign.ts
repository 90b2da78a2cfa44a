import type { AppContext } from '../../context.ts';
import type { TicketView } from '../../contract/tickets.ts';
import { AppError, invalidField } from '../../errors.ts';
import type { AssigneeRow } from '../../models/ticket.ts';
import { type Actor, isSelf } from '../access/actor.ts';
import { requireRight } from '../access/policy.ts';
import { findAgent } from '../agents/agents.ts';
import { keysOfPerson } from '../agents/identities.ts';
import type { Ticket } from '../log/entry.ts';
import { changeTicket } from './engine.ts';
import { readTicket } from './read.ts';
import { canMove, requireOpen } from './workflow.ts';

export function assigneeOf({ key, id, username }: Actor): AssigneeRow {
  return { key, id, name: username };
}

/** The staff member an id stands for; oneself always. */
export async function findAssignee(
  ctx: AppContext,
  actor: Actor,
  id: string,
): Promise<AssigneeRow | undefined> {
  if (id === actor.id) return assigneeOf(actor);
  const agent = await findAgent(ctx, id, actor.partner ?? null);
  return agent && { key: agent.key, id: agent.id, name: agent.name };
}

/**
 * The same, where it has to be somebody; who may not assign the ticket is not told who there is.
 * @throws AppError NOT_FOUND, FORBIDDEN, BAD_REQUEST where nobody of the staff is known by the id
 */
export async function requireAssignee(
  ctx: AppContext,
  actor: Actor,
  ticketId: string,
  id: string,
): Promise<AssigneeRow> {
  const { ticket } = await readTicket(ctx, actor, ticketId);
  requireRight(ctx.config, actor, 'assign_ticket', ticket);
  const assignee = await findAssignee(ctx, actor, id);
  if (assignee) return assignee;
  throw invalidField('assigned_to', 'is no staff member who is known here', 'unknown_agent');
}

const givenTo = (assignee: AssigneeRow) => ({ assigned_to: assignee.id, assignee });

/** True where the actor has a ticket; old rows may name somebody nobody knows. */
const isOwn = (actor: Actor, { assignee }: Pick<Ticket, 'assignee'>) =>
  assignee !== null && isSelf(actor, assignee.key);

/**
 * Takes a ticket to work on it: compare-and-set, of two at once the second is told who was first.
 * @throws AppError NOT_FOUND, FORBIDDEN, CONFLICT (somebody else has it, or it has ended)
 */
export function claimTicket(ctx: AppContext, actor: Actor, ticketId: string): Promise<TicketView> {
  return changeTicket(ctx, actor, ticketId, {
    action: 'claimed',
    to(ticket) {
      requireRight(ctx.config, actor, 'claim_ticket', ticket);
      requireOpen(ticket);
      const isTheirs = isOwn(actor, ticket);
      if (ticket.assigned_to !== null && !isTheirs) {
        const name = ticket.assignee?.name ?? ticket.assigned_to;
        throw new AppError('CONFLICT', `the ticket is ${name}’s already`);
      }
      const begins = ['OPEN', 'ASSIGNED', 'REOPENED'].includes(ticket.status);
      return {
        ...(!isTheirs && givenTo(assigneeOf(actor))),
        ...(begins && { status: 'IN_PROGRESS' as const }),
      };
    },
  });
}

/** What leaving a ticket to nobody changes. */
function left(ticket: Ticket): Partial<Ticket> {
  const isBack = ticket.status === 'ASSIGNED';
  return { assigned_to: null, assignee: null, ...(isBack && { status: 'OPEN' as const }) };
}

/**
 * Gives a ticket back that the actor has; ADMIN, and who may assign, anybody's.
 * @throws AppError NOT_FOUND, FORBIDDEN, CONFLICT (it has ended)
 */
export function unclaimTicket(
  ctx: AppContext,
  actor: Actor,
  ticketId: string,
): Promise<TicketView> {
  return changeTicket(ctx, actor, ticketId, {
    action: 'unclaimed',
    to(ticket) {
      requireRight(ctx.config, actor, 'claim_ticket', ticket);
      requireOpen(ticket);
      if (ticket.assigned_to === null) return {};
      if (!isOwn(actor, ticket)) {
        requireRight(ctx.config, actor, 'assign_to_others', ticket);
      }
      return left(ticket);
    },
  });
}

/**
 * Gives a ticket to somebody, or with null to nobody. Staff may take one themselves; to give it to
 * others takes the right to.
 * @param options `ifFree`: whatever somebody has already stays theirs
 * @throws AppError NOT_FOUND, FORBIDDEN, CONFLICT (it has ended)
 */
export async function assignTicket(
  ctx: AppContext,
  actor: Actor,
  ticketId: string,
  assignee: AssigneeRow | null,
  { ifFree = false } = {},
): Promise<TicketView> {
  const person = assignee ? await keysOfPerson(ctx, assignee.key) : [];
  return changeTicket(ctx, actor, ticketId, {
    action: assignee ? 'assigned' : 'unassigned',
    to(ticket) {
      requireRight(ctx.config, actor, 'assign_ticket', ticket);
      if (ifFree && (ticket.assigned_to !== null || ticket.status !== 'OPEN')) return {};
      const isTheirs = isOwn(actor, ticket);
      const isToSelf = assignee === null || isOwn(actor, { assignee });
      const isFree = assignee !== null && ticket.assigned_to === null;
      if (!isToSelf || !(isTheirs || isFree))
        requireRight(ctx.config, actor, 'assign_to_others', ticket);
      requireOpen(ticket);
      if (!assignee) return left(ticket);
      const becomes = canMove(ticket.status, 'ASSIGNED') && { status: 'ASSIGNED' as const };
      const isHeld = ticket.assignee && person.includes(ticket.assignee.key);
      return { ...(!isHeld && givenTo(assignee)), ...becomes };
    },
  });
}
