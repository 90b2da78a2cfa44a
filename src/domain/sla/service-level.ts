import type { Calendar } from '../../contract/calendar.ts';
import type { SlaView } from '../../contract/tickets.ts';
import type { PauseRow, SlaState } from '../../models/ticket.ts';
import { addWorkingMs, workingMsBetween } from '../calendar/working-time.ts';
import type { Ticket } from '../log/entry.ts';
import type { Priority } from '../priorities/priorities.ts';
import { isOpen } from '../tickets/workflow.ts';

/** What is promised of every ticket, within the times of its priority. */
export const promised = ['first_response', 'resolution'] as const;
export type Promised = (typeof promised)[number];

/** The part of its time after which a promise is warned of. */
const WARNING = 0.8;

/** What service levels are worked out by. */
export interface SlaRules {
  priorities: readonly Priority[];
  /** Undefined where time is counted around the clock. */
  calendar: Calendar | undefined;
}

/** One promise of one ticket. Moments that the clock does not reach as it stands are null. */
export interface SlaPromise {
  target: Promised;
  warnAt: number | null;
  due: number | null;
  /** When what was promised came, or the ticket ended without; undefined while it is awaited. */
  endedAt: number | undefined;
}

/** A clock as one promise is measured by it. */
interface Run {
  from: number;
  pauses: readonly PauseRow[];
  /** Since when it stands still; null while it runs. */
  pausedSince: number | null;
}

/** The moment by which a clock has run for so much working time; null where it stands still before. */
function momentAfter(
  calendar: Calendar | undefined,
  { from, pauses, pausedSince }: Run,
  ms: number,
): number | null {
  let at = from;
  let left = ms;
  const standing = pausedSince === null ? pauses : [...pauses, [pausedSince, Infinity] as const];
  for (const [stops, goesOn] of standing) {
    const worked = workingMsBetween(calendar, at, stops);
    if (worked >= left) break;
    left -= worked;
    at = Math.max(at, goesOn);
  }
  if (at === Infinity) return null;
  const moment = addWorkingMs(calendar, at, left);
  return moment === Infinity ? null : moment;
}

/** When a ticket ended that has; where an old one does not say so, when it last changed. */
const endOf = (ticket: Ticket) => (isOpen(ticket) ? null : (ticket.closed_at ?? ticket.updated_at));

function endedAt(ticket: Ticket, target: Promised): number | undefined {
  const { first_response_at, resolved_at } = ticket;
  const ends = [target === 'first_response' ? first_response_at : null, resolved_at, endOf(ticket)];
  const known = ends.filter((end) => end !== null);
  return known.length > 0 ? Math.min(...known) : undefined;
}

/** What comes after the end of a promise does not change by when it was due. */
function runOf({ clock }: Ticket, target: Promised, end = Infinity): Run {
  const { from, pauses = [] } = (target === 'first_response' && clock.answered) || clock;
  const isOver = clock.paused_since === null || clock.paused_since >= end;
  return {
    from,
    pauses: pauses.filter(([stops]) => stops < end),
    pausedSince: isOver ? null : clock.paused_since,
  };
}

/** What is promised of a ticket; nothing before it is approved, or where it never was. */
export function promisesOf(ticket: Ticket, { priorities, calendar }: SlaRules): SlaPromise[] {
  const priority = priorities.find(({ name }) => name === ticket.priority);
  if (!priority || ticket.status === 'NEW' || ticket.status === 'REJECTED') return [];
  const times = { first_response: priority.first_response_ms, resolution: priority.resolution_ms };
  return promised.map((target) => {
    const end = endedAt(ticket, target);
    const run = runOf(ticket, target, end);
    return {
      target,
      warnAt: momentAfter(calendar, run, Math.round(times[target] * WARNING)),
      due: momentAfter(calendar, run, times[target]),
      endedAt: end,
    };
  });
}

/** Whether a promise is kept, may be yet, or is broken. */
function judge({ due, endedAt: end }: SlaPromise, now: number): SlaView['resolution'] {
  if (end !== undefined) return due === null || end <= due ? 'met' : 'breached';
  return due !== null && due <= now ? 'breached' : 'running';
}

/** The service level of a ticket at a moment, as staff see it. */
export function slaOf(ticket: Ticket, rules: SlaRules, now: number): SlaView | null {
  const [first, resolution] = promisesOf(ticket, rules);
  if (!first || !resolution) return null;
  return {
    first_response_due: first.due,
    resolution_due: resolution.due,
    paused: ticket.clock.paused_since !== null,
    first_response: judge(first, now),
    resolution: judge(resolution, now),
  };
}

/**
 * The same as lists find it: `due` where a promise is warned of, and by when the next one that is awaited
 * falls due.
 */
export function listedSla(
  ticket: Ticket,
  rules: SlaRules,
  now: number,
): { sla_state: SlaState | null; sla_due_at: number | null } {
  const promises = promisesOf(ticket, rules);
  const awaited = promises.filter((promise) => promise.endedAt === undefined);
  const dues = awaited.flatMap(({ due }) => (due === null ? [] : [due]));
  const sla_due_at = dues.length > 0 ? Math.min(...dues) : null;
  if (promises.some((promise) => judge(promise, now) === 'breached')) {
    return { sla_state: 'breached', sla_due_at };
  }
  const isWarned = awaited.some(({ warnAt }) => warnAt !== null && warnAt <= now);
  const state = awaited.length > 0 ? 'running' : null;
  return { sla_state: isWarned ? 'due' : state, sla_due_at };
}
