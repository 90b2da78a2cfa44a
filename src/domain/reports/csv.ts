import type {
  AgentsReportView,
  ComplianceView,
  CountView,
  DashboardView,
  DayCountsView,
  SlaReportView,
  TicketsReportView,
  TimesView,
} from '../../contract/reports.ts';

type Cell = string | number | null;

/** A text that a spreadsheet would take for a formula is shown to it as a text. */
function cellOf(value: Cell): string {
  if (value === null) return '';
  if (typeof value === 'number') return String(value);
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** RFC 4180: a line of names, then the rows. */
function toCsv(names: readonly string[], rows: readonly (readonly Cell[])[]): string {
  return [names, ...rows].map((row) => `${row.map(cellOf).join(',')}\r\n`).join('');
}

const countCells = ({ count, tickets_url }: CountView): Cell[] => [count, tickets_url];
const timeCells = ({ median, p90 }: TimesView): Cell[] => [median, p90];

const groups = ['status', 'priority', 'category', 'channel'] as const;

/** A summary, line by line: what, of which name, how many. */
export function summaryCsv(report: DashboardView | TicketsReportView): string {
  const rows: Cell[][] = [
    ['total', '', ...countCells(report.total)],
    ['open', '', ...countCells(report.open)],
  ];
  for (const group of groups) {
    for (const [name, count] of Object.entries(report[`by_${group}`])) {
      rows.push([group, name, ...countCells(count)]);
    }
  }
  for (const group of ['first_response', 'resolution'] as const) {
    const { median, p90 } = report[group];
    rows.push([group, 'median', median, null], [group, 'p90', p90, null]);
  }
  rows.push(['rating', 'average', report.rating.average, null]);
  if ('per_day' in report) {
    for (const each of report.per_day) {
      rows.push(['new', each.day, ...countCells(each.new)]);
      rows.push(['closed', each.day, ...countCells(each.closed)]);
    }
  }
  return toCsv(['group', 'name', 'value', 'tickets_url'], rows);
}

const timeNames = [
  'first_response_median',
  'first_response_p90',
  'resolution_median',
  'resolution_p90',
];

export function trendsCsv({ days }: { days: readonly DayCountsView[] }): string {
  const rows = days.map((each) => [
    each.day,
    each.new.count,
    each.closed.count,
    ...timeCells(each.first_response),
    ...timeCells(each.resolution),
  ]);
  return toCsv(['day', 'new', 'closed', ...timeNames], rows);
}

export function agentsCsv({ agents }: AgentsReportView): string {
  const rows = agents.map((each) => [
    each.id,
    each.name,
    each.handled.count,
    each.open.count,
    ...timeCells(each.first_response),
    ...timeCells(each.resolution),
    each.rating.count,
    each.rating.average,
    each.handled.tickets_url,
  ]);
  const ratings = ['ratings', 'rating_average', 'tickets_url'];
  return toCsv(['id', 'name', 'handled', 'open', ...timeNames, ...ratings], rows);
}

export function slaCsv({ by_priority }: SlaReportView): string {
  const cells = ({ met, breached, running, compliance }: ComplianceView): Cell[] => [
    met,
    breached,
    running,
    compliance,
  ];
  const rows = by_priority.flatMap((each) => [
    [each.priority, 'first_response', each.first_response_ms, ...cells(each.first_response)],
    [each.priority, 'resolution', each.resolution_ms, ...cells(each.resolution)],
  ]);
  return toCsv(
    ['priority', 'measure', 'target_ms', 'met', 'breached', 'running', 'compliance'],
    rows,
  );
}
