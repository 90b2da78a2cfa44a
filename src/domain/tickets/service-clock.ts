import type { TicketStatus } from '../../contract/tickets.ts';
import type { PauseRow, ServiceClockRow } from '../../models/ticket.ts';
import type { Ticket } from '../log/entry.ts';
import { isOpen } from './workflow.ts';

/** A clock that begins to run. */
export const startedAt = (at: number): ServiceClockRow => ({
  from: at,
  paused: 0,
  paused_since: null,
});

/** Pauses that a clock remembers; of more, the two that lie closest together become one. */
export const MAX_PAUSES = 100;

/** The time between the two that are joined counts as a pause from then on: to the staff's favour, a little. */
function joinClosest(pauses: readonly PauseRow[]): PauseRow[] {
  const gaps = pauses.slice(1).map(([from], nth) => from - (pauses[nth] as PauseRow)[1]);
  const nth = gaps.indexOf(Math.min(...gaps));
  const [[from], [, to]] = [pauses[nth], pauses[nth + 1]] as [PauseRow, PauseRow];
  return pauses.toSpliced(nth, 2, [from, to]);
}

function withPause(pauses: readonly PauseRow[], pause: PauseRow): readonly PauseRow[] {
  const all = [...pauses, pause];
  return all.length > MAX_PAUSES ? joinClosest(all) : all;
}

/** A clock that begins anew keeps what the first response was measured by, which is over and done. */
function restartedAt({ clock, first_response_at }: Ticket, at: number): ServiceClockRow {
  if (first_response_at === null) return startedAt(at);
  const { from, pauses = [] } = clock;
  return { ...startedAt(at), answered: clock.answered ?? { from, pauses } };
}

/** How long it has run until then, in milliseconds, pauses taken off. */
export function elapsed({ from, paused, paused_since }: ServiceClockRow, at: number): number {
  const standing = paused_since === null ? 0 : Math.max(0, at - paused_since);
  return Math.max(0, at - from - paused - standing);
}

function pausedAt(clock: ServiceClockRow, at: number): ServiceClockRow {
  return clock.paused_since === null ? { ...clock, paused_since: at } : clock;
}

function resumedAt(clock: ServiceClockRow, at: number): ServiceClockRow {
  const { paused, paused_since, pauses = [] } = clock;
  if (paused_since === null) return clock;
  const length = Math.max(0, at - paused_since);
  return {
    ...clock,
    paused: paused + length,
    paused_since: null,
    ...(length > 0 && { pauses: withPause(pauses, [paused_since, at]) }),
  };
}

function clockIn(ticket: Ticket, status: TicketStatus, at: number): ServiceClockRow {
  // Whoever waits for approval, or for a ticket that is over, waits for nobody yet.
  if (status === 'REOPENED') return restartedAt(ticket, at);
  if (ticket.status === 'NEW' && status === 'OPEN') return startedAt(at);
  return status === 'WAITING' ? pausedAt(ticket.clock, at) : resumedAt(ticket.clock, at);
}

const resolves: ReadonlySet<TicketStatus> = new Set(['RESOLVED', 'CLOSED']);

/** All that a ticket's entering a status changes of it. */
export function enterStatus(ticket: Ticket, status: TicketStatus, at: number): Partial<Ticket> {
  const clock = clockIn(ticket, status, at);
  const change: Partial<Ticket> = { status, clock };
  if (!isOpen({ status })) change.closed_at = at;
  if (ticket.status === 'NEW' && status === 'CLOSED') change.unapproved = true;
  if (resolves.has(status) && ticket.resolved_at === null) {
    change.resolved_at = at;
    change.resolution_time = elapsed(clock, at);
  }
  if (status !== 'REOPENED') return change;
  return {
    ...change,
    ...(ticket.unapproved && { unapproved: false }),
    reopened: ticket.reopened + 1,
    closed_at: null,
    close_reason: null,
    resolved_at: null,
    resolution_time: null,
  };
}
