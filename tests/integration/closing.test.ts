import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { ErrorBody } from '../../src/contract/errors.ts';
import type { TicketView } from '../../src/contract/tickets.ts';
import { startWorker } from '../../src/worker-role.ts';
import { type RunningApp, startApp } from '../support/app.ts';
import { eventually } from '../support/eventually.ts';
import { type Listener, listenAt, newPerson, type Person } from '../support/people.ts';
import { expectSoundLog } from '../support/sound-log.ts';

const FAR = 3_600_000;
let one: RunningApp;
let two: RunningApp;
let kim: Person;
let ana: Person;
const open: { stop(): Promise<void> }[] = [];
const sockets: Listener[] = [];
beforeAll(async () => {
  one = await startApp({ SWEEP_INTERVAL_MS: '200' });
  two = await startApp({ DB_NAME: one.ctx.config.dbName, SWEEP_INTERVAL_MS: '200' });
});
afterEach(async () => {
  for (const { socket } of sockets.splice(0)) socket.close();
  for (const each of open.splice(0)) await each.stop();
  await one.ctx.db.due.collection.deleteMany({});
});
afterAll(async () => {
  await two.stopServer();
  await two.close();
  await one.stop();
});

async function begin(): Promise<TicketView> {
  kim = newPerson(one.url, 'AGENT', { username: 'Kim' });
  ana = newPerson(one.url, 'CUSTOMER', { username: 'Ana' });
  return ana.createTicket();
}
const work = (app = one) => {
  const worker = startWorker(app.ctx);
  open.push(worker);
  return worker;
};
const later = (person: Person, { id }: { id: string }, body: object = { in_ms: FAR }) =>
  person.call<TicketView & ErrorBody>('POST', `/tickets/${id}/closing`, body);
const undo = (person: Person, { id }: { id: string }) =>
  person.call<TicketView>('DELETE', `/tickets/${id}/closing`);
const ask = (person: Person, { id }: { id: string }, body: object = {}) =>
  person.call<TicketView>('POST', `/tickets/${id}/close-request`, body);
const answer = (person: Person, { id }: { id: string }, close: boolean) =>
  person.call<TicketView>('POST', `/tickets/${id}/close-request/answer`, { close });
const read = async (person: Person, { id }: { id: string }) =>
  (await person.call<TicketView>('GET', `/tickets/${id}`)).body;
const dueRows = () => one.ctx.db.due.collection.find({ kind: 'close-ticket' }).toArray();
const status = (person: Person, { id }: { id: string }, to: string) =>
  person.call<TicketView>('PUT', `/tickets/${id}/status`, { status: to });
async function listen(person: Person, url = one.url) {
  const listener = listenAt(url);
  sockets.push(listener);
  await listener.ask('authorize', { token: person.token });
  return listener;
}

describe('a closing that is due later', () => {
  test('is in the ticket and its lists, in no log, and told on every node; undone, it is gone', async () => {
    const ticket = await begin();
    const [customer, staff] = [await listen(ana), await listen(kim)];
    const { body } = await later(kim, ticket, { in_ms: FAR, reason: 'quiet for long' });
    expect(body).toMatchObject({ status: 'OPEN', last_seq: 0, updated_at: ticket.updated_at });
    const due = body.closing_due_at as number;
    expect(due).toBeGreaterThan(ticket.created_at);
    for (const person of [ana, kim]) {
      expect(await read(person, ticket)).toMatchObject({ closing_due_at: due, last_seq: 0 });
      const list = (await person.call<TicketView[]>('GET', '/tickets?limit=1')).body;
      expect(list).toMatchObject([{ id: ticket.id, closing_due_at: due }]);
    }
    const other = await ana.createTicket();
    expect(await read(ana, other)).toMatchObject({ closing_due_at: null });
    const told = { ticket_id: ticket.id, by_name: 'Kim' };
    for (const socket of [customer, staff]) {
      await eventually(() =>
        expect(socket.events('ticket_closing')).toEqual([{ ...told, due_at: due }]),
      );
    }
    expect(await undo(ana, ticket)).toMatchObject({ status: 200, body: { closing_due_at: null } });
    await eventually(() =>
      expect(staff.events('ticket_closing')[1]).toEqual({
        ticket_id: ticket.id,
        by_name: 'Ana',
        due_at: null,
      }),
    );
    expect(await undo(ana, ticket)).toMatchObject({ status: 200 });
    expect(await dueRows()).toEqual([]);
    expect(await read(ana, ticket)).toMatchObject({ status: 'OPEN', last_seq: 0 });
  });

  test('is each one’s own where many tickets are read at once, and nothing of it is kept', async () => {
    const tickets: TicketView[] = [];
    for (let nth = 0; nth < 5; nth++) tickets.push(await begin());
    const [first, second] = tickets as [TicketView, TicketView];
    const due = (await later(kim, first)).body.closing_due_at;
    const dueLater = (await later(kim, second, { in_ms: 2 * FAR })).body.closing_due_at;
    const readAll = async () =>
      (await Promise.all(tickets.map((ticket) => read(kim, ticket)))).map((t) => t.closing_due_at);
    expect(await readAll()).toEqual([due, dueLater, null, null, null]);
    expect(await undo(kim, first)).toMatchObject({ status: 200 });
    expect(await readAll()).toEqual([null, dueLater, null, null, null]);
  });

  test('closes as who asked, once, though two workers run and messages come; the newest time counts', async () => {
    const ticket = await begin();
    const socket = await listen(ana, two.url);
    await later(ana, ticket, { in_ms: FAR });
    const at = new Date(Date.now() + 300).toISOString();
    expect((await later(kim, ticket, { at, reason: 'quiet for long' })).status).toBe(200);
    await ana.send(ticket.id, 'still here');
    work(one);
    work(two);
    await eventually(() => expect(socket.events('ticket_closed')).toHaveLength(1));
    expect(await read(ana, ticket)).toMatchObject({
      status: 'CLOSED',
      close_reason: 'quiet for long',
      closing_due_at: null,
      last_seq: 2,
    });
    const [entry] = await one.ctx.db.entries.collection
      .find({ type: 'ticket_change', 'changes.status': { $exists: true } })
      .sort({ _id: -1 })
      .limit(1)
      .toArray();
    expect(entry).toMatchObject({ action: 'closed', author: { id: kim.id, name: 'Kim' } });
    await eventually(async () => expect(await dueRows()).toEqual([]));
    await expectSoundLog(one.ctx, ticket.id);
  });

  test('outlives the processes: due while nobody works, and begun by one that was killed', async () => {
    const [quiet, begun] = [await begin(), await ana.createTicket()];
    await later(ana, quiet, { in_ms: 1 });
    await later(ana, begun, { in_ms: 1 });
    // As a worker leaves it that is killed after the point of no return.
    await one.ctx.db.due.collection.updateOne(
      { kind: 'close-ticket', key: begun.id },
      { $set: { begun: true } },
    );
    expect((await undo(ana, begun)).status).toBe(409);
    expect((await later(ana, begun)).status).toBe(409);
    work(two);
    for (const ticket of [quiet, begun]) {
      await eventually(async () => expect((await read(ana, ticket)).status).toBe('CLOSED'));
    }
    await eventually(async () => expect(await dueRows()).toEqual([]));
  });

  test('any ending takes it back, and after a reopening an old one means nothing', async () => {
    const ticket = await begin();
    await later(kim, ticket);
    await ana.close(ticket.id);
    await eventually(async () => expect(await dueRows()).toEqual([]));
    expect((await later(kim, ticket)).status).toBe(409);
    await status(kim, ticket, 'REOPENED');
    expect(await read(ana, ticket)).toMatchObject({ closing_due_at: null });
    await later(kim, ticket, { in_ms: FAR });
    // As a process leaves it that is killed between an ending and the tidying up.
    const rows = await dueRows();
    await ana.close(ticket.id);
    await eventually(async () => expect(await dueRows()).toEqual([]));
    await status(kim, ticket, 'REOPENED');
    await one.ctx.db.due.collection.insertMany(rows.map((row) => ({ ...row, at: 1 })));
    expect(await read(ana, ticket)).toMatchObject({ closing_due_at: null });
    work();
    await eventually(async () => expect(await dueRows()).toEqual([]));
    expect(await read(ana, ticket)).toMatchObject({ status: 'REOPENED' });
  });

  test('silently the customer hears nothing before; only staff may', async () => {
    const ticket = await begin();
    const [customer, staff] = [await listen(ana), await listen(kim)];
    const body = { in_ms: FAR, silent: true };
    expect((await later(ana, ticket, body)).status).toBe(403);
    expect((await later(kim, ticket, body)).body.closing_due_at).toEqual(expect.any(Number));
    await eventually(() => expect(staff.events('ticket_closing')).toHaveLength(1));
    expect(await read(ana, ticket)).toMatchObject({ closing_due_at: null });
    await ana.send(ticket.id, 'hello');
    await eventually(() => expect(customer.events('message')).toHaveLength(1));
    expect(customer.events('ticket_closing')).toEqual([]);
  });

  test('who may not, what is not there and what makes no sense is refused and changes nothing', async () => {
    const ticket = await begin();
    const ben = newPerson(one.url, 'CUSTOMER');
    expect((await later(ben, ticket)).status).toBe(404);
    expect((await undo(ben, ticket)).status).toBe(404);
    for (const person of [ana, kim]) {
      const missing = { id: 'f'.repeat(24) };
      expect((await later(person, missing)).status).toBe(404);
      expect((await undo(person, missing)).status).toBe(404);
    }
    const month = 31 * 24 * FAR;
    for (const bad of [
      {},
      { in_ms: 0 },
      { in_ms: 1.5 },
      { in_ms: month },
      { at: 1 },
      { at: Date.now() + month },
      { at: 'soon' },
      { in_ms: FAR, at: Date.now() + FAR },
      { in_ms: FAR, reason: 'x'.repeat(501) },
      { in_ms: FAR, reason: '  ' },
      { in_ms: FAR, silent: 1 },
    ]) {
      expect({ bad, status: (await later(kim, ticket, bad)).status }).toEqual({ bad, status: 400 });
    }
    expect(await dueRows()).toEqual([]);
  });
});

describe('asking the customer', () => {
  test('yes closes as the customer, on either node; the question stands in the ticket until then', async () => {
    const ticket = await begin();
    const socket = await listen(ana, two.url);
    expect((await ask(kim, ticket, { comment: 'All well?' })).body).toMatchObject({
      close_request: { by_name: 'Kim', at: expect.any(Number) },
      last_seq: 1,
    });
    // Asked again it is the same question.
    expect((await ask(kim, ticket)).body.last_seq).toBe(1);
    await eventually(() =>
      expect(socket.events('ticket_updated')).toMatchObject([
        { close_request: { by_name: 'Kim' } },
      ]),
    );
    expect((await answer(ana, ticket, true)).body).toMatchObject({
      status: 'CLOSED',
      close_request: null,
      last_seq: 2,
    });
    expect((await answer(ana, ticket, true)).body).toMatchObject({ status: 'CLOSED', last_seq: 2 });
    expect((await answer(ana, ticket, false)).status).toBe(409);
    expect((await ask(kim, ticket)).status).toBe(409);
    await eventually(() => expect(socket.events('ticket_closed')).toHaveLength(1));
    await expectSoundLog(one.ctx, ticket.id);
  });

  test('no, a message of the customer’s, a closing or a reopening takes it back; staff’s message does not', async () => {
    const ticket = await begin();
    const asked = async () => (await read(ana, ticket)).close_request !== null;
    await ask(kim, ticket);
    await answer(ana, ticket, false);
    expect(await asked()).toBe(false);
    expect((await answer(ana, ticket, false)).status).toBe(409);

    await ask(kim, ticket);
    await kim.send(ticket.id, 'Are you there?');
    expect(await asked()).toBe(true);
    await ana.send(ticket.id, 'Yes');
    expect(await asked()).toBe(false);

    await status(kim, ticket, 'RESOLVED');
    await ask(kim, ticket);
    await status(kim, ticket, 'REOPENED');
    expect(await asked()).toBe(false);

    await ask(kim, ticket);
    await kim.close(ticket.id);
    expect(await asked()).toBe(false);
    await expectSoundLog(one.ctx, ticket.id);
  });

  test('staff ask, the owner answers, nobody else', async () => {
    const ticket = await begin();
    const [ben, root] = [newPerson(one.url, 'CUSTOMER'), newPerson(one.url, 'ADMIN')];
    expect((await ask(ana, ticket)).status).toBe(403);
    expect((await ask(ben, ticket)).status).toBe(404);
    expect((await ask(root, ticket)).status).toBe(200);
    for (const person of [kim, root]) expect((await answer(person, ticket, true)).status).toBe(403);
    expect((await answer(ben, ticket, true)).status).toBe(404);
    const path = `/tickets/${ticket.id}/close-request/answer`;
    expect((await ana.call('POST', path, { close: 'yes' })).status).toBe(400);
    expect((await ana.call('POST', path, {})).status).toBe(400);
  });

  test('a row written before there was the field reads as not asked', async () => {
    const ticket = await begin();
    await one.ctx.db.tickets.collection.updateOne(
      { user_id: ana.id },
      { $unset: { close_request: 1 } },
    );
    expect(await read(ana, ticket)).toMatchObject({ close_request: null });
    expect((await ask(kim, ticket)).body.close_request).toMatchObject({ by_name: 'Kim' });
  });
});
