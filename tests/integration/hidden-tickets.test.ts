import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type RunningApp, startApp } from '../support/app.ts';
import { newPerson, type Person } from '../support/people.ts';

const MISSING = 'f'.repeat(24);

let app: RunningApp;
let ana: Person;
let ben: Person;
beforeAll(async () => {
  // The reconciliation poll asks MongoDB as well, whenever it is its time.
  app = await startApp({ SWEEP_INTERVAL_MS: '600000' });
  ana = newPerson(app.url, 'CUSTOMER');
  ben = newPerson(app.url, 'CUSTOMER');
});
afterAll(() => app.stop());

/** What MongoDB was asked for by a call, and the call's answer without what names the request. */
async function watch(call: () => Promise<{ status: number; body: unknown }>) {
  const db = app.ctx.db.connection.db;
  if (!db) throw new Error('not connected');
  await db.command({ profile: 2 });
  const from = new Date();
  const { status, body } = await call();
  await db.command({ profile: 0 });
  const rows = await db
    .collection('system.profile')
    .find({ ts: { $gte: from }, ns: { $not: /system/ } })
    .sort({ ts: 1 })
    .toArray();
  const asked = rows.map(({ op, ns, command }) => {
    const level = command?.readConcern?.level ?? '';
    return `${op} ${String(ns).split('.').slice(1).join('.')} ${level}`;
  });
  return { status, body, asked };
}

type Call = (person: Person, ticketId: string) => Promise<{ status: number; body: unknown }>;
const calls: [string, Call][] = [
  ['a look', (person, id) => person.call('GET', `/tickets/${id}`)],
  ['a list of messages', (person, id) => person.list(id)],
  ['a catch-up', (person, id) => person.list(id, '?after=0')],
  ['a send', (person, id) => person.send(id, 'hello')],
  [
    'an edit',
    (person, id) => person.call('PATCH', `/tickets/${id}/messages/${MISSING}`, { content: 'x' }),
  ],
  ['a deletion', (person, id) => person.call('DELETE', `/tickets/${id}/messages/${MISSING}`)],
  ['a look at notes', (person, id) => person.call('GET', `/tickets/${id}/notes`)],
  ['a note', (person, id) => person.call('POST', `/tickets/${id}/notes`, { content: 'x' })],
  [
    'an edit of a note',
    (person, id) => person.call('PATCH', `/tickets/${id}/notes/${MISSING}`, { content: 'x' }),
  ],
  ['a change', (person, id) => person.call('PATCH', `/tickets/${id}`, { topic: 'mine now' })],
  ['a closing', (person, id) => person.close(id)],
];

describe('a ticket of somebody else', () => {
  test.each(calls)('is answered like a missing one, by the same reads: %s', async (_name, call) => {
    // Of its own, so that nothing about it is in memory.
    const ticket = await ana.createTicket();
    const others = await watch(() => call(ben, ticket.id));
    const missing = await watch(() => call(ben, MISSING));
    expect(others).toEqual(missing);
    expect(others.status).toBe(404);
    // An absence is confirmed, for both.
    expect(others.asked.some((one) => one.includes('linearizable'))).toBe(true);
  });

  test('is as it was, whatever was tried', async () => {
    const ticket = await ana.createTicket();
    for (const [, call] of calls) expect((await call(ben, ticket.id)).status).toBe(404);
    const { body } = await ana.call('GET', `/tickets/${ticket.id}`);
    expect(body).toMatchObject({ topic: ticket.topic, status: 'OPEN', last_seq: 0 });
  });
});
