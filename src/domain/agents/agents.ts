import type { AppContext } from '../../context.ts';
import type { AgentView, ChangeAgentBody, Presence } from '../../contract/agents.ts';
import type { PageQuery } from '../../contract/pages.ts';
import { type SupportRole, supportRoles } from '../../contract/tickets.ts';
import type { AgentRow } from '../../models/agent.ts';
import type { Actor } from '../access/actor.ts';
import { requireRight } from '../access/policy.ts';
import { majority, native } from '../log/collections.ts';
import { type Page, readRows } from '../pages.ts';
import { openStatuses } from '../tickets/workflow.ts';
import { type Agent, keysOf, toAgent } from './agent.ts';
import { fitsIn, skillsIn } from './guilds.ts';
import { takePlaceOnCall } from './on-call.ts';
import { presentNow, presentSince } from './present.ts';
import { writeSeen } from './seen-agents.ts';

/** People with one id that are told apart. */
const MOST_NAMESAKES = 20;
/** Those that are looked at where somebody is sought who is present. */
const MOST_PRESENT = 1000;

function presenceOf(row: AgentRow, present: ReadonlySet<string>, now: number): Presence {
  const acted = row.discord ? (row.discord_seen_at ?? 0) : 0;
  const isHere = (row.web && present.has(row.web.key)) || acted > presentSince(now);
  if (!isHere) return 'offline';
  return row.away ? 'away' : 'online';
}

/** Open tickets of each. */
async function countOpen(ctx: AppContext, rows: AgentRow[]): Promise<(row: AgentRow) => number> {
  const keys = rows.flatMap(keysOf);
  const found = await native(ctx.db.tickets)
    .aggregate<{ _id: string; count: number }>([
      { $match: { 'assignee.key': { $in: keys }, status: { $in: openStatuses } } },
      { $group: { _id: '$assignee.key', count: { $sum: 1 } } },
    ])
    .toArray();
  const counts = new Map(found.map(({ _id, count }) => [_id, count]));
  return (row) => keysOf(row).reduce((sum, key) => sum + (counts.get(key) ?? 0), 0);
}

async function viewsOf(ctx: AppContext, rows: AgentRow[]): Promise<AgentView[]> {
  const [present, openOf] = await Promise.all([ctx.desk.presence.read(), countOpen(ctx, rows)]);
  const now = ctx.clock();
  return rows.map((row) => {
    const { id, name, role, skills } = toAgent(row);
    return {
      ...{ id, name, role, skills: [...skills] },
      presence: presenceOf(row, present, now),
      on_call: row.on_call ?? false,
      open_tickets: openOf(row),
      user_id: row.web?.id ?? null,
      partner: row.web?.partner ?? null,
      discord_id: row.discord?.id ?? null,
      seen_at: row.seen_at,
    };
  });
}

/** Everybody of the staff who is known, those known longest first. */
export async function listAgents(
  ctx: AppContext,
  actor: Actor,
  query: PageQuery,
): Promise<Page<AgentView>> {
  requireRight(ctx.config, actor, 'see_agents', undefined);
  const { rows, total } = await readRows(native(ctx.db.agents), query, { _id: 1 });
  return { rows: await viewsOf(ctx, rows), total };
}

/** Changes what somebody says of themselves. */
export async function changeAgent(
  ctx: AppContext,
  actor: Actor,
  { skills, away, on_call, name }: ChangeAgentBody,
): Promise<AgentView> {
  requireRight(ctx.config, actor, 'see_agents', undefined);
  const known = await writeSeen(ctx, actor);
  const { _id } = known;
  const $set = {
    ...(skills !== undefined && { skills }),
    ...(away !== undefined && { away }),
    ...(on_call !== undefined && { on_call }),
    ...(name !== undefined && { name }),
    seen_at: ctx.clock(),
  };
  const row = on_call
    ? await takePlaceOnCall(ctx, known, $set)
    : await native(ctx.db.agents).findOneAndUpdate({ _id }, { $set }, { returnDocument: 'after' });
  const [view] = await viewsOf(ctx, [row as AgentRow]);
  return view as AgentView;
}

export async function findAgentRow(
  ctx: AppContext,
  id: string,
  partner: string | null,
): Promise<AgentRow | undefined> {
  const rows = await native(ctx.db.agents)
    .find({ $or: [{ 'web.id': id }, { 'discord.id': id }] }, { readConcern: majority })
    .limit(MOST_NAMESAKES)
    .toArray();
  const own = rows.find(({ web }) => web?.id === id && web.partner === partner);
  return own ?? (rows.length === 1 ? rows[0] : undefined);
}

/**
 * Somebody of the staff by the id of their tokens or in Discord.
 * @param partner whose tokens are meant where several have the id: the one of whoever asks
 */
export async function findAgent(
  ctx: AppContext,
  id: string,
  partner: string | null = null,
): Promise<Agent | undefined> {
  const row = await findAgentRow(ctx, id, partner);
  return row && toAgent(row);
}

/** The person that acts, made known where they were not. */
export async function agentRowOf(ctx: AppContext, actor: Actor): Promise<AgentRow> {
  const side = actor.origin === 'discord' ? 'discord' : 'web';
  const known = await native(ctx.db.agents).findOne(
    { [`${side}.key`]: actor.key },
    { readConcern: majority },
  );
  return known ?? writeSeen(ctx, actor);
}

/** Rows of those who are present and not away. */
async function presentRows(ctx: AppContext, limit: number): Promise<AgentRow[]> {
  return native(ctx.db.agents)
    .find({ away: false, $or: await presentNow(ctx) }, { readConcern: majority })
    .limit(limit)
    .toArray();
}

/** Whom tickets may be given to, as they were at one moment. */
export interface Staffing {
  /** The support roles that somebody fits, wherever. */
  roles: readonly SupportRole[];
  /** True where it depends on the guild of a ticket whom it may be given to. */
  isByGuild: boolean;
  /** Whether somebody fits a role in a guild; undefined is a ticket that has none yet. */
  covers(role: SupportRole, guildId: string | undefined): boolean;
}

/** Who is present and not away. */
export async function readStaffing(ctx: AppContext): Promise<Staffing> {
  const rows = await presentRows(ctx, MOST_PRESENT);
  const guildsOf = ({ discord }: AgentRow) => Object.keys(discord?.guilds ?? {});
  const guilds = [...new Set(rows.flatMap(guildsOf))];
  const known = new Map<string, boolean>();
  const covers = (role: SupportRole, guildId: string | undefined) => {
    const key = `${role} ${guildId}`;
    const found = known.get(key) ?? rows.some((row) => fitsIn(row, role, guildId));
    known.set(key, found);
    return found;
  };
  const isCovered = (role: SupportRole) =>
    [undefined, ...guilds].some((guildId) => covers(role, guildId));
  return { roles: supportRoles.filter(isCovered), isByGuild: guilds.length > 0, covers };
}

/**
 * Who is present, not away, and fit for a support role: those with that skill, and those with none at all.
 * @param guildId where the ticket is: who is known in the guilds of the desk has to be staff there; undefined
 *   where that is not settled
 * @returns with how many open tickets each has, the fewest first
 */
export async function listPresentAgents(
  ctx: AppContext,
  supportRole: SupportRole,
  guildId?: string,
): Promise<(Agent & { open_tickets: number })[]> {
  const present = await presentRows(ctx, MOST_PRESENT);
  const rows = present.filter((row) => fitsIn(row, supportRole, guildId));
  const openOf = await countOpen(ctx, rows);
  return rows
    .map((row) => ({
      ...toAgent(row),
      skills: skillsIn(row, guildId) ?? [],
      open_tickets: openOf(row),
    }))
    .sort((a, b) => a.open_tickets - b.open_tickets || (a.id < b.id ? -1 : 1));
}

/** Whether anybody is present and not away. */
export async function areStaffOnline(ctx: AppContext): Promise<boolean> {
  return (await presentRows(ctx, 1)).length > 0;
}
