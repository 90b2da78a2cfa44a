import { isDeepStrictEqual } from 'node:util';
import type {
  AgentsReportView,
  DashboardView,
  SlaReportView,
  TicketsReportView,
} from '../../src/contract/reports.ts';
import { native } from '../../src/domain/log/collections.ts';
import { toPriority } from '../../src/domain/priorities/priorities.ts';
import type { Database } from '../../src/models/database.ts';
import {
  agentsIn,
  agentsOf,
  dayCountsIn,
  dayCountsOf,
  dayOf,
  levelsIn,
  levelsOf,
  openedIn,
  summaryIn,
  summaryOf,
  ticketsOfLog,
} from '../../tests/support/report-loops.ts';
import type { Ask } from './desk.ts';

/** Some promise may break between an answer and the loop over the same. */
const TRIES = 5;

function requireSame(what: string, found: unknown, expected: unknown): void {
  if (isDeepStrictEqual(found, expected)) return;
  const text = (value: unknown) => JSON.stringify(value).slice(0, 2000);
  throw new Error(`${what} says ${text(found)}, and the log ${text(expected)}`);
}

/**
 * Holds every report against plain loops over the log.
 * @throws an Error with both where they differ
 */
export async function checkReports(db: Database, ask: Ask): Promise<void> {
  const tickets = await ticketsOfLog(db);
  const priorities = (await native(db.priorities).find().sort({ rank: 1 }).toArray()).map(
    toPriority,
  );
  const read = async <T>(path: string) => JSON.parse(await ask('admin', path)) as T;
  const days = tickets.map(({ created_at }) => dayOf(created_at)).sort();
  const [first = '', last = ''] = [days[0], days.at(-1)];
  const middle = days[Math.floor(days.length / 2)] as string;
  const dashboard = await read<DashboardView>('/statistics/dashboard');
  requireSame('the dashboard', summaryIn(dashboard), summaryOf(tickets));
  for (const [from, to] of [
    [first, last],
    [middle, last],
  ] as const) {
    const span = `from=${from}&to=${to}`;
    const own = openedIn(tickets, from, to);
    const report = await read<TicketsReportView>(`/admin/reports/tickets?${span}`);
    requireSame('the report of tickets', summaryIn(report), summaryOf(own));
    const counts = report.per_day.map(({ day }) => dayCountsOf(tickets, day));
    requireSame('the report of days', dayCountsIn(report), counts);
    const { agents } = await read<AgentsReportView>(`/admin/reports/agents?${span}`);
    requireSame('the report of agents', agentsIn(agents), agentsOf(own));
    for (let tries = 1; ; tries++) {
      const levels = levelsIn(await read<SlaReportView>(`/admin/reports/sla?${span}`));
      const expected = levelsOf(own, priorities, Date.now());
      if (tries < TRIES && !isDeepStrictEqual(levels, expected)) continue;
      requireSame('the report of service levels', levels, expected);
      break;
    }
  }
}
