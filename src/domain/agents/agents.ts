import type { AppContext } from '../../context.ts';
import type { AgentView, ChangeAgentBody, Presence } from '../../contract/agents.ts';
import type { UserRole } from '../../contract/identity.ts';
import { isHexId } from '../../contract/ids.ts';
import type { PageQuery } from '../../contract/pages.ts';
import type { SupportRole } from '../../contract/tickets.ts';
import type { AgentRow } from '../../models/agent.ts';
import type { Actor } from '../access/actor.ts';
import { requireRight } from '../access/policy.ts';
import { majority, native, oid } from '../log/collections.ts';
import { type Page, spanOf } from '../pages.ts';
import { openStatuses } from '../tickets/workflow.ts';
import { SEEN_EVERY_MS, writeSeen } from './seen-agents.ts';

/** How long somebody counts as present after an act in Discord: it is written down only now and then. */
const DISCORD_PRESENT_MS = 2 * SEEN_EVERY_MS;
/** Those that are looked at where somebody is sought who is present. */
const MOST_PRESENT = 1000;

/** Somebody of the staff, as other parts of the desk know them. */
export interface Agent {
  /** What a ticket is assigned to. */
  id: string;
  name: string;
  role: UserRole;
  /** Support roles; none means that all of them fit. */
  skills: readonly SupportRole[];
  /** Of tokens and of Discord: whoever acts with one of them is this person. */
  keys: readonly string[];
}

const roleOf = ({ web, discord }: AgentRow): UserRole =>
  web?.role === 'ADMIN' || discord?.role === 'ADMIN' ? 'ADMIN' : 'AGENT';

export function toAgent(row: AgentRow): Agent {
  const { web, discord } = row;
  return {
    id: web?.id ?? discord?.id ?? row._id.toHexString(),
    name: row.name ?? web?.name ?? discord?.name ?? '',
    role: roleOf(row),
    skills: row.skills ?? discord?.skills ?? [],
    keys: [web?.key, discord?.key].filter((key) => key !== undefined),
  };
}

/** The keys by which tickets name somebody. */
export const keysOf = (row: AgentRow): string[] => [...toAgent(row).keys];

function presenceOf(row: AgentRow, present: ReadonlySet<string>, now: number): Presence {
  const acted = row.discord ? (row.discord_seen_at ?? 0) : 0;
  const isHere = (row.web && present.has(row.web.key)) || acted > now - DISCORD_PRESENT_MS;
  if (!isHere) return 'offline';
  return row.away ? 'away' : 'online';
}

/** Open tickets of each, by the keys of whom they are assigned to. */
async function countOpen(ctx: AppContext, rows: AgentRow[]): Promise<(row: AgentRow) => number> {
  const found = await native(ctx.db.tickets)
    .aggregate<{ _id: string; count: number }>([
      { $match: { 'assignee.key': { $in: rows.flatMap(keysOf) }, status: { $in: openStatuses } } },
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
  const { skip, limit } = spanOf(query);
  const agents = native(ctx.db.agents);
  const [rows, total] = await Promise.all([
    agents.find({}, { readConcern: majority }).sort({ _id: 1 }).skip(skip).limit(limit).toArray(),
    agents.estimatedDocumentCount(),
  ]);
  return { rows: await viewsOf(ctx, rows), total };
}

/** Changes what somebody says of themselves. */
export async function changeAgent(
  ctx: AppContext,
  actor: Actor,
  { skills, away, name }: ChangeAgentBody,
): Promise<AgentView> {
  requireRight(ctx.config, actor, 'see_agents', undefined);
  const { _id } = await writeSeen(ctx, actor);
  const $set = {
    ...(skills !== undefined && { skills }),
    ...(away !== undefined && { away }),
    ...(name !== undefined && { name }),
    seen_at: ctx.clock(),
  };
  const row = await native(ctx.db.agents).findOneAndUpdate(
    { _id },
    { $set },
    { returnDocument: 'after' },
  );
  const [view] = await viewsOf(ctx, [row as AgentRow]);
  return view as AgentView;
}

export async function findAgentRow(ctx: AppContext, id: string): Promise<AgentRow | undefined> {
  const agents = native(ctx.db.agents);
  const options = { readConcern: majority };
  if (isHexId(id)) {
    const filter = { $or: [{ _id: oid(id) }, { former: oid(id) }] };
    const row = await agents.findOne(filter, options);
    if (row) return row;
  }
  const rows = await agents
    .find({ $or: [{ 'web.id': id }, { 'discord.id': id }] }, options)
    .limit(2)
    .toArray();
  return rows.length === 1 ? rows[0] : undefined;
}

/**
 * Somebody of the staff: by the id that tickets are assigned to, or by that of their tokens or in Discord
 * where only one person has it.
 */
export async function findAgent(ctx: AppContext, id: string): Promise<Agent | undefined> {
  const row = await findAgentRow(ctx, id);
  return row && toAgent(row);
}

/** The person that acts, made known where they were not. */
export async function agentOf(ctx: AppContext, actor: Actor): Promise<Agent> {
  const side = actor.origin === 'discord' ? 'discord' : 'web';
  const known = await native(ctx.db.agents).findOne(
    { [`${side}.key`]: actor.key },
    { readConcern: majority },
  );
  return toAgent(known ?? (await writeSeen(ctx, actor)));
}

/** Rows of those who are present and not away. */
async function presentRows(ctx: AppContext, limit: number): Promise<AgentRow[]> {
  const present = await ctx.desk.presence.read();
  const since = ctx.clock() - DISCORD_PRESENT_MS;
  return native(ctx.db.agents)
    .find(
      {
        away: false,
        $or: [{ 'web.key': { $in: [...present] } }, { discord_seen_at: { $gt: since } }],
      },
      { readConcern: majority },
    )
    .limit(limit)
    .toArray();
}

/**
 * Who is present, not away, and fit for a support role: those with that skill, and those with none at all.
 * @returns with how many open tickets each has, the fewest first
 */
export async function listPresentAgents(
  ctx: AppContext,
  supportRole: SupportRole,
): Promise<(Agent & { open_tickets: number })[]> {
  const rows = (await presentRows(ctx, MOST_PRESENT)).filter((row) => {
    const { skills } = toAgent(row);
    return skills.length === 0 || skills.includes(supportRole);
  });
  const openOf = await countOpen(ctx, rows);
  return rows
    .map((row) => ({ ...toAgent(row), open_tickets: openOf(row) }))
    .sort((a, b) => a.open_tickets - b.open_tickets || (a.id < b.id ? -1 : 1));
}

/** Whether anybody is present and not away. */
export async function areStaffOnline(ctx: AppContext): Promise<boolean> {
  return (await presentRows(ctx, 1)).length > 0;
}
