import type { ObjectId } from 'mongodb';
import type { AppContext } from '../../context.ts';
import { issueLevels } from '../../contract/ticket-words.ts';
import type { SupportRole, TicketView } from '../../contract/tickets.ts';
import { AppError } from '../../errors.ts';
import { type Actor, systemActor } from '../access/actor.ts';
import { requireRight } from '../access/policy.ts';
import type { Agent } from '../agents/agent.ts';
import { listPresentAgents, readStaffing, type Staffing } from '../agents/agents.ts';
import { native, oid } from '../log/collections.ts';
import { guildsOfTickets } from '../mirror/guilds.ts';
import { isReal } from '../practice/practice-key.ts';
import type { WorkHandler } from '../schedule.ts';
import { storeSetting } from '../settings.ts';
import { assignTicket } from './assign.ts';
import { nobodys } from './list-query.ts';
import { readTicket } from './read.ts';
import { requireOpen } from './workflow.ts';

const EVERY_MS = 1000;
const OFF_MS = 60_000;
/** Tickets assigned in one look. */
const PAGE = 20;
/** Tickets looked at for these: where there are several guilds, many may be where nobody is. */
const MOST_READ = 200;
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

async function choose(
  ctx: AppContext,
  role: SupportRole,
  guildId: string | undefined,
): Promise<Agent | undefined> {
  const fitting = await listPresentAgents(ctx, role, guildId);
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
  // Before somebody's turn is taken for it.
  requireOpen(ticket);
  const guildId = (await guildsOfTickets(ctx, [ticketId])).get(ticketId);
  const agent = await choose(ctx, ticket.support_role, guildId);
  if (!agent) throw new AppError('CONFLICT', await whyNobody(ctx, ticket.support_role));
  return assignTicket(ctx, actor, ticketId, assigneeFor(agent));
}

/** Why nobody can be given a ticket of a role where it is. */
async function whyNobody(ctx: AppContext, role: SupportRole): Promise<string> {
  const { roles } = await readStaffing(ctx);
  const why = 'nobody of the staff who is present fits';
  return roles.includes(role) ? `${why}, and is staff in the ticket's server` : why;
}

/** Refusals that are about the one ticket: it is gone, or has ended meanwhile. */
const passed: readonly string[] = ['NOT_FOUND', 'CONFLICT'];

/** A ticket that waits for somebody. */
interface Waiting {
  id: string;
  role: SupportRole;
  guildId: string | undefined;
}

/** What somebody takes meanwhile stays theirs. */
async function assignOne(ctx: AppContext, { id: ticketId, role, guildId }: Waiting): Promise<void> {
  const agent = await choose(ctx, role, guildId);
  if (!agent) return;
  try {
    await assignTicket(ctx, systemActor, ticketId, assigneeFor(agent), { ifFree: true });
  } catch (error) {
    if (!(error instanceof AppError) || !passed.includes(error.code)) throw error;
    ctx.log.debug({ ticket: ticketId, reason: error.message }, 'a ticket is not assigned');
  }
}

/** What is open, nobody's, and of one of the roles, the oldest first. */
async function readWaiting(
  ctx: AppContext,
  { roles, isByGuild }: Staffing,
  after: string | undefined,
): Promise<Waiting[]> {
  const rows = await native(ctx.db.tickets)
    .find({
      ...nobodys,
      ...isReal,
      status: 'OPEN',
      issue_level: { $in: [...issueLevels] },
      support_role: { $in: [...roles] },
      ...(after && { _id: { $gt: oid(after) } }),
    })
    .hint('ticket_list_assigned')
    .project<{ _id: ObjectId; support_role: SupportRole }>({ support_role: 1 })
    .sort({ _id: 1 })
    .limit(MOST_READ)
    .toArray();
  const ids = rows.map(({ _id }) => _id.toHexString());
  const guilds = isByGuild ? await guildsOfTickets(ctx, ids) : new Map<string, string>();
  return rows.map(({ _id, support_role: role }) => {
    const id = _id.toHexString();
    return { id, role, guildId: guilds.get(id) };
  });
}

/**
 * Assigns what is open, nobody's, and fit for somebody who is present: the oldest first and one after the
 * other, on the one node that does what is due, so that each choice knows of the one before. Tickets that
 * nobody fits hold up no other, however many there are.
 * @returns the ticket behind which the next look goes on; undefined where this one has come to the end
 */
async function assignWaiting(
  ctx: AppContext,
  after: string | undefined,
): Promise<string | undefined> {
  const staffing = await readStaffing(ctx);
  if (staffing.roles.length === 0) return undefined;
  const waiting = await readWaiting(ctx, staffing, after);
  const fitting = waiting.filter(({ role, guildId }) => staffing.covers(role, guildId));
  const taken = fitting.slice(0, PAGE);
  for (const one of taken) await assignOne(ctx, one);
  if (fitting.length > PAGE) return taken.at(-1)?.id;
  return waiting.length === MOST_READ ? waiting.at(-1)?.id : undefined;
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
