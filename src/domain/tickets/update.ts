import type { AppContext } from '../../context.ts';
import type { TicketView, UpdateTicketBody } from '../../contract/tickets.ts';
import { invalidField } from '../../errors.ts';
import type { AssigneeRow } from '../../models/ticket.ts';
import { type Actor, isSelf } from '../access/actor.ts';
import { parseAssignee, parseTopic } from '../access/parse.ts';
import { type Action, requireRight, type Target } from '../access/policy.ts';
import { listCategories } from '../categories/categories.ts';
import { internalLog, type Ticket } from '../log/entry.ts';
import { listPriorities } from '../priorities/priorities.ts';
import { findAssignee } from './assign.ts';
import { changeTicket } from './engine.ts';
import { urgencyOf } from './urgency.ts';
import { requireOpen } from './workflow.ts';

/** What setting a field takes. */
const rights: Record<keyof UpdateTicketBody, Action> = {
  topic: 'change_topic',
  issue_level: 'set_level',
  priority: 'set_priority',
  support_role: 'set_level',
  category: 'categorize',
  sub_category: 'categorize',
  scheduled_date: 'schedule_date',
  assigned_to: 'assign_ticket',
  tags: 'tag_ticket',
};

/**
 * @param ticket the one that is there, or the owner of the one that is to be
 * @throws AppError FORBIDDEN where the actor may not set one of the fields
 */
export function requireFields(
  ctx: AppContext,
  actor: Actor,
  ticket: Target,
  body: UpdateTicketBody,
): void {
  for (const [field, action] of Object.entries(rights)) {
    const value = body[field as keyof UpdateTicketBody];
    if (value !== undefined) requireRight(ctx.config, actor, action, ticket);
  }
}

const unknownCategory = () => invalidField('category', 'is not a category', 'unknown_category');

/**
 * The category a new ticket names, and whom it is routed to; undefined where it names none.
 * @throws AppError BAD_REQUEST where there is no such category
 */
export async function findCategory(ctx: AppContext, name: string | null | undefined) {
  if (!name) return undefined;
  const category = (await listCategories(ctx)).find((one) => one.name === name && !one.archived);
  if (!category) throw unknownCategory();
  return category;
}

/** An assignment as a field: the id of somebody who is known, or a text that means what it says. */
function assignmentOf(
  ctx: AppContext,
  actor: Actor,
  ticket: Ticket,
  value: string | null | undefined,
  assignee: AssigneeRow | null,
): Partial<Ticket> {
  if (value === undefined) return {};
  const assigned_to = value === null ? null : parseAssignee(value);
  if (assigned_to === ticket.assigned_to) return {};
  const [isFrom, isTo] = [ticket.assignee, assignee].map((one) => one && isSelf(actor, one.key));
  if (isFrom && isTo) return {};
  if (isFrom === false || isTo === false)
    requireRight(ctx.config, actor, 'assign_to_others', ticket);
  const isLeft = assigned_to === null && ticket.status === 'ASSIGNED';
  return { assigned_to, assignee, ...(isLeft && { status: 'OPEN' }) };
}

/**
 * Changes fields of an open ticket: its owner the topic and the date, staff all of them. Tags are the
 * staff's own, and go to the internal stream.
 * @throws AppError NOT_FOUND, FORBIDDEN, CONFLICT (closed), BAD_REQUEST (a text that says nothing, a
 *   priority or category that is not there)
 */
export async function updateTicket(
  ctx: AppContext,
  actor: Actor,
  ticketId: string,
  { tags, ...body }: UpdateTicketBody,
  comment?: string,
): Promise<TicketView> {
  // Read only where it is asked for: whoever may not see the ticket gets the same reads.
  const isUrgency = body.priority !== undefined || body.issue_level !== undefined;
  const priorities = isUrgency ? await listPriorities(ctx) : [];
  const categories = body.category ? await listCategories(ctx) : [];
  const names = new Set(categories.flatMap((one) => (one.archived ? [] : one.name)));
  const named = body.assigned_to && (await findAssignee(ctx, actor, body.assigned_to));
  const assignee = named || null;
  const requireAll = (ticket: Ticket) => {
    requireFields(ctx, actor, ticket, tags === undefined ? body : { ...body, tags });
    requireOpen(ticket);
  };
  const view = await changeTicket(ctx, actor, ticketId, {
    action: 'updated',
    comment,
    to(ticket) {
      requireAll(ticket);
      const { topic, assigned_to, priority, issue_level, ...plain } = body;
      const { category } = plain;
      if (category && category !== ticket.category && !names.has(category)) {
        throw unknownCategory();
      }
      return {
        ...plain,
        ...(topic !== undefined && { topic: parseTopic(topic) }),
        ...urgencyOf(ticket, { priority, issue_level }, priorities),
        ...assignmentOf(ctx, actor, ticket, assigned_to, assignee),
      } as Partial<Ticket>;
    },
  });
  if (tags === undefined) return view;
  return changeTicket(ctx, actor, ticketId, {
    action: 'tagged',
    log: internalLog(ticketId),
    to(ticket) {
      requireAll(ticket);
      return { tags };
    },
  });
}
