import type { AppContext } from '../../context.ts';
import { SEEN_EVERY_MS } from './seen-agents.ts';

/** How long somebody counts as present after an act in Discord: it is written down only now and then. */
const DISCORD_PRESENT_MS = 2 * SEEN_EVERY_MS;

/** Since when somebody has to have acted in Discord to be present there, milliseconds since 1970. */
export const presentSince = (now: number) => now - DISCORD_PRESENT_MS;

/** Filters of the rows of agents, one of which those match who are present on the web or in Discord. */
export async function presentNow(ctx: AppContext): Promise<object[]> {
  const present = await ctx.desk.presence.read();
  return [
    { 'web.key': { $in: [...present] } },
    { discord_seen_at: { $gt: presentSince(ctx.clock()) } },
  ];
}
