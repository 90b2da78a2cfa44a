import type { ObjectId } from 'mongodb';
import type { AppContext } from '../../context.ts';
import type { SupportRole, TicketView } from '../../contract/tickets.ts';
import { AppError } from '../../errors.ts';
import { type Actor, systemActor } from '../access/actor.ts';
import { requireRight } from '../access/policy.ts';
import { type Agent, listPresentAgents } from '../agents/agents.ts';
import { native, oid } from '../log/collections.ts';
import type { WorkHandler } from '../schedule.ts';
import { storeSetting } from '../settings.ts';
import { assignTicket } from './assign.ts';
import { readTicket } from './read.ts';

const EVERY_MS = 1000;
const OFF_MS = 60_000;
/** Tickets looked at together; those nobody fits are passed, and come round again. */
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

/**
 * Assigns what is open and nobody's, the oldest first and one after the other: on the one node that
 * does what is due, so that each choice knows of the one before. What somebody takes meanwhile stays
 * theirs.
 */
async function assignWaiting(ctx: AppContext, after: string | undefined) {
  const rows = await native(ctx.db.tickets)
    .find({
      status: 'OPEN',
      assigned_to: null,
      ...(after && { _id: { $gt: oid(after) } }),
    })
    .project<{ _id: ObjectId; support_role: SupportRole }>({ support_role: 1 })
    .sort({ _id: 1 })
    .limit(PAGE)
    .toArray();
  for (const { _id, support_role } of rows) {
    const agent = await choose(ctx, support_role);
    if (!agent) continue;
    await assignTicket(ctx, systemActor, _id.toHexString(), assigneeFor(agent), { ifFree: true });
  }
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
