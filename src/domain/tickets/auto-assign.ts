import type { ObjectId } from 'mongodb';
import type { AppContext } from '../../context.ts';
import { issueLevels } from '../../contract/ticket-words.ts';
import type { SupportRole, TicketView } from '../../contract/tickets.ts';
import { AppError } from '../../errors.ts';
import { type Actor, systemActor } from '../access/actor.ts';
import { requireRight } from '../access/policy.ts';
import type { Agent } from '../agents/agent.ts';
import { listCoveredRoles, listPresentAgents } from '../agents/agents.ts';
import { native, oid } from '../log/collections.ts';
import { isReal } from '../practice/practice-key.ts';
import type { WorkHandler } from '../schedule.ts';
import { storeSetting } from '../settings.ts';
import { assignTicket } from './assign.ts';
import { nobodys } from './list-query.ts';
import { readTicket } from './read.ts';

const EVERY_MS = 1000;
const OFF_MS = 60_000;
/** Tickets assigned in one look. */
const PAGE = 20;
const TURN = 'auto_assign_turn';

/** Whose turn it is: the next one after whoever had the last, by id. */
async function nextInTurn(ctx: AppContext, fitting: readonly Agent[]): Promise<Agent | undefined> {
  const row = await native(ctx.db.settings).findOne({ _id: TURN });
  const last = typeof row?.value === 'string' ? row.value : '';
  const inOrder = fitting.toSorted((a, b) => (a.key < b.key ? -1 : 1));
  const next = inOrder.find(({ key }) => key > last) ?? inOrder[0];
  // Before it is used: a crash skips somebody, and gives nobody two.
  if (next) await storeSetting(ctx, TURN, next.key);
  return next;
}

async function choose(ctx: AppContext, role: SupportRole): Promise<Agent | undefined> {
  const fitting = await listPresentAgents(ctx, role);
  return ctx.config.autoAssign === 'round_robin' ? nextInTurn(ctx, fitting) : fitting[0];
}

const assigneeFor = ({ key, id, name }: Agent) => ({ key, id, name });

/**
 * Gives a ticket to whoever of those present it suits best, whatever `AUTO_ASSIGN` says.
 * @throws AppError NOT_FOUND, FORBIDDEN, CONFLICT (nobody fits, or it has ended)
 */
export async function assignAutomatically(
  ctx: AppContext,
  actor: Actor,
  ticketId: string,
): Promise<TicketView> {
  const { ticket } = await readTicket(ctx, actor, ticketId);
  requireRight(ctx.config, actor, 'assign_to_others', ticket);
  const agent = await choose(ctx, ticket.support_role);
  if (!agent) throw new AppError('CONFLICT', 'nobody of the staff who is present fits');
  return assignTicket(ctx, actor, ticketId, assigneeFor(agent));
}

/** Refusals that are about the one ticket: it is gone, or has ended meanwhile. */
const passed: readonly string[] = ['NOT_FOUND', 'CONFLICT'];

/** What somebody takes meanwhile stays theirs. */
async function assignOne(ctx: AppContext, ticketId: string, role: SupportRole): Promise<void> {
  const agent = await choose(ctx, role);
  if (!agent) return;
  try {
    await assignTicket(ctx, systemActor, ticketId, assigneeFor(agent), { ifFree: true });
  } catch (error) {
    if (!(error instanceof AppError) || !passed.includes(error.code)) throw error;
    ctx.log.debug({ ticket: ticketId, reason: error.message }, 'a ticket is not assigned');
  }
}

/**
 * Assigns what is open, nobody's, and fit for somebody who is present: the oldest first and one after the
 * other, on the one node that does what is due, so that each choice knows of the one before. Tickets that
 * nobody fits are not read: however many there are, they hold up no other.
 */
async function assignWaiting(ctx: AppContext, after: string | undefined) {
  const roles = await listCoveredRoles(ctx);
  if (roles.length === 0) return undefined;
  const rows = await native(ctx.db.tickets)
    .find({
      ...nobodys,
      ...isReal,
      status: 'OPEN',
      issue_level: { $in: [...issueLevels] },
      support_role: { $in: roles },
      ...(after && { _id: { $gt: oid(after) } }),
    })
    .hint('ticket_list_assigned')
    .project<{ _id: ObjectId; support_role: SupportRole }>({ support_role: 1 })
    .sort({ _id: 1 })
    .limit(PAGE)
    .toArray();
  for (const { _id, support_role } of rows) await assignOne(ctx, _id.toHexString(), support_role);
  return rows.length === PAGE ? rows.at(-1)?._id.toHexString() : undefined;
}

export const autoAssignment: Readonly<Record<string, WorkHandler>> = {
  'assign-tickets': {
    recurring: true,
    async run(ctx, { data }) {
      if (ctx.config.autoAssign === 'off') return { again: OFF_MS };
      const { after } = (data ?? {}) as { after?: string };
      const next = await assignWaiting(ctx, after);
      return next ? { again: 0, data: { after: next } } : { again: EVERY_MS, data: {} };
    },
  },
};
