import { describe, expect, test } from '@jest/globals';
import { type Calendar, calendar as calendarSchema } from '../../src/contract/calendar.ts';
import type { TicketStatus } from '../../src/contract/ticket-words.ts';
import type { Ticket } from '../../src/domain/log/entry.ts';
import { listedSla, promised, slaOf } from '../../src/domain/sla/service-level.ts';
import { afterStep, ESCALATE_AFTER_MS, keyOf, nextStep } from '../../src/domain/sla/steps.ts';
import { elapsed, enterStatus, MAX_PAUSES } from '../../src/domain/tickets/service-clock.ts';
import { isOpen, movesFrom } from '../../src/domain/tickets/workflow.ts';
import { newTicketFields } from '../../src/models/ticket.ts';
import { seededRandom } from '../support/random.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const at = (text: string) => Date.parse(text);

const berlin: Calendar = calendarSchema.parse({
  timezone: 'Europe/Berlin',
  weekly: {
    mon: [
      ['09:00', '12:00'],
      ['13:00', '17:30'],
    ],
    tue: [['08:15', '18:00']],
    wed: [['09:00', '17:00']],
    thu: [['09:00', '20:00']],
    fri: [['09:00', '15:00']],
    sat: [],
    // Over the hour that the clock leaves out on 29 March.
    sun: [['01:30', '03:30']],
  },
  holidays: ['2026-04-03', '2026-04-06', '2026-05-01'],
});

const priority = (name: string, first: number, resolution: number) => ({
  id: name,
  name,
  rank: 0,
  issue_level: 'NORMAL' as const,
  first_response_ms: first * HOUR,
  resolution_ms: resolution * HOUR,
  archived: false,
});
const priorities = [priority('URGENT', 2, 24), priority('HIGH', 4, 48), priority('MEDIUM', 8, 120)];
const rules = (calendar: Calendar | undefined) => ({ priorities, calendar });
const aroundTheClock = rules(undefined);

function newTicket(created_at: number, more: Partial<Ticket> = {}): Ticket {
  const described = {
    issue_level: 'NORMAL',
    status: 'OPEN',
    status_seq: 0,
    closed_at: null,
  } as const;
  return {
    ...newTicketFields({ ...described, created_at }),
    ...described,
    id: 'f'.repeat(24),
    owner: 'ana',
    created_at,
    updated_at: created_at,
    support_role: 'GENERAL',
    ...more,
  } as Ticket;
}

const move = (ticket: Ticket, status: TicketStatus, when: number): Ticket => ({
  ...ticket,
  ...enterStatus(ticket, status, when),
});

/** Says all that is due up to a moment, each at its own time or else at once. */
function playUpTo(ticket: Ticket, now: number, by = aroundTheClock) {
  const said: [kind: string, what: string, at: number][] = [];
  let current = ticket;
  for (let step = nextStep(current, by); step && step.at <= now; step = nextStep(current, by)) {
    said.push([step.kind, 'target' in step ? step.target : step.role, step.at]);
    current = { ...current, ...afterStep(current, step, step.at) };
  }
  return { ticket: current, said };
}

/** One thing that happens to a ticket, at a minute. */
interface Happening {
  minute: number;
  status?: TicketStatus;
  answered?: true;
  priority?: string;
}

/** What becomes of a ticket, at random and by the table of statuses. */
function writeScript(random: () => number, created: number, last: number): Happening[] {
  const script: Happening[] = [];
  let status: TicketStatus = random() < 0.2 ? 'NEW' : 'OPEN';
  script.push({ minute: created, status });
  for (let minute = created; ; ) {
    minute += Math.ceil(random() ** 3 * 6000);
    if (minute >= last || script.length > 25) return script;
    const dice = random();
    if (dice < 0.15) script.push({ minute, answered: true });
    else if (dice < 0.25) {
      script.push({ minute, priority: priorities[Math.floor(random() * 3)]?.name as string });
    } else {
      const moves: TicketStatus[] = movesFrom(status).filter(
        (to) => to !== 'WITHDRAWN' || random() < 0.2,
      );
      const to: TicketStatus | undefined = moves[Math.floor(random() * moves.length)];
      if (!to) return script;
      status = to;
      script.push({ minute, status });
    }
  }
}

/** Asks the time zone what its clock says, minute by minute, and the calendar's text whether that is open. */
function openMinutes(calendar: Calendar | undefined, from: number, count: number): boolean[] {
  if (!calendar) return Array.from({ length: count }, () => true);
  const { timezone: timeZone, weekly, holidays } = calendar;
  const format = new Intl.DateTimeFormat('sv-SE', {
    timeZone,
    dateStyle: 'short',
    timeStyle: 'short',
  });
  return Array.from({ length: count }, (_, nth) => {
    const [date = '', clock = ''] = format.format(from + nth * MINUTE).split(' ');
    if (holidays.includes(date)) return false;
    const days = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const;
    const day = days[new Date(`${date}T00:00:00Z`).getUTCDay()] as (typeof days)[number];
    return weekly[day].some(([start, end]) => start <= clock && clock < end);
  });
}

/**
 * What is to be said of a ticket, and when, counted by hand: minute after minute is added up while it runs.
 * Nothing of the program is used but its names.
 */
function countByHand(script: readonly Happening[], open: readonly boolean[], start: string) {
  const said: string[] = [];
  const hours = { URGENT: [2, 24], HIGH: [4, 48], MEDIUM: [8, 120] } as Record<string, number[]>;
  const worked = { first_response: 0, resolution: 0 };
  let told = { first_response: 0, resolution: 0 };
  const awaited = { first_response: true, resolution: true };
  let status: TicketStatus = 'NEW';
  let name = start;
  const happenings = [...script];
  for (let minute = script[0]?.minute ?? 0; minute < open.length; minute++) {
    while (happenings[0]?.minute === minute) {
      const next = happenings.shift() as Happening;
      name = next.priority ?? name;
      const isOver = ['CLOSED', 'REJECTED', 'WITHDRAWN'].includes(status);
      if (next.answered && !isOver) awaited.first_response = false;
      if (!next.status) continue;
      const begins = next.status === 'REOPENED' || (status === 'NEW' && next.status === 'OPEN');
      if (begins) {
        worked.resolution = 0;
        awaited.resolution = true;
        told = { ...told, resolution: 0 };
        if (next.status === 'REOPENED' && answeredBefore(script, minute))
          awaited.first_response = false;
        else {
          worked.first_response = 0;
          told.first_response = 0;
          awaited.first_response = !answeredBefore(script, minute);
        }
      }
      status = next.status;
      if (['RESOLVED', 'CLOSED', 'WITHDRAWN'].includes(status)) {
        awaited.resolution = false;
        awaited.first_response = false;
      }
    }
    if (status === 'REJECTED') break;
    if (status === 'NEW') continue;
    const left = promised.filter((target) => awaited[target] && told[target] < 2);
    if (left.length === 0 && happenings.length === 0) break;
    for (const target of left) {
      const budget = (hours[name]?.[promised.indexOf(target)] ?? 0) * 60;
      if (told[target] === 0 && worked[target] >= budget * 0.8) {
        told[target] = 1;
        said.push(`${minute} sla_warning ${target}`);
      }
      if (told[target] === 1 && worked[target] >= budget) {
        told[target] = 2;
        said.push(`${minute} sla_breach ${target}`);
      }
    }
    if (!open[minute] || status === 'WAITING') continue;
    worked.first_response++;
    worked.resolution++;
  }
  return said.sort();
}

/** Answers to what has ended are none. */
function answeredBefore(script: readonly Happening[], minute: number): boolean {
  let isOver = false;
  for (const { minute: when, status, answered } of script) {
    if (when > minute) break;
    if (answered && !isOver) return true;
    if (status) isOver = ['CLOSED', 'REJECTED', 'WITHDRAWN'].includes(status);
  }
  return false;
}

describe('a fast clock plays three months', () => {
  const from = at('2026-02-20T00:00:00Z');
  const minutes = 91 * 24 * 60;

  test.each([
    ['working hours, holidays and a change of the clock', berlin, 2000],
    ['around the clock', undefined, 400],
  ] as const)(
    '%s: every warning and breach comes when counting by hand says',
    (_, calendar, count) => {
      const by = rules(calendar);
      const random = seededRandom(20260220);
      const open = openMinutes(calendar, from, minutes);
      const scripts = Array.from({ length: count }, () =>
        writeScript(random, Math.floor(random() * minutes * 0.9), minutes),
      );
      const tickets: Ticket[] = [];
      const said = scripts.map((): string[] => []);
      /** What is due, by the minute: as the schedule keeps it. */
      const due = new Map<number, Set<number>>();
      const planAt = (minute: number, nth: number) =>
        due.set(minute, (due.get(minute) ?? new Set()).add(nth));
      const happen = new Map<number, [nth: number, happening: Happening][]>();
      for (const [nth, script] of scripts.entries()) {
        for (const each of script) {
          happen.set(each.minute, [...(happen.get(each.minute) ?? []), [nth, each]]);
        }
      }
      const plan = (nth: number, now: number) => {
        const step = nextStep(tickets[nth] as Ticket, by);
        if (step) planAt(Math.max(now, Math.ceil((step.at - from) / MINUTE)), nth);
      };
      for (let minute = 0; minute < minutes; minute++) {
        const now = from + minute * MINUTE;
        for (const [nth, { status, answered, priority: name }] of happen.get(minute) ?? []) {
          const before = tickets[nth];
          if (!before) tickets[nth] = newTicket(now, { status: status as TicketStatus });
          else if (status) tickets[nth] = move(before, status, now);
          else if (name) tickets[nth] = { ...before, priority: name };
          else if (answered && isOpen(before) && before.first_response_at === null) {
            const response_time = elapsed(before.clock, now);
            tickets[nth] = { ...before, first_response_at: now, response_time };
          }
          plan(nth, minute);
        }
        for (const nth of due.get(minute) ?? []) {
          for (;;) {
            const ticket = tickets[nth] as Ticket;
            const step = nextStep(ticket, by);
            if (!step || step.at > now) break;
            if ('target' in step) said[nth]?.push(`${minute} ${step.kind} ${step.target}`);
            tickets[nth] = { ...ticket, ...afterStep(ticket, step, now) };
          }
          plan(nth, minute);
        }
        due.delete(minute);
      }
      const wanted = scripts.map((script) => countByHand(script, open, 'MEDIUM'));
      expect(wanted.flat().length).toBeGreaterThan(count / 4);
      for (const [nth, script] of scripts.entries()) {
        expect({ script, said: said[nth]?.toSorted() }).toEqual({ script, said: wanted[nth] });
      }
    },
    120_000,
  );
});

describe('the service level of a ticket', () => {
  const begun = at('2026-03-02T08:00:00Z');

  test('runs, is met, is broken; a pause takes it off the clock, and while it lasts nothing is due', () => {
    let ticket = newTicket(begun);
    expect(slaOf(ticket, aroundTheClock, begun)).toEqual({
      first_response_due: begun + 8 * HOUR,
      resolution_due: begun + 120 * HOUR,
      paused: false,
      first_response: 'running',
      resolution: 'running',
    });
    ticket = { ...ticket, first_response_at: begun + 9 * HOUR };
    ticket = move(move(ticket, 'IN_PROGRESS', begun + 9 * HOUR), 'WAITING', begun + 10 * HOUR);
    expect(slaOf(ticket, aroundTheClock, begun + 500 * HOUR)).toEqual({
      first_response_due: begun + 8 * HOUR,
      resolution_due: null,
      paused: true,
      first_response: 'breached',
      resolution: 'running',
    });
    ticket = move(ticket, 'IN_PROGRESS', begun + 20 * HOUR);
    expect(slaOf(ticket, aroundTheClock, begun)?.resolution_due).toBe(begun + 130 * HOUR);
    const resolved = move(ticket, 'RESOLVED', begun + 130 * HOUR);
    expect(slaOf(resolved, aroundTheClock, begun + 999 * HOUR)?.resolution).toBe('met');
    const late = move(ticket, 'RESOLVED', begun + 130 * HOUR + 1);
    expect(slaOf(late, aroundTheClock, begun + 999 * HOUR)?.resolution).toBe('breached');
  });

  test('a pause is taken off in working time: a night of waiting costs and gives nothing', () => {
    const evening = at('2026-03-04T15:30:00Z');
    const morning = at('2026-03-05T08:00:00Z');
    let ticket = newTicket(at('2026-03-04T08:00:00Z'), { priority: 'URGENT' });
    const before = slaOf(ticket, rules(berlin), evening)?.resolution_due;
    ticket = move(move(ticket, 'IN_PROGRESS', evening), 'WAITING', evening + 30 * MINUTE);
    ticket = move(ticket, 'IN_PROGRESS', morning);
    expect(slaOf(ticket, rules(berlin), morning)?.resolution_due).toBe(before);
  });

  test('begins with the approval; a rejected ticket has none', () => {
    const ticket = newTicket(begun, { status: 'NEW' });
    expect(slaOf(ticket, aroundTheClock, begun)).toBeNull();
    expect(nextStep(ticket, aroundTheClock)).toBeUndefined();
    const approved = move(ticket, 'OPEN', begun + 50 * HOUR);
    expect(slaOf(approved, aroundTheClock, begun)?.first_response_due).toBe(begun + 58 * HOUR);
    expect(slaOf(move(ticket, 'REJECTED', begun), aroundTheClock, begun)).toBeNull();
  });

  test('reopening begins the resolution anew, and leaves the first response as it was', () => {
    let ticket = newTicket(begun, { first_response_at: begun + 9 * HOUR });
    ticket = move(move(ticket, 'CLOSED', begun + 200 * HOUR), 'REOPENED', begun + 300 * HOUR);
    expect(slaOf(ticket, aroundTheClock, begun + 301 * HOUR)).toMatchObject({
      first_response_due: begun + 8 * HOUR,
      first_response: 'breached',
      resolution_due: begun + 420 * HOUR,
      resolution: 'running',
    });
    const again = move(move(ticket, 'CLOSED', begun + 301 * HOUR), 'REOPENED', begun + 302 * HOUR);
    expect(slaOf(again, aroundTheClock, begun)?.first_response).toBe('breached');
    const { said } = playUpTo(again, begun + 9999 * HOUR);
    expect(said.slice(0, 2)).toEqual([
      ['sla_warning', 'resolution', begun + 398 * HOUR],
      ['sla_breach', 'resolution', begun + 422 * HOUR],
    ]);
  });

  test('a ticket that was closed without an answer, and reopened, is answered by the new clock', () => {
    const closed = move(newTicket(begun), 'CLOSED', begun + HOUR);
    expect(slaOf(closed, aroundTheClock, begun + 99 * HOUR)?.first_response).toBe('met');
    const ticket = move(closed, 'REOPENED', begun + 100 * HOUR);
    expect(slaOf(ticket, aroundTheClock, begun)?.first_response_due).toBe(begun + 108 * HOUR);
  });

  test('the clock remembers a bounded number of pauses, and what is joined is to the staff’s favour', () => {
    let ticket = move(newTicket(begun), 'IN_PROGRESS', begun);
    for (let nth = 0; nth < 3 * MAX_PAUSES; nth++) {
      const stops = begun + nth * 4 * MINUTE;
      ticket = move(ticket, 'WAITING', stops + MINUTE);
      ticket = move(ticket, 'IN_PROGRESS', stops + 2 * MINUTE);
    }
    expect(ticket.clock.pauses).toHaveLength(MAX_PAUSES);
    expect(ticket.clock.paused).toBe(3 * MAX_PAUSES * MINUTE);
    const due = slaOf(ticket, aroundTheClock, begun)?.resolution_due ?? 0;
    expect(due).toBeGreaterThanOrEqual(begun + 120 * HOUR + ticket.clock.paused);
    expect(due).toBeLessThanOrEqual(begun + 120 * HOUR + 3 * MAX_PAUSES * 4 * MINUTE);
  });

  test('a breach escalates to the next role, and each hour to the one after it until it is acknowledged', () => {
    const { ticket, said } = playUpTo(newTicket(begun), begun + 100 * HOUR);
    const breach = begun + 8 * HOUR;
    expect(said).toEqual([
      ['sla_warning', 'first_response', begun + 6.4 * HOUR],
      ['sla_breach', 'first_response', breach],
      ['sla_escalation', 'MANAGER', breach + ESCALATE_AFTER_MS],
      ['sla_escalation', 'ADMIN', breach + 2 * ESCALATE_AFTER_MS],
      ['sla_warning', 'resolution', begun + 96 * HOUR],
    ]);
    expect(ticket.escalation).toBe('ADMIN');
    const known = playUpTo(newTicket(begun), breach).ticket;
    expect(known).toMatchObject({ escalation: 'TECHNICAL', escalated_at: breach });
    const seen = { ...known, escalation: null, escalated_at: null };
    expect(nextStep(seen, aroundTheClock)).toMatchObject({ kind: 'sla_warning' });
    // Answered or waiting for the customer, nobody need be called.
    const answered = { ...known, first_response_at: breach + 1 };
    expect(nextStep(answered, aroundTheClock)?.kind).toBe('sla_warning');
    const waits = move(move(known, 'IN_PROGRESS', breach + 1), 'WAITING', breach + 2);
    expect(nextStep(waits, aroundTheClock)).toBeUndefined();
  });

  test('each step has a key of its own for each run of the clock', () => {
    const ticket = newTicket(begun);
    const step = nextStep(ticket, aroundTheClock);
    expect(step && keyOf(step, ticket)).toBe(`sla-warning-first_response@${begun}`);
  });

  test('lists find a ticket by whether a promise is broken, warned of, or neither', () => {
    const listed = (hours: number, ticket = newTicket(begun)) =>
      Object.values(listedSla(ticket, aroundTheClock, begun + hours * HOUR));
    expect(listed(1)).toEqual(['running', begun + 8 * HOUR]);
    expect(listed(7)).toEqual(['due', begun + 8 * HOUR]);
    expect(listed(8)).toEqual(['breached', begun + 8 * HOUR]);
    const answered = { ...newTicket(begun), first_response_at: begun + HOUR };
    expect(listed(8, answered)).toEqual(['running', begun + 120 * HOUR]);
    expect(listed(8, move(answered, 'CLOSED', begun + HOUR))).toEqual([null, null]);
    expect(listed(8, newTicket(begun, { status: 'NEW' }))).toEqual([null, null]);
  });
});
