import type { TicketStatus } from '../../contract/tickets.ts';
import type { ServiceClockRow } from '../../models/ticket.ts';
import type { Ticket } from '../log/entry.ts';
import { isOpen } from './workflow.ts';

/** A clock that begins to run. */
export const startedAt = (at: number): ServiceClockRow => ({
  from: at,
  paused: 0,
  paused_since: null,
});

/** How long it has run until then, in milliseconds, pauses taken off. */
export function elapsed({ from, paused, paused_since }: ServiceClockRow, at: number): number {
  const standing = paused_since === null ? 0 : Math.max(0, at - paused_since);
  return Math.max(0, at - from - paused - standing);
}

function pausedAt(clock: ServiceClockRow, at: number): ServiceClockRow {
  return clock.paused_since === null ? { ...clock, paused_since: at } : clock;
}

function resumedAt(clock: ServiceClockRow, at: number): ServiceClockRow {
  const { paused, paused_since } = clock;
  if (paused_since === null) return clock;
  return { ...clock, paused: paused + Math.max(0, at - paused_since), paused_since: null };
}

function clockIn(ticket: Ticket, status: TicketStatus, at: number): ServiceClockRow {
  // Whoever waits for approval, or for a ticket that is over, waits for nobody yet.
  if (status === 'REOPENED' || (ticket.status === 'NEW' && status === 'OPEN')) return startedAt(at);
  return status === 'WAITING' ? pausedAt(ticket.clock, at) : resumedAt(ticket.clock, at);
}

const resolves: ReadonlySet<TicketStatus> = new Set(['RESOLVED', 'CLOSED']);

/** All that a ticket's entering a status changes of it. */
export function enterStatus(ticket: Ticket, status: TicketStatus, at: number): Partial<Ticket> {
  const clock = clockIn(ticket, status, at);
  const change: Partial<Ticket> = { status, clock };
  if (!isOpen({ status })) change.closed_at = at;
  if (resolves.has(status) && ticket.resolved_at === null) {
    change.resolved_at = at;
    change.resolution_time = elapsed(clock, at);
  }
  if (status !== 'REOPENED') return change;
  return {
    ...change,
    reopened: ticket.reopened + 1,
    closed_at: null,
    close_reason: null,
    resolved_at: null,
    resolution_time: null,
  };
}
