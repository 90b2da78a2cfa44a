import type { AppContext } from '../../context.ts';
import { mostReportDays, type ReportQuery } from '../../contract/reports.ts';
import type { Actor } from '../access/actor.ts';
import { can, requireRight } from '../access/policy.ts';
import { keysOf } from '../agents/agent.ts';
import { agentRowOf } from '../agents/agents.ts';
import { dayOf, shiftDay } from './days.ts';
import { loadDays, type Statistics } from './load.ts';
import type { Whose } from './summarize.ts';
import type { Link } from './ticket-links.ts';

/** Days a report is of where nothing else is said. */
export const USUAL_DAYS = 30;

/** Whose numbers somebody is shown, and what every report says of itself. */
export interface Reader {
  whose: Whose;
  scope: 'all' | 'own';
  /** What narrows every list to the same tickets. */
  link: Exclude<Link, null>;
}

/**
 * Whose numbers the actor sees: everybody's, or those of the tickets assigned to them, with whichever of
 * their identities.
 * @throws AppError FORBIDDEN to customers
 */
export async function readerOf(ctx: AppContext, actor: Actor): Promise<Reader> {
  requireRight(ctx.config, actor, 'read_own_reports', undefined);
  if (can(actor, 'read_all_reports', undefined, ctx.config) === 'allow') {
    return { whose: {}, scope: 'all', link: {} };
  }
  const keys = new Set([actor.key, ...keysOf(await agentRowOf(ctx, actor))]);
  return { whose: { keys }, scope: 'own', link: { assigned_to: 'me' } };
}

/** The days that a query names; its span is at most `mostReportDays` also where it names one end only. */
function spanOf({ from, to }: Pick<ReportQuery, 'from' | 'to'>, today: string) {
  if (from === undefined) {
    const last = to ?? today;
    return { from: shiftDay(last, 1 - USUAL_DAYS), to: last };
  }
  const most = shiftDay(from, mostReportDays - 1);
  const usual = today < most ? today : most;
  return { from, to: to ?? (usual < from ? from : usual) };
}

/** The statistics of the days that a query names. */
export async function loadReport(
  ctx: AppContext,
  query: Pick<ReportQuery, 'from' | 'to'>,
): Promise<Statistics & { from: string; to: string }> {
  let span = { from: '', to: '' };
  const statistics = await loadDays(ctx, (zone) => {
    span = spanOf(query, dayOf(zone, ctx.clock()));
    return span;
  });
  return { ...statistics, ...span };
}
