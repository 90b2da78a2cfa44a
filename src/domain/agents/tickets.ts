import type { AppContext } from '../../context.ts';
import type { AgentTicketsQuery } from '../../contract/agents.ts';
import { sizes } from '../../contract/limits.ts';
import type { TicketView } from '../../contract/tickets.ts';
import { notFound } from '../../errors.ts';
import type { Actor } from '../access/actor.ts';
import { requireRight, visibleTickets } from '../access/policy.ts';
import { majority, native, oid } from '../log/collections.ts';
import { toTicket } from '../log/entry.ts';
import { emptyHead, headWith, listHeads, readHeads } from '../log/heads.ts';
import { createStaffViewer } from '../sla/rules.ts';
import { readClosings } from '../tickets/due-closing.ts';
import { openStatuses } from '../tickets/workflow.ts';
import { ticketView } from '../views.ts';
import { keysOf } from './agent.ts';
import { agentRowOf, findAgentRow } from './agents.ts';

/**
 * The tickets that are assigned to somebody, with whichever of their identities, newest first.
 * @param agentId `me` for the actor
 * @throws AppError NOT_FOUND
 */
export async function listAgentTickets(
  ctx: AppContext,
  actor: Actor,
  agentId: string,
  query: AgentTicketsQuery,
): Promise<{ tickets: TicketView[]; more: boolean }> {
  requireRight(ctx.config, actor, 'see_agents', undefined);
  const agent =
    agentId === 'me'
      ? await agentRowOf(ctx, actor)
      : await findAgentRow(ctx, agentId, actor.partner ?? null);
  if (!agent) throw notFound('agent');
  const limit = query.limit ?? sizes.ticketsPage;
  const filter = {
    'assignee.key': { $in: keysOf(agent) },
    ...(query.status === 'open' && { status: { $in: openStatuses } }),
    ...(query.before && { _id: { $lt: oid(query.before) } }),
    $and: [visibleTickets(actor, ctx.config)],
  };
  const heads = await listHeads(ctx.db, filter, limit + 1, 'ticket_assignee');
  const ids = [...heads.keys()].slice(0, limit).map(oid);
  const [rows, internal, viewer, closings] = await Promise.all([
    native(ctx.db.tickets)
      .find({ _id: { $in: ids } }, { readConcern: majority })
      .sort({ _id: -1 })
      .toArray(),
    readHeads(ctx.db, 'internal', ids),
    createStaffViewer(ctx),
    readClosings(ctx, [...heads.keys()]),
  ]);
  const tickets = rows.map((row) => {
    const ticket = toTicket(row);
    const head = headWith(row, heads.get(ticket.id) ?? emptyHead);
    const internalSeq = internal.get(ticket.id)?.seq ?? 0;
    const closingDueAt = closings(ticket, true);
    return ticketView(ctx, ticket, head, { ...viewer(ticket, internalSeq), closingDueAt });
  });
  return { tickets, more: heads.size > limit };
}
