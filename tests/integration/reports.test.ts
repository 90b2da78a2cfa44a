import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { generateDesk } from '../../bench/generator/desk.ts';
import type {
  AgentsReportView,
  CountView,
  DashboardView,
  SlaReportView,
  TicketsReportView,
  TrendsView,
} from '../../src/contract/reports.ts';
import type { TicketView } from '../../src/contract/tickets.ts';
import type { Ticket } from '../../src/domain/log/entry.ts';
import { listPriorities } from '../../src/domain/priorities/priorities.ts';
import { startWorker } from '../../src/worker-role.ts';
import { type RunningApp, startApp } from '../support/app.ts';
import { quickLease } from '../support/bridge.ts';
import { eventually as within } from '../support/eventually.ts';
import { newPerson, type Person } from '../support/people.ts';
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
} from '../support/report-loops.ts';

/** The days are made anew beside everything else, on a busy machine some of them late. */
const eventually = <T>(check: () => T | Promise<T>) => within(check, { timeout: 60_000 });

const DAY = 24 * 3_600_000;
let one: RunningApp;
let two: RunningApp;
let root: Person;
let ana: Person;
let agent: Person;
let tickets: Ticket[];
const workers: { stop(): Promise<void> }[] = [];
beforeAll(async () => {
  one = await startApp();
  two = await startApp({ DB_NAME: one.ctx.config.dbName });
  root = newPerson(one.url, 'ADMIN');
  ana = newPerson(one.url, 'CUSTOMER');
  agent = newPerson(one.url, 'AGENT', { id: 'agent-1', username: 'Agent 1' });
  await generateDesk(one.ctx.db, { tickets: 600, messages: 1800, seed: 5 });
  await readTickets();
});
afterAll(async () => {
  for (const worker of workers) await worker.stop();
  await two.stopServer();
  await two.close();
  await one.stop();
});

async function readTickets() {
  tickets = await ticketsOfLog(one.ctx.db);
}
const read = async <T>(path: string, person = root) =>
  person.call<T & { as_of: number }>('GET', path);
const opened = (from: string, to: string) => openedIn(tickets, from, to);
const all = () => tickets.map(({ created_at }) => dayOf(created_at)).toSorted();
const wholeSpan = () => `from=${all()[0]}&to=${all().at(-1)}`;

/** How many tickets the address of a number lists, page by page. */
async function countListed(url: string, person: Person): Promise<number> {
  const { pathname, search } = new URL(url, one.url);
  const path = `${pathname.replace('/api/v1', '')}${search}`;
  const join = search ? '&' : '?';
  const answer = await person.call<TicketView[]>('GET', `${path}${join}page=1&limit=1`);
  expect(answer.status).toBe(200);
  return Number(answer.headers.get('x-total-count'));
}
async function expectFollowed(counts: CountView[], person = root) {
  for (const { count, tickets_url } of counts) {
    if (tickets_url === null) continue;
    expect({ tickets_url, count: await countListed(tickets_url, person) }).toEqual({
      tickets_url,
      count,
    });
  }
}

test('before a worker has made them it says so; killed while it does, another goes on', async () => {
  expect(await read('/statistics/dashboard')).toMatchObject({
    status: 503,
    body: { message: expect.stringContaining('worker') },
  });
  const first = startWorker(one.ctx, quickLease);
  await eventually(async () =>
    expect(await one.ctx.db.statistics.countDocuments()).toBeGreaterThan(0),
  );
  await first.stop();
  workers.push(startWorker(two.ctx));
  await eventually(async () => expect((await read('/statistics/dashboard')).status).toBe(200));
});

describe('against plain loops over the log', () => {
  test('the dashboard', async () => {
    const { body } = await read<DashboardView>('/statistics/dashboard');
    expect(body).toMatchObject({ scope: 'all', timezone: 'UTC' });
    expect(summaryIn(body)).toEqual(summaryOf(tickets));
    await expectFollowed([
      body.total,
      body.open,
      ...Object.values(body.by_status),
      ...Object.values(body.by_priority),
      ...Object.values(body.by_category),
      ...Object.values(body.by_channel),
    ]);
    const same = (await read<DashboardView>('/admin/dashboard')).body;
    expect({ ...same, as_of: 0, sla: 0 }).toEqual({ ...body, as_of: 0, sla: 0 });
  });

  test('the tickets of some days, and day by day', async () => {
    const [from, to] = [dayOf(Date.now() - 40 * DAY), dayOf(Date.now() - 10 * DAY)];
    const { body } = await read<TicketsReportView>(`/admin/reports/tickets?from=${from}&to=${to}`);
    const list = opened(from, to);
    expect(list.length).toBeGreaterThan(50);
    expect(summaryIn(body)).toEqual(summaryOf(list));
    expect(body.per_day).toHaveLength(31);
    expect(dayCountsIn(body)).toEqual(body.per_day.map(({ day }) => dayCountsOf(tickets, day)));
    await expectFollowed([
      body.total,
      body.open,
      ...Object.values(body.by_status),
      ...body.per_day.slice(0, 3).flatMap((each) => [each.new, each.closed]),
    ]);
  });

  test('the trends', async () => {
    const { body } = await read<TrendsView>('/statistics/trends?days=7');
    expect(body.days.map(({ day }) => day)).toEqual(
      [6, 5, 4, 3, 2, 1, 0].map((back) => dayOf(Date.now() - back * DAY)),
    );
    for (const { day, new: fresh } of body.days) expect(fresh.count).toBe(opened(day, day).length);
  });

  test('each of the staff', async () => {
    const { body } = await read<AgentsReportView>(`/admin/reports/agents?${wholeSpan()}`);
    expect(agentsIn(body.agents)).toEqual(agentsOf(tickets));
    await expectFollowed(body.agents.slice(0, 5).flatMap((each) => [each.handled, each.open]));
  });

  test('the times that priorities give', async () => {
    const priorities = await listPriorities(one.ctx);
    const { body } = await read<SlaReportView>(`/admin/reports/sla?${wholeSpan()}`);
    expect(levelsIn(body)).toEqual(levelsOf(tickets, priorities, Date.now()));
    expect(body.by_priority).toHaveLength(4);
    await expectFollowed(body.by_priority.map((row) => row.tickets));
  });

  test('one of the staff sees the own numbers, a customer none', async () => {
    const own = tickets.filter(({ assignee }) => assignee?.id === 'agent-1');
    const { body } = await read<DashboardView>('/statistics/dashboard', agent);
    expect(body.scope).toBe('own');
    expect(summaryIn(body)).toEqual(summaryOf(own));
    await expectFollowed([body.total, body.open, ...Object.values(body.by_status)], agent);
    const { agents } = (await read<AgentsReportView>(`/admin/reports/agents?${wholeSpan()}`, agent))
      .body;
    expect(agents.map(({ id }) => id)).toEqual(['agent-1']);
    for (const path of [
      '/statistics/dashboard',
      '/statistics/trends',
      '/admin/dashboard',
      '/admin/reports/tickets',
      '/admin/reports/agents',
      '/admin/reports/sla',
    ]) {
      expect((await read(path, ana)).status).toBe(403);
      expect((await read(path, agent)).status).toBe(200);
    }
  });
});

test('a change is counted seconds later, on the day it belongs to, and taken back with a reopening', async () => {
  const dashboard = async () => (await read<DashboardView>('/statistics/dashboard')).body;
  const today = async () => (await dashboard()).today;
  const rated = (await dashboard()).rating.count;
  const before = await today();
  const ticket = await ana.createTicket();
  await root.close(ticket.id);
  await ana.call('POST', `/tickets/${ticket.id}/rating`, { score: 4 });
  await eventually(async () =>
    expect(await today()).toEqual({ new: before.new + 1, closed: before.closed + 1 }),
  );
  await eventually(async () => expect((await dashboard()).rating.count).toBe(rated + 1));
  await root.call('POST', `/tickets/${ticket.id}/reopen`, {});
  await eventually(async () =>
    expect(await today()).toEqual({ new: before.new + 1, closed: before.closed }),
  );
  // Reopened on another day than it was closed on, that day forgets it.
  await root.close(ticket.id);
  const id = { number: ticket.number };
  const old = Date.now() - 3 * DAY;
  await one.ctx.db.tickets.collection.updateOne(id, { $set: { closed_at: old } });
  await one.ctx.db.entries.collection.updateOne(
    { 'ticket.number': ticket.number, 'changes.closed_at.1': { $ne: null } },
    { $set: { 'changes.closed_at.1': old } },
  );
  const ended = async () =>
    (await read<TrendsView>('/statistics/trends?days=4')).body.days[0]?.closed.count;
  const known = await ended();
  await root.call('POST', `/tickets/${ticket.id}/rating`, { score: 1 });
  await one.ctx.db.tickets.collection.updateOne(id, { $set: { updated_at: Date.now() } });
  await eventually(async () => expect(await ended()).toBe((known as number) + 1));
  await root.call('POST', `/tickets/${ticket.id}/reopen`, {});
  await eventually(async () => expect(await ended()).toBe(known));
});

test('as CSV: a line for each number, a name that looks like a formula is a text', async () => {
  const kim = newPerson(one.url, 'AGENT', { id: 'kim', username: '=HYPERLINK("x"), Kim' });
  const ticket = await ana.createTicket();
  await kim.call('POST', `/tickets/${ticket.id}/claim`);
  const csv = async (path: string) => {
    const answer = await fetch(`${one.url}/api/v1${path}`, {
      headers: { authorization: `Bearer ${root.token}` },
    });
    expect(answer.headers.get('content-type')).toBe('text/csv; charset=utf-8');
    return (await answer.text()).split('\r\n');
  };
  const [names, total] = await csv('/admin/dashboard?format=csv');
  expect(names).toBe('group,name,value,tickets_url');
  expect(total).toMatch(/^total,,\d+,\/api\/v1\/tickets$/);
  await eventually(async () =>
    expect((await csv('/admin/reports/agents?format=csv')).join('\n')).toContain(
      `,"'=HYPERLINK(""x""), Kim",1,1,`,
    ),
  );
  expect((await csv('/admin/reports/tickets?format=csv'))[0]).toBe(names);
  expect((await csv('/statistics/trends?days=3&format=csv')).length).toBe(5);
  expect((await csv('/admin/reports/sla?format=csv'))[0]).toMatch(/^priority,measure,/);
});

test.each([
  'from=2026-02-30',
  'from=x',
  'from=2026-02-02&to=2026-02-01',
  'from=2020-01-01&to=2026-02-01',
  'format=xml',
])('%s is refused', async (query) => {
  expect((await read(`/admin/reports/tickets?${query}`)).status).toBe(400);
  expect((await read('/statistics/trends?days=367')).status).toBe(400);
  expect((await read('/statistics/trends?days=0')).status).toBe(400);
});

// The last one: it leaves the days as they are in that zone.
test('with a calendar the days are those of its zone', async () => {
  const week = { mon: [['09:00', '17:00']], tue: [], wed: [], thu: [], fri: [], sat: [], sun: [] };
  const calendar = { timezone: 'Pacific/Auckland', weekly: week, holidays: [] };
  expect((await root.call('PUT', '/settings/calendar', calendar)).status).toBe(200);
  const inZone = (at: number) =>
    new Intl.DateTimeFormat('en-CA', { timeZone: calendar.timezone }).format(at);
  await readTickets();
  await eventually(async () => {
    const { status, body } = await read<TicketsReportView>(`/admin/reports/tickets?${wholeSpan()}`);
    expect({ status, timezone: body.timezone }).toEqual({
      status: 200,
      timezone: calendar.timezone,
    });
  });
  const { body } = await read<TicketsReportView>(`/admin/reports/tickets?${wholeSpan()}`);
  for (const { day, new: fresh } of body.per_day) {
    expect(fresh.count).toBe(tickets.filter((each) => inZone(each.created_at) === day).length);
  }
  await expectFollowed(body.per_day.slice(0, 2).map((each) => each.new));
});
