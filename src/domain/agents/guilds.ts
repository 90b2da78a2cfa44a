import type { AppContext } from '../../context.ts';
import type { SupportRole } from '../../contract/tickets.ts';
import type { AgentRow } from '../../models/agent.ts';
import { native } from '../log/collections.ts';
import { fits, toAgent } from './agent.ts';
import { presentNow } from './present.ts';

/** How long what Discord has said of somebody in a guild is gone by, in milliseconds. */
const HOLDS_MS = 10 * 60_000;

/**
 * The support roles somebody fits in a guild; none means all of them. Who is known in the guilds of the desk
 * works in those where they are staff; who is known in none, since they have no identity in Discord or there
 * is one guild, works anywhere.
 * @param guildId where a ticket is; undefined where that is not settled
 * @returns undefined where they are nobody
 */
export function skillsIn(
  row: AgentRow,
  guildId: string | undefined,
): readonly SupportRole[] | undefined {
  const guilds = row.discord?.guilds;
  if (!guilds) return toAgent(row).skills;
  const { skills = null } = guilds[guildId ?? ''] ?? {};
  return skills === null ? undefined : (row.skills ?? skills);
}

/** Whether a ticket in a guild may be given to somebody, or they be called for it. */
export function fitsIn(row: AgentRow, role: SupportRole, guildId: string | undefined): boolean {
  const skills = skillsIn(row, guildId);
  return skills !== undefined && fits({ skills }, role);
}

/**
 * Ids in Discord of those who may be given tickets, or are on call, and of whom nothing, or nothing fresh, is
 * known in a guild.
 * @param except ids that are passed over
 */
export async function listToAskOf(
  ctx: AppContext,
  guildId: string,
  limit: number,
  except: readonly string[],
): Promise<string[]> {
  const at = `discord.guilds.${guildId}.at`;
  const rows = await native(ctx.db.agents)
    .find({
      'discord.key': { $exists: true },
      'discord.id': { $nin: [...except] },
      away: false,
      $or: [{ on_call: true }, ...(await presentNow(ctx))],
      [at]: { $not: { $gt: ctx.clock() - HOLDS_MS } },
    })
    .project<AgentRow>({ 'discord.id': 1 })
    .sort({ [at]: 1 })
    .limit(limit)
    .toArray();
  return rows.flatMap(({ discord }) => discord?.id ?? []);
}

/**
 * Writes down what somebody is in a guild.
 * @param skills of their roles there; null where they are none of the staff
 */
export async function storeStanding(
  ctx: AppContext,
  guildId: string,
  discordId: string,
  skills: readonly SupportRole[] | null,
): Promise<void> {
  await native(ctx.db.agents).updateOne({ 'discord.id': discordId }, {
    $set: { [`discord.guilds.${guildId}`]: { skills, at: ctx.clock() } },
  } as never);
}

/** Forgets what anybody is in guilds: the desk has one. */
export async function forgetStandings(ctx: AppContext): Promise<void> {
  await native(ctx.db.agents).updateMany({ 'discord.guilds': { $exists: true } }, {
    $unset: { 'discord.guilds': '' },
  } as never);
}
