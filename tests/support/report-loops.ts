import type {
  AgentNumbersView,
  ComplianceView,
  CountView,
  DashboardView,
  SlaReportView,
  TicketsReportView,
  TimesView,
} from '../../src/contract/reports.ts';
import { entryRows, native } from '../../src/domain/log/collections.ts';
import {
  foldTicket,
  type Ticket,
  type TicketChangeEntry,
  toEntry,
  toTicket,
} from '../../src/domain/log/entry.ts';
import type { Priority } from '../../src/domain/priorities/priorities.ts';
import { isOpen } from '../../src/domain/tickets/workflow.ts';
import type { Database } from '../../src/models/database.ts';

/** The numbers of the reports by plain loops over the log, to hold those of the program against. */

/** Every ticket as its two logs leave it; one without a change as it was opened. */
export async function ticketsOfLog(db: Database): Promise<Ticket[]> {
  const tickets = new Map<string, Ticket>();
  for await (const row of native(db.tickets).find().sort({ _id: 1 })) {
    const ticket = toTicket(row);
    tickets.set(ticket.id, ticket);
  }
  // The public stream first: the internal one knows the staff's fields for certain.
  for (const stream of ['public', 'internal'] as const) {
    const changes = entryRows(db).find({ type: 'ticket_change', stream } as never);
    for await (const row of changes.sort({ ticket_id: 1, stream: 1, seq: 1 })) {
      const entry = toEntry(row as never) as TicketChangeEntry;
      const ticket = tickets.get(entry.ticket_id);
      if (ticket) tickets.set(ticket.id, foldTicket(ticket, entry));
    }
  }
  return [...tickets.values()];
}

export const dayOf = (at: number) => new Date(at).toISOString().slice(0, 10);

/** The tickets opened from one day to another. */
export const openedIn = (tickets: readonly Ticket[], from: string, to: string) =>
  tickets.filter(({ created_at: at }) => dayOf(at) >= from && dayOf(at) <= to);

function countBy(list: readonly Ticket[], nameOf: (ticket: Ticket) => string) {
  const counts: Record<string, number> = {};
  for (const ticket of list) counts[nameOf(ticket)] = (counts[nameOf(ticket)] ?? 0) + 1;
  return counts;
}

export function timesOf(values: readonly (number | null)[]): TimesView {
  const sorted = values.filter((value) => value !== null).sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.ceil(share * sorted.length) - 1] ?? null;
  return { count: sorted.length, median: at(0.5), p90: at(0.9) };
}

function ratingOf(list: readonly Ticket[]) {
  const scores = list.flatMap(({ rating }) => rating?.score ?? []);
  const sum = scores.reduce((all, score) => all + score, 0);
  return { count: scores.length, average: scores.length > 0 ? sum / scores.length : null };
}

const numbersOf = (list: readonly Ticket[]) => ({
  open: list.filter(isOpen).length,
  first_response: timesOf(list.map(({ response_time }) => response_time)),
  resolution: timesOf(list.map(({ resolution_time }) => resolution_time)),
  rating: ratingOf(list),
});

export const summaryOf = (list: readonly Ticket[]) => ({
  ...numbersOf(list),
  total: list.length,
  by_status: countBy(list, ({ status }) => status),
  by_priority: countBy(list, ({ priority }) => priority),
  by_category: countBy(list, ({ category }) => category ?? ''),
  by_channel: countBy(list, ({ channel }) => channel),
});

const bare = (counts: Record<string, CountView>) =>
  Object.fromEntries(Object.entries(counts).map(([name, { count }]) => [name, count]));

/** What a report says of the same, without the addresses of the lists. */
export function summaryIn(report: DashboardView | TicketsReportView): ReturnType<typeof summaryOf> {
  const { first_response, resolution, rating } = report;
  return {
    ...{ first_response, resolution, rating },
    open: report.open.count,
    total: report.total.count,
    by_status: bare(report.by_status),
    by_priority: bare(report.by_priority),
    by_category: bare(report.by_category),
    by_channel: bare(report.by_channel),
  };
}

/** What was opened and what ended on a day. */
export function dayCountsOf(tickets: readonly Ticket[], day: string) {
  const opened = openedIn(tickets, day, day);
  const ended = tickets.filter(({ closed_at: at }) => at !== null && dayOf(at) === day);
  const { first_response, resolution } = numbersOf(opened);
  return { day, new: opened.length, closed: ended.length, first_response, resolution };
}

export function dayCountsIn(report: Pick<TicketsReportView, 'per_day'>) {
  return report.per_day.map((each) => ({
    ...each,
    new: each.new.count,
    closed: each.closed.count,
  }));
}

/** By the id of whom tickets are assigned to. */
export function agentsOf(tickets: readonly Ticket[]) {
  const ids = [...new Set(tickets.flatMap(({ assignee }) => assignee?.id ?? []))].sort();
  return ids.map((id) => {
    const own = tickets.filter(({ assignee }) => assignee?.id === id);
    return { id, handled: own.length, ...numbersOf(own) };
  });
}

export function agentsIn(agents: readonly AgentNumbersView[]): ReturnType<typeof agentsOf> {
  return agents
    .map(({ name: _, ...each }) => ({
      ...each,
      handled: each.handled.count,
      open: each.open.count,
    }))
    .sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** Both promises of each priority that has tickets, as they stand at a moment. */
export function levelsOf(tickets: readonly Ticket[], priorities: readonly Priority[], now: number) {
  const judge = (list: Ticket[], took: (ticket: Ticket) => number | null, target: number) => {
    const done = list.flatMap((ticket) => took(ticket) ?? []);
    const undone = list.filter((ticket) => took(ticket) === null && isOpen(ticket));
    const late = undone.filter(({ clock: { from, paused, paused_since } }) => {
      return (paused_since ?? now) - from - paused > target;
    });
    const met = done.filter((time) => time <= target).length;
    const breached = done.length - met + late.length;
    const compliance = met + breached > 0 ? met / (met + breached) : null;
    return { met, breached, running: undone.length - late.length, compliance };
  };
  return priorities.flatMap(({ name, first_response_ms, resolution_ms }) => {
    const own = tickets.filter(({ priority }) => priority === name);
    if (own.length === 0) return [];
    // Of what waits for approval nothing is promised yet.
    const approved = own.filter(({ status }) => status !== 'NEW');
    return {
      priority: name,
      tickets: own.length,
      first_response: judge(approved, (t) => t.response_time, first_response_ms),
      resolution: judge(approved, (t) => t.resolution_time, resolution_ms),
    };
  });
}

export function levelsIn({ by_priority }: SlaReportView): ReturnType<typeof levelsOf> {
  return by_priority.map(({ priority, tickets, first_response, resolution }) => ({
    ...{ priority, tickets: tickets.count },
    first_response: first_response satisfies ComplianceView,
    resolution,
  }));
}
