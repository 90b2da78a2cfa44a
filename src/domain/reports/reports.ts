import type { AppContext } from '../../context.ts';
import type {
  AgentsReportView,
  DashboardView,
  DayCountsView,
  ReportQuery,
  SlaReportView,
  TicketsReportView,
  TrendsQuery,
  TrendsView,
} from '../../contract/reports.ts';
import type { Actor } from '../access/actor.ts';
import { listPriorities } from '../priorities/priorities.ts';
import { agentNumbers } from './agent-numbers.ts';
import { DAY, dayOf, daysBetween } from './days.ts';
import { loadDays, type Statistics } from './load.ts';
import { loadReport, type Reader, readerOf, USUAL_DAYS } from './reader.ts';
import { measureLevels } from './service-levels.ts';
import {
  type Counts,
  countClosed,
  type Summary,
  summarizeDay,
  summarizeDays,
  timesOf,
} from './summarize.ts';
import { countOf, endedOn, type Link, openedIn } from './ticket-links.ts';

const scopeOf = ({ scope }: Reader, { asOf, zone }: Statistics) => ({
  as_of: asOf,
  scope,
  timezone: zone,
});

/** Counts by name, each with the filter that lists its tickets. */
function countsOf(counts: Counts, total: number, link: Exclude<Link, null>, filter: string | null) {
  return Object.fromEntries(
    [...counts].map(([name, count]) => {
      const isListed = filter !== null && name !== '';
      const narrowed = isListed ? { ...link, [filter]: name } : count === total ? link : null;
      return [name, countOf(count, narrowed)];
    }),
  );
}

function summaryView(summary: Summary, link: Exclude<Link, null>) {
  const { total, open, responses, resolutions, rating } = summary.tally;
  return {
    total: countOf(total, link),
    open: countOf(open, { ...link, status: 'open' }),
    by_status: countsOf(summary.status, total, link, 'status'),
    by_priority: countsOf(summary.priority, total, link, 'priority'),
    by_category: countsOf(summary.category, total, link, 'category'),
    by_channel: countsOf(summary.channel, total, link, null),
    first_response: timesOf(responses),
    resolution: timesOf(resolutions),
    rating,
  };
}

/** Day by day, those without a ticket too. */
function dayCounts(
  { whose, link }: Reader,
  { zone, days }: Statistics,
  span: { from: string; to: string },
): DayCountsView[] {
  const tables = new Map(days.map((table) => [table.day, table]));
  const nothing = timesOf([]);
  return daysBetween(span.from, span.to).map((day) => {
    const table = tables.get(day);
    const ofDay = table && summarizeDay(table, whose);
    const closed = table ? countClosed(table, whose) : 0;
    return {
      day,
      new: countOf(ofDay?.summary.tally.total ?? 0, { ...link, ...openedIn(zone, day, day) }),
      closed: countOf(closed, { ...link, ...endedOn(zone, day) }),
      first_response: ofDay?.first_response ?? nothing,
      resolution: ofDay?.resolution ?? nothing,
    };
  });
}

async function levelsOf(ctx: AppContext, { whose }: Reader, { days }: Statistics) {
  const priorities = await listPriorities(ctx);
  return { priorities, ...measureLevels(days, whose, priorities, ctx.clock()) };
}

/**
 * The whole desk, or the actor's own part of it, in numbers.
 * @throws AppError FORBIDDEN, SERVICE_UNAVAILABLE (the statistics are not made yet)
 */
export async function readDashboard(ctx: AppContext, actor: Actor): Promise<DashboardView> {
  const reader = await readerOf(ctx, actor);
  const statistics = await loadDays(ctx);
  const { all } = await levelsOf(ctx, reader, statistics);
  const today = dayOf(statistics.zone, ctx.clock());
  const [now] = dayCounts(reader, statistics, { from: today, to: today });
  return {
    ...scopeOf(reader, statistics),
    ...summaryView(summarizeDays(statistics.days, reader.whose), reader.link),
    sla: { first_response: all.response.view(), resolution: all.resolution.view() },
    today: { new: now?.new.count ?? 0, closed: now?.closed.count ?? 0 },
  };
}

/** @throws AppError as `readDashboard` */
export async function readTrends(
  ctx: AppContext,
  actor: Actor,
  { days = USUAL_DAYS }: TrendsQuery,
): Promise<TrendsView> {
  const reader = await readerOf(ctx, actor);
  let span = { from: '', to: '' };
  const statistics = await loadDays(ctx, (zone) => {
    const to = dayOf(zone, ctx.clock());
    const first = Date.parse(to) - (days - 1) * DAY;
    span = { from: new Date(first).toISOString().slice(0, 10), to };
    return span;
  });
  return { ...scopeOf(reader, statistics), days: dayCounts(reader, statistics, span) };
}

/** @throws AppError as `readDashboard` */
export async function reportTickets(
  ctx: AppContext,
  actor: Actor,
  query: ReportQuery,
): Promise<TicketsReportView> {
  const reader = await readerOf(ctx, actor);
  const statistics = await loadReport(ctx, query);
  const { from, to, zone } = statistics;
  const link = { ...reader.link, ...openedIn(zone, from, to) };
  return {
    ...scopeOf(reader, statistics),
    ...{ from, to },
    ...summaryView(summarizeDays(statistics.days, reader.whose), link),
    per_day: dayCounts(reader, statistics, { from, to }),
  };
}

/** @throws AppError as `readDashboard` */
export async function reportAgents(
  ctx: AppContext,
  actor: Actor,
  query: ReportQuery,
): Promise<AgentsReportView> {
  const reader = await readerOf(ctx, actor);
  const statistics = await loadReport(ctx, query);
  const { from, to } = statistics;
  const agents = await agentNumbers(ctx, reader, statistics);
  return { ...scopeOf(reader, statistics), from, to, agents };
}

/** @throws AppError as `readDashboard` */
export async function reportSla(
  ctx: AppContext,
  actor: Actor,
  query: ReportQuery,
): Promise<SlaReportView> {
  const reader = await readerOf(ctx, actor);
  const statistics = await loadReport(ctx, query);
  const { from, to, zone } = statistics;
  const { priorities, all, each } = await levelsOf(ctx, reader, statistics);
  const link = { ...reader.link, ...openedIn(zone, from, to) };
  const rows = priorities.flatMap(({ name, first_response_ms, resolution_ms }) => {
    const levels = each.get(name);
    if (!levels) return [];
    return {
      priority: name,
      tickets: countOf(levels.tickets, { ...link, priority: name }),
      ...{ first_response_ms, resolution_ms },
      first_response: levels.response.view(),
      resolution: levels.resolution.view(),
    };
  });
  return {
    ...scopeOf(reader, statistics),
    ...{ from, to },
    first_response: all.response.view(),
    resolution: all.resolution.view(),
    by_priority: rows,
  };
}
