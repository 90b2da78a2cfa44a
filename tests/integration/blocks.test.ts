import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { BlockView } from '../../src/contract/blocks.ts';
import { type RunningApp, startApp } from '../support/app.ts';
import { eventually } from '../support/eventually.ts';
import { listenAt, newPerson, type Person } from '../support/people.ts';
import { startRedis } from '../support/redis.ts';
import { uploadTo } from '../support/uploads.ts';

/** Two nodes on one database, without Redis: only the poll tells them of each other. */
let app: RunningApp;
let other: RunningApp;
let kim: Person;
beforeAll(async () => {
  app = await startApp({ SWEEP_INTERVAL_MS: '200' });
  other = await startApp({ SWEEP_INTERVAL_MS: '200', DB_NAME: app.ctx.config.dbName });
  kim = newPerson(app.url, 'AGENT', { username: 'Kim' });
});
afterAll(async () => {
  await other.stop();
  await app.stop();
});

const reason = 'no swearing, please';
const block = (user_id: unknown, more: object = {}) =>
  kim.call<BlockView>('POST', '/blocks', { user_id, reason, ...more });

/** The same person at another node. */
const at = (url: string, person: Person) => newPerson(url, person.role, { id: person.id });

test('a blocked customer reads, but opens no ticket, and writes and uploads nothing, at any door', async () => {
  const ana = newPerson(app.url, 'CUSTOMER');
  const ticket = await ana.createTicket();
  const { body: message } = await ana.send(ticket.id, 'hello', { client_id: 'first' });
  const socket = listenAt(app.url, { auth: { token: ana.token } });
  await eventually(() => expect(socket.events('authorized')).toHaveLength(1));
  const { status, body } = await block(ana.id);
  expect(status).toBe(201);
  expect(body).toMatchObject({ user_id: ana.id, reason, expires_at: null, created_by: 'Kim' });

  const words = `you cannot write to us any more: ${reason}`;
  const refused = {
    error: 'FORBIDDEN',
    message: words,
    errors: [{ type: 'blocked', context: { reason, expires_at: null } }],
  };
  expect(await ana.send(ticket.id, 'again')).toMatchObject({ status: 403, body: refused });
  const path = `/tickets/${ticket.id}/messages/${message.id}`;
  const edited = await ana.call('PATCH', path, { content: 'again' });
  expect(edited).toMatchObject({ status: 403, body: refused });
  const opened = await ana.call('POST', '/tickets', { topic: 'a', description: 'b' });
  expect(opened).toMatchObject({ status: 403, body: refused });
  const topic = await ana.call('PATCH', `/tickets/${ticket.id}`, { topic: 'again' });
  expect(topic).toMatchObject({ status: 403, body: refused });
  const upload = await uploadTo(app.url, ana.token, ticket.id, Buffer.from('x'));
  expect(upload).toMatchObject({ status: 403, body: refused });
  const { ask } = socket;
  const send = { ticket_id: ticket.id, content: 'again' };
  expect(await ask('send_message', send)).toMatchObject({ ok: false, ...refused });
  const edit = { ticket_id: ticket.id, message_id: message.id, content: 'again' };
  expect(await ask('edit', edit)).toMatchObject({ ok: false, ...refused });
  socket.socket.disconnect();

  // Reads on, and learns of nothing that is somebody else's.
  expect((await ana.list(ticket.id)).body).toHaveLength(1);
  expect(await ana.send('0123456789abcdef01234567', 'x')).toMatchObject({ status: 403 });
  // What was accepted before stays accepted, however often it is sent.
  const again = await ana.send(ticket.id, 'hello', { client_id: 'first' });
  expect(again).toMatchObject({ status: 200, body: { id: message.id } });
  expect(await ana.close(ticket.id)).toMatchObject({ status: 200 });
  const reopened = await ana.call('POST', `/tickets/${ticket.id}/reopen`, {});
  expect(reopened).toMatchObject({ status: 403, body: refused });
  // Of another partner with the same id, and of the staff, nobody is blocked.
  expect(
    await newPerson(app.url, 'CUSTOMER', { id: ana.id, iss: 'shop' }).createTicket(),
  ).toHaveProperty('id');
  expect(await newPerson(app.url, 'AGENT', { id: ana.id }).createTicket()).toHaveProperty('id');

  expect(await kim.call('DELETE', `/blocks/${body.id}`)).toMatchObject({ status: 204 });
  expect(await ana.createTicket()).toHaveProperty('id');
  expect(await kim.call('DELETE', `/blocks/${body.id}`)).toMatchObject({ status: 404 });
});

test('the other node learns of a block, and of its end', async () => {
  const ana = newPerson(other.url, 'CUSTOMER');
  const ticket = await ana.createTicket();
  const { body } = await block(ana.id);
  // The node that was asked knows at once.
  expect(await at(app.url, ana).send(ticket.id, 'x')).toMatchObject({ status: 403 });
  await eventually(async () =>
    expect(await ana.send(ticket.id, 'x')).toMatchObject({ status: 403 }),
  );
  await kim.call('DELETE', `/blocks/${body.id}`);
  expect(await at(app.url, ana).send(ticket.id, 'x')).toMatchObject({ status: 201 });
  await eventually(async () =>
    expect(await ana.send(ticket.id, 'x')).toMatchObject({ status: 201 }),
  );
});

test('a block ends at its time, by itself, and may be made anew then', async () => {
  const ana = newPerson(app.url, 'CUSTOMER');
  const ticket = await ana.createTicket();
  const until = Date.now() + 3000;
  const { status, body } = await block(ana.id, { expires_at: new Date(until).toISOString() });
  expect({ status, body }).toMatchObject({ status: 201, body: { expires_at: until } });
  const shown = new Date(until).toISOString().slice(0, 16).replace('T', ' ');
  const refused = await ana.send(ticket.id, 'x');
  if (Date.now() < until) {
    const message = `you cannot write to us until ${shown} UTC: ${reason}`;
    expect(refused).toMatchObject({ status: 403, body: { message } });
    expect(await block(ana.id)).toMatchObject({ status: 409 });
  }
  await eventually(async () =>
    expect(await ana.send(ticket.id, 'x')).toMatchObject({ status: 201 }),
  );
  const listed = await kim.call<BlockView[]>('GET', '/blocks?limit=100');
  expect(listed.body.map(({ id }) => id)).not.toContain(body.id);
  expect(await block(ana.id)).toMatchObject({ status: 201 });
});

test('the list is paged, newest first', async () => {
  const made: string[] = [];
  for (const id of [1, 2, 3]) made.unshift((await block(id, { partner: 'paged' })).body.id);
  const first = await kim.call<BlockView[]>('GET', '/blocks?limit=2');
  expect(first.body.map(({ id }) => id)).toEqual(made.slice(0, 2));
  const second = await kim.call<BlockView[]>('GET', '/blocks?limit=2&page=2');
  expect(second.body[0]).toMatchObject({ id: made[2], user_id: '1', partner: 'paged' });
  const total = Number(first.headers.get('x-total-count'));
  expect(first.headers.get('link')).toContain(`page=${Math.ceil(total / 2)}>; rel="last"`);
});

test.each([
  ['user_id', { user_id: '' }],
  ['user_id', { user_id: 1.5 }],
  ['reason', { reason: ' ' }],
  ['reason', { reason: 'x'.repeat(501) }],
  ['expires_at', { expires_at: 'tomorrow' }],
  ['expires_at', { expires_at: 1 }],
])('a wrong %s is refused, and blocks nobody', async (location, change) => {
  const before = await app.ctx.db.blocks.countDocuments();
  const body = { user_id: 'somebody', reason, ...change };
  const refused = await kim.call('POST', '/blocks', body);
  expect(refused).toMatchObject({ status: 400, body: { errors: [{ location }] } });
  expect(await app.ctx.db.blocks.countDocuments()).toBe(before);
});

test('customers neither see blocks nor make any', async () => {
  const ana = newPerson(app.url, 'CUSTOMER');
  const { body } = await block('planted');
  expect(await ana.call('GET', '/blocks')).toMatchObject({ status: 403 });
  const blocking = await ana.call('POST', '/blocks', { user_id: 'x', reason });
  expect(blocking).toMatchObject({ status: 403 });
  expect(await ana.call('DELETE', `/blocks/${body.id}`)).toMatchObject({ status: 403 });
});

test('there are 10,000 at most', async () => {
  const rows = Array.from({ length: 10_000 }, (_, nth) => ({
    ...{ key: `many|${nth}`, user_id: String(nth), partner: 'many', reason },
    ...{ expires_at: null, created_at: 1, by: { key: 'x', id: 'x', name: 'x' } },
  }));
  await app.ctx.db.blocks.collection.insertMany(rows);
  expect(await block('one more')).toMatchObject({ status: 409 });
  await app.ctx.db.blocks.deleteMany({ partner: 'many' });
  expect(await block('one more')).toMatchObject({ status: 201 });
});

test('the hot path asks the database nothing about blocks', async () => {
  const ana = newPerson(app.url, 'CUSTOMER');
  const ticket = await ana.createTicket();
  await ana.send(ticket.id, 'warm');
  const { db } = app.ctx.db.connection;
  await db?.command({ profile: 2 });
  for (let nth = 0; nth < 5; nth++) await ana.send(ticket.id, `${nth}`);
  await db?.command({ profile: 0 });
  const asked = await db
    ?.collection('system.profile')
    // A list that has changed is read again as a whole, now and then, by a poll.
    .find({
      ns: { $in: [`${db.databaseName}.blocks`, `${db.databaseName}.agents`] },
      'command.filter': { $ne: {} },
    })
    .toArray();
  expect(asked).toEqual([]);
});

test('with Redis the other node learns of it by a hint, long before it looks', async () => {
  const redis = await startRedis();
  const env = { REDIS_URL: redis.url, SWEEP_INTERVAL_MS: '60000' };
  const first = await startApp(env);
  const second = await startApp({ ...env, DB_NAME: first.ctx.config.dbName });
  try {
    await eventually(() => {
      expect(first.ctx.bus.healthy()).toBe(true);
      expect(second.ctx.bus.healthy()).toBe(true);
    });
    const ana = newPerson(second.url, 'CUSTOMER');
    const ticket = await ana.createTicket();
    const agent = newPerson(first.url, 'AGENT');
    const made = await agent.call<BlockView>('POST', '/blocks', { user_id: ana.id, reason });
    await eventually(async () => expect((await ana.send(ticket.id, 'x')).status).toBe(403));
    await agent.call('DELETE', `/blocks/${made.body.id}`);
    await eventually(async () => expect((await ana.send(ticket.id, 'x')).status).toBe(201));
  } finally {
    await second.stop();
    await first.stop();
    await redis.close();
  }
});
