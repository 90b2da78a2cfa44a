import { agentsCsv, slaCsv, summaryCsv, trendsCsv } from '../domain/reports/csv.ts';
import {
  readDashboard,
  readTrends,
  reportAgents,
  reportSla,
  reportTickets,
} from '../domain/reports/reports.ts';
import type { Call, Handlers } from './endpoint.ts';

/** A report in the form that was asked for. */
function answer<T>(
  { format }: { format?: 'json' | 'csv' | undefined },
  body: T,
  csv: (body: T) => string,
) {
  return { status: 200 as const, body, csv: format === 'csv' ? csv(body) : undefined };
}

async function getDashboard({
  ctx,
  actor,
  query,
}: Pick<Call<'getDashboard'>, 'ctx' | 'actor' | 'query'>) {
  return answer(query, await readDashboard(ctx, actor), summaryCsv);
}

export const reportHandlers = {
  getDashboard,
  getAdminDashboard: getDashboard,
  async getTrends({ ctx, actor, query }) {
    return answer(query, await readTrends(ctx, actor, query), trendsCsv);
  },
  async reportTickets({ ctx, actor, query }) {
    return answer(query, await reportTickets(ctx, actor, query), summaryCsv);
  },
  async reportAgents({ ctx, actor, query }) {
    return answer(query, await reportAgents(ctx, actor, query), agentsCsv);
  },
  async reportSla({ ctx, actor, query }) {
    return answer(query, await reportSla(ctx, actor, query), slaCsv);
  },
} satisfies Partial<Handlers>;
