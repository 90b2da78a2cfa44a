import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { createDeskClient, type DeskClient } from '../../client/client.ts';
import { createDesk } from '../../client/desk.ts';
import { createMemoryStorage } from '../../client/storage.ts';
import { type RunningApp, startApp } from '../support/app.ts';
import { eventually } from '../support/eventually.ts';
import { mintToken, newPerson } from '../support/people.ts';

let app: RunningApp;
let people = 0;
const clients: DeskClient[] = [];

beforeAll(async () => {
  app = await startApp();
});
afterEach(() => {
  for (const client of clients.splice(0)) client.close();
});
afterAll(() => app.stop());

function openCustomer(id = `customer-${++people}`, storage = createMemoryStorage()): DeskClient {
  const token = mintToken({ id, username: 'Ana' });
  const client = createDeskClient({ url: app.url, getToken: () => token, storage });
  clients.push(client);
  return client;
}

function openDesk(role: 'AGENT' | 'ADMIN' = 'AGENT', id = `${role}-${++people}`) {
  const token = mintToken({ id, username: id, role });
  return { id, ...createDesk({ url: app.url, getToken: () => token }) };
}

const create = (client: DeskClient, more: object = {}) =>
  client.tickets.create({ topic: 'A parcel', description: 'It has not come.', ...more });

describe('a customer', () => {
  test('opens a ticket with a context, through the storage too, names it anew and reads what has become of it', async () => {
    const { tickets } = openCustomer();
    const context = { page: 'https://shop.example.com/cart', plan: 'Gold' };
    const { id } = await tickets.create({ topic: 'A parcel', description: 'x', context });
    expect(await tickets.get(id)).toMatchObject({ context });
    await tickets.update(id, { topic: 'Two parcels' });
    const { changes } = await tickets.history(id, { limit: 5 });
    expect(changes.at(-1)?.changes).toEqual([
      { field: 'topic', from: 'A parcel', to: 'Two parcels' },
    ]);
    await expect(tickets.update(id, { priority: 'URGENT' })).rejects.toMatchObject({
      code: 'FORBIDDEN',
    });

    const client = openCustomer();
    client.connect();
    const { created } = client.startTicket('A stored one', 'x', { context, category: 'BILLING' });
    expect(await client.tickets.get(await created)).toMatchObject({ context, category: 'BILLING' });
  });

  test('hears that a ticket is deleted, and what shows it says so', async () => {
    const storage = createMemoryStorage();
    const client = openCustomer(undefined, storage);
    client.connect();
    const { id } = await create(client);
    const shown = client.openTicket(id);
    await shown.ready();
    const heard: string[] = [];
    client.on('ticket_deleted', ({ ticket_id }) => heard.push(ticket_id));
    await newPerson(app.url, 'ADMIN').call('DELETE', `/tickets/${id}`);
    await eventually(() => expect(heard).toEqual([id]));
    expect(shown.refusal).toMatchObject({ code: 'NOT_FOUND' });
    expect(await client.tickets.list()).toEqual([]);
    // Nobody is to ask for it again.
    shown.release();
    await eventually(async () => expect(await storage.keys('cursor/')).toEqual([]));
  });

  test('closes later and keeps open, which every client of theirs hears and a ticket that is open shows', async () => {
    const client = openCustomer('two-tabs');
    const other = openCustomer('two-tabs');
    const heard: unknown[] = [];
    other.on('ticket_closing', ({ ticket_id, due_at }) => heard.push([ticket_id, due_at]));
    for (const one of [client, other]) one.connect();
    const { id } = await create(client);
    const shown = other.openTicket(id);
    await shown.ready();
    const { closing_due_at } = await client.tickets.closeLater(id, { in_ms: 60_000 });
    await eventually(() => expect(shown.ticket).toMatchObject({ closing_due_at }));
    // What the log tells afterwards does not say it, and does not take it back.
    await client.tickets.update(id, { topic: 'Another topic' });
    await eventually(() => expect(shown.ticket?.topic).toBe('Another topic'));
    expect(shown.ticket).toMatchObject({ closing_due_at });
    expect(await client.tickets.keepOpen(id)).toMatchObject({ closing_due_at: null });
    await eventually(() => expect(shown.ticket).toMatchObject({ closing_due_at: null }));
    expect(heard).toEqual([
      [id, closing_due_at],
      [id, null],
    ]);
  });

  test('answers a close request, rates, reopens until it says, and withdraws', async () => {
    const customer = openCustomer();
    const { tickets } = customer;
    const desk = openDesk();
    const { id, reopen_until } = await create(customer);
    expect(reopen_until).toBeNull();
    await expect(tickets.answerCloseRequest(id, { close: true })).rejects.toMatchObject({
      code: 'CONFLICT',
    });
    await desk.tickets.requestClosing(id, { comment: 'It should be there.' });
    expect(await tickets.answerCloseRequest(id, { close: false })).toMatchObject({
      close_request: null,
    });
    await desk.tickets.requestClosing(id);
    const closed = await tickets.answerCloseRequest(id, { close: true });
    expect(closed.reopen_until).toBe((closed.closed_at ?? 0) + 7 * 24 * 3_600_000);
    expect(await tickets.rate(id, { score: 4, comment: 'quick' })).toMatchObject({
      rating: { score: 4, comment: 'quick' },
    });
    expect(await tickets.reopen(id)).toMatchObject({ status: 'REOPENED', reopen_until: null });
    expect(await tickets.withdraw(id, { comment: 'found it' })).toMatchObject({
      status: 'WITHDRAWN',
      reopen_until: null,
    });
  });

  test('asks who is there', async () => {
    expect(await openCustomer().availability()).toMatchObject({ open: true, hours: null });
  });
});

describe('staff', () => {
  test('of two who claim at once one has it; it is given back, given on, moved on, snoozed and told of in the history', async () => {
    const { id } = await create(openCustomer());
    const [kim, lee] = [openDesk(), openDesk()];
    const claims = await Promise.allSettled([kim.tickets.claim(id), lee.tickets.claim(id)]);
    expect(claims.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    const holder = claims[0]?.status === 'fulfilled' ? kim : lee;
    await holder.tickets.unclaim(id);
    const boss = openDesk('ADMIN');
    expect(await boss.tickets.assign(id, { assigned_to: lee.id })).toMatchObject({
      assigned_to: lee.id,
    });
    expect(await lee.tickets.setPriority(id, { priority: 'URGENT' })).toMatchObject({
      issue_level: 'CRITICAL',
    });
    const changed = { category: 'BILLING', tags: ['refund'] };
    expect(await lee.tickets.update(id, changed)).toMatchObject(changed);
    expect(await lee.tickets.setStatus(id, { status: 'WAITING' })).toMatchObject({
      status: 'WAITING',
    });
    const until = Date.now() + 3_600_000;
    expect(await lee.tickets.snooze(id, { until })).toMatchObject({ snoozed_until: until });
    expect(await lee.tickets.snooze(id, { until: null })).toMatchObject({ snoozed_until: null });
    await lee.tickets.addComment(id, { content: 'for us alone', internal: true });
    expect(await lee.tickets.comments(id)).toMatchObject([{ content: 'for us alone' }]);
    const { changes } = await lee.tickets.history(id);
    expect(changes.map(({ action }) => action)).toEqual(
      expect.arrayContaining(['claimed', 'unclaimed', 'assigned']),
    );
    expect(await lee.tickets.close(id, { reason: 'done' })).toMatchObject({ status: 'CLOSED' });
    expect(await lee.tickets.reopen(id)).toMatchObject({ status: 'REOPENED' });
  });

  test('lists go by filters, by pages with a total, and on from where one has ended', async () => {
    const user_id = 'with-three';
    const customer = openCustomer(user_id);
    for (const topic of ['first', 'second', 'third']) await create(customer, { topic });
    const { tickets } = openDesk('ADMIN');
    expect(await tickets.list({ user_id, page: 1, limit: 2 })).toMatchObject({
      rows: [{ topic: 'third' }, { topic: 'second' }],
      total: 3,
    });
    const page = await tickets.list({ user_id, limit: 2 });
    expect(page.next).toBeDefined();
    const rest = await tickets.list({ user_id, limit: 2, before: page.next as string });
    expect(rest).toEqual({ rows: [expect.objectContaining({ topic: 'first' })], total: 1 });
    for (const list of [tickets.listNew, tickets.listOpen]) {
      expect((await list({ user_id })).rows).toHaveLength(3);
    }
    expect((await tickets.listMine()).rows).toEqual([]);
    await expect(tickets.list({ q: '' })).rejects.toMatchObject({ code: 'BAD_REQUEST' });
    await expect(tickets.get('000000000000000000000000')).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
  });

  test('ADMIN lets tickets in, and keeps categories and priorities', async () => {
    const boss = openDesk('ADMIN');
    const { id } = await boss.categories.create({ name: 'Plants' });
    await boss.categories.change(id, { name: 'Ferns' });
    expect((await boss.categories.list()).map(({ name }) => name)).toContain('FERNS');
    await boss.categories.remove(id);
    expect((await boss.priorities.list()).map(({ name }) => name)).toContain('MEDIUM');
    const ticket = await create(openCustomer());
    await expect(boss.tickets.approve(ticket.id, {})).rejects.toMatchObject({ code: 'CONFLICT' });
  });
});
