import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createDesk, type Desk } from '../../client/desk.ts';
import { startWorker } from '../../src/worker-role.ts';
import { type RunningApp, startApp } from '../support/app.ts';
import { eventually } from '../support/eventually.ts';
import { mintToken, newPerson } from '../support/people.ts';

let app: RunningApp;
let desk: Desk;
beforeAll(async () => {
  app = await startApp();
  const token = mintToken({ id: 'boss', username: 'Boss', role: 'ADMIN' });
  desk = createDesk({ url: `${app.url}/`, getToken: () => token });
});
afterAll(() => app.stop());

test('customers and packages', async () => {
  const { customers, packages } = desk;
  const one = await customers.create({ first_name: 'Ana', last_name: 'One' });
  await customers.change(one.id, { city: 'Rome' });
  const gold = await packages.create({ name: 'Gold', price: 10, features: ['all'] });
  await packages.change(gold.id, { price: 12 });
  const given = await customers.assignPackage(one.id, { package_id: gold.id });
  expect(await customers.packages(one.id)).toEqual([given]);
  await customers.removePackage(one.id, given.id);
  const replaced = await customers.replace(one.id, { first_name: 'Ana', last_name: 'Two' });
  expect(await customers.list({ search: 'two', limit: 5 })).toEqual({ rows: [replaced], total: 1 });
  expect(await packages.replace(gold.id, { name: 'Gold', price: 9 })).toMatchObject({ price: 9 });
  expect(await packages.list()).toMatchObject({ total: 1 });
  await packages.remove(gold.id);
  await customers.remove(one.id);
  await expect(customers.get(one.id)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await expect(packages.get(gold.id)).rejects.toMatchObject({ code: 'NOT_FOUND' });
});

test('canned replies, agents and blocks', async () => {
  const { cannedReplies, agents, blocks } = desk;
  const ana = newPerson(app.url, 'CUSTOMER', { username: 'Ana' });
  const ticket = await ana.createTicket();
  const { id } = await cannedReplies.create({ name: 'Hi', text: 'Hi {customer}' });
  await cannedReplies.change(id, { text: 'Hello {customer}' });
  expect(await cannedReplies.get(id, ticket.id)).toMatchObject({ filled: 'Hello Ana' });
  expect(await cannedReplies.list({ q: 'h' })).toMatchObject({ rows: [{ id }], total: 1 });
  await cannedReplies.remove(id);

  const me = await agents.change({ skills: ['MANAGER'], name: 'The boss' });
  expect(await agents.list()).toMatchObject({ rows: [me] });
  expect(await agents.tickets('me', { status: 'open' })).toEqual([]);
  expect((await agents.createLinkCode()).code).toHaveLength(8);
  await expect(agents.removeLink()).rejects.toMatchObject({ code: 'NOT_FOUND' });

  const block = await blocks.create({ user_id: ana.id, reason: 'spam', expires_at: null });
  expect(await blocks.list()).toEqual({ rows: [block], total: 1 });
  expect((await ana.send(ticket.id, 'x')).status).toBe(403);
  await blocks.remove(block.id);
});

test('availability and calendar', async () => {
  const { availability } = desk;
  const weekly = { mon: [['09:00', '17:00'] as [string, string]] };
  const closed = { tue: [], wed: [], thu: [], fri: [], sat: [], sun: [] };
  const calendar = { timezone: 'UTC', weekly: { ...weekly, ...closed }, holidays: [] };
  expect(await availability.setCalendar(calendar)).toEqual(calendar);
  expect(await availability.getCalendar()).toEqual(calendar);
  expect(await availability.get()).toMatchObject({ timezone: 'UTC' });
  await availability.removeCalendar();
  expect(await availability.getCalendar()).toBeNull();
  const digest = await availability.setDigest({ at: 'fri 16:00' });
  expect(digest).toMatchObject({ at: 'fri 16:00', is_default: false });
  await expect(availability.setDigest({ at: 'fri 25:00' })).rejects.toMatchObject({
    code: 'BAD_REQUEST',
  });
  expect(await availability.getDigest()).toEqual(digest);
  await availability.removeDigest();
  expect(await availability.getDigest()).toMatchObject({ at: 'mon 09:00', is_default: true });
});

test('closings and reports', async () => {
  const { tickets, reports } = desk;
  const ana = newPerson(app.url, 'CUSTOMER');
  const ticket = await ana.createTicket();
  const { closing_due_at } = await tickets.closeLater(ticket.id, {
    in_ms: 3_600_000,
    reason: 'done',
  });
  expect(closing_due_at).toEqual(expect.any(Number));
  expect(await tickets.keepOpen(ticket.id)).toMatchObject({ closing_due_at: null });
  expect(await tickets.requestClosing(ticket.id)).toMatchObject({
    close_request: { by_name: 'Boss' },
  });
  const worker = startWorker(app.ctx);
  try {
    await eventually(async () =>
      expect(await reports.dashboard()).toMatchObject({ scope: 'all', open: { count: 2 } }),
    );
    const today = new Date().toISOString().slice(0, 10);
    expect((await reports.trends(2)).days).toHaveLength(2);
    expect(await reports.tickets({ from: today, to: today })).toMatchObject({
      total: { count: 2 },
    });
    expect((await reports.agents()).agents).toEqual([]);
    expect((await reports.sla()).by_priority).toMatchObject([{ priority: 'MEDIUM' }]);
  } finally {
    await worker.stop();
  }
});
