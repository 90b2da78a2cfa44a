import { z } from 'zod';
import { millis, queryInteger } from './ids.ts';

/** How many days a report may be of. */
export const mostReportDays = 366;

const day = z.iso.date('must be a day as YYYY-MM-DD');

/** A number, and where the tickets are that it counts. */
export const countView = z.object({
  count: z.int(),
  tickets_url: z
    .string()
    .nullable()
    .describe('Lists exactly these tickets; null where lists have no such filter.'),
});
export type CountView = z.infer<typeof countView>;

/** Nearest rank: a value that some ticket has. */
export const timesView = z.object({
  count: z.int().describe('Tickets that have one.'),
  median: z.number().nullable().describe('In milliseconds; null where there is none.'),
  p90: z.number().nullable(),
});
export type TimesView = z.infer<typeof timesView>;

export const complianceView = z.object({
  met: z.int(),
  breached: z.int().describe('Too late, or not done and late already.'),
  running: z.int().describe('Not done, with time left.'),
  compliance: z.number().nullable().describe('met / (met + breached); null where there is none.'),
});
export type ComplianceView = z.infer<typeof complianceView>;

const counts = z.record(z.string(), countView);

/** What every report says of itself. */
const scope = {
  as_of: millis.describe('Every change from before this is counted.'),
  scope: z.enum(['all', 'own']).describe('`own`: the tickets assigned to whoever asks.'),
  timezone: z.string().describe('Whose days: that of the calendar, or else UTC.'),
};

const summary = {
  total: countView,
  open: countView.describe('Not ended.'),
  by_status: counts,
  by_priority: counts,
  by_category: counts.describe('An empty name stands for tickets without one.'),
  by_channel: counts.describe('By which door they were opened.'),
  first_response: timesView,
  resolution: timesView,
  rating: z.object({ count: z.int(), average: z.number().nullable() }),
};

export const dayCountsView = z.object({
  day,
  new: countView,
  closed: countView.describe('Ended on that day, whenever they were opened.'),
  first_response: timesView.describe('Of those opened on that day.'),
  resolution: timesView,
});
export type DayCountsView = z.infer<typeof dayCountsView>;

export const dashboardView = z.object({
  ...scope,
  ...summary,
  sla: z.object({ first_response: complianceView, resolution: complianceView }),
  today: z.object({ new: z.int(), closed: z.int() }),
});
export type DashboardView = z.infer<typeof dashboardView>;

export const trendsView = z.object({ ...scope, days: z.array(dayCountsView) });
export type TrendsView = z.infer<typeof trendsView>;

const span = { from: day, to: day };

export const ticketsReportView = z.object({
  ...scope,
  ...span,
  ...summary,
  per_day: z.array(dayCountsView),
});
export type TicketsReportView = z.infer<typeof ticketsReportView>;

export const agentNumbersView = z.object({
  id: z.string(),
  name: z.string(),
  handled: countView.describe('Assigned to them.'),
  open: countView,
  first_response: timesView,
  resolution: timesView,
  rating: z.object({ count: z.int(), average: z.number().nullable() }),
});
export type AgentNumbersView = z.infer<typeof agentNumbersView>;

export const agentsReportView = z.object({ ...scope, ...span, agents: z.array(agentNumbersView) });
export type AgentsReportView = z.infer<typeof agentsReportView>;

export const slaRowView = z.object({
  priority: z.string(),
  tickets: countView,
  first_response_ms: z.int().describe('The time that the priority gives.'),
  resolution_ms: z.int(),
  first_response: complianceView,
  resolution: complianceView,
});
export type SlaRowView = z.infer<typeof slaRowView>;

export const slaReportView = z.object({
  ...scope,
  ...span,
  first_response: complianceView,
  resolution: complianceView,
  by_priority: z.array(slaRowView),
});
export type SlaReportView = z.infer<typeof slaReportView>;

export const formatQuery = z.object({ format: z.enum(['json', 'csv']).optional() });

export const trendsQuery = formatQuery.extend({
  days: queryInteger(1, mostReportDays).optional().describe('Today is the last; by default 30.'),
});
export type TrendsQuery = z.infer<typeof trendsQuery>;

/** Tickets by the day they were opened on, both days included. */
export const reportQuery = formatQuery
  .extend({
    from: day.optional().describe('YYYY-MM-DD; by default 29 days before `to`.'),
    to: day.optional().describe('YYYY-MM-DD; by default today.'),
  })
  .refine(({ from, to }) => from === undefined || to === undefined || from <= to, {
    path: ['to'],
    message: 'is before from',
    params: { type: 'order' },
  })
  .refine(
    ({ from, to }) =>
      from === undefined ||
      to === undefined ||
      Date.parse(to) - Date.parse(from) < mostReportDays * 24 * 3_600_000,
    {
      path: ['from'],
      message: `must be less than ${mostReportDays} days before to`,
      params: { type: 'too_far' },
    },
  );
export type ReportQuery = z.infer<typeof reportQuery>;
