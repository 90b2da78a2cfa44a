import type { AppContext } from '../../context.ts';
import { ON_CALL_MAX } from '../../contract/agents.ts';
import type { SupportRole } from '../../contract/tickets.ts';
import { AppError } from '../../errors.ts';
import type { AgentRow } from '../../models/agent.ts';
import { majority, native } from '../log/collections.ts';
import { bumpSetting } from '../settings.ts';
import { inTransaction } from '../transactions.ts';
import { fits, toAgent } from './agent.ts';
import { fitsIn, skillsIn } from './guilds.ts';

/** The setting on which those who go on call at the same moment meet. */
const PLACES = 'on_call';

/**
 * Changes the row of somebody who goes on call, one after the other: of two at once for the last place the
 * second is refused.
 * @throws AppError CONFLICT where as many as may be are on call, whoever asks not among them
 */
export function takePlaceOnCall(
  ctx: AppContext,
  { _id }: AgentRow,
  $set: Partial<AgentRow>,
): Promise<AgentRow | null> {
  return inTransaction(ctx, PLACES, async (session) => {
    await bumpSetting(ctx, PLACES, session);
    const agents = native(ctx.db.agents);
    const others = await agents.countDocuments(
      { on_call: true, _id: { $ne: _id } },
      { limit: ON_CALL_MAX, session },
    );
    if (others >= ON_CALL_MAX) {
      const most = `${ON_CALL_MAX} people are on call already, which is the most`;
      throw new AppError('CONFLICT', most);
    }
    return agents.findOneAndUpdate({ _id }, { $set }, { returnDocument: 'after', session });
  });
}

const rowsOnCall = (ctx: AppContext, more: object = {}) =>
  native(ctx.db.agents)
    .find({ on_call: true, ...more }, { readConcern: majority })
    .sort({ _id: 1 })
    .limit(ON_CALL_MAX)
    .toArray();

/** Names of all who are on call, away or not. */
export async function listAllOnCall(ctx: AppContext): Promise<string[]> {
  return (await rowsOnCall(ctx)).map((row) => toAgent(row).name);
}

/** Those who may be called. */
export interface OnCall {
  /** Ids in Discord of those who are not away and fit a support role, known longest first. */
  people: readonly string[];
  /** True where there are others who fit it elsewhere, and are no staff in the guild. */
  areElsewhere: boolean;
}

/** Who is on call for a support role in a guild. */
export async function listOnCall(
  ctx: AppContext,
  role: SupportRole,
  guildId: string,
): Promise<OnCall> {
  const rows = await rowsOnCall(ctx, { away: false, 'discord.id': { $exists: true } });
  const fitting = rows.filter((row) => fitsIn(row, role, guildId));
  return {
    people: fitting.flatMap(({ discord }) => discord?.id ?? []),
    areElsewhere: rows.some(
      (row) => skillsIn(row, guildId) === undefined && fits(toAgent(row), role),
    ),
  };
}
