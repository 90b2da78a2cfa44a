import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { TicketView } from '../../src/contract/tickets.ts';
import { type RunningApp, startApp } from '../support/app.ts';
import { eventually } from '../support/eventually.ts';
import { listenAt, newPerson, type Person } from '../support/people.ts';
import { uploadTo } from '../support/uploads.ts';

let app: RunningApp;
let ana: Person;
let root: Person;
beforeAll(async () => {
  app = await startApp({ AGENT_SEES: 'assigned' });
  ana = newPerson(app.url);
  root = newPerson(app.url, 'ADMIN');
});
afterAll(() => app.stop());

const listenAs = async (person: Person) => {
  const socket = listenAt(app.url);
  await socket.ask('authorize', { token: person.token });
  return socket;
};
const assign = (id: string, to: Person | null) =>
  root.call('POST', `/tickets/${id}/assign`, { assigned_to: to?.id ?? null });

test('an agent sees a ticket, and hears of it, exactly while it is theirs', async () => {
  const kim = newPerson(app.url, 'AGENT');
  const [hers, all] = [await listenAs(kim), await listenAs(root)];
  // Known by having been here.
  expect((await kim.call('GET', '/agents')).status).toBe(200);
  const ticket = await ana.createTicket();
  await ana.send(ticket.id, 'not for her yet');
  const path = `/tickets/${ticket.id}`;
  for (const [method, more] of [
    ['GET', ''],
    ['GET', '/messages'],
    ['GET', '/notes'],
    ['POST', '/claim'],
    ['GET', '/history'],
  ] as const) {
    expect([more, (await kim.call(method, path + more)).status]).toEqual([more, 404]);
  }
  expect(await hers.ask('subscribe', { ticket_id: ticket.id })).toMatchObject({ ok: false });
  expect(await hers.ask('subscribe', { all: true })).toMatchObject({ error: 'FORBIDDEN' });
  await eventually(async () => expect(await assign(ticket.id, kim)).toMatchObject({ status: 200 }));
  await ana.send(ticket.id, 'now for her');
  await eventually(() =>
    expect(hers.events('message')).toMatchObject([{ content: 'now for her' }]),
  );
  expect(hers.events('ticket_updated')).toMatchObject([{ id: ticket.id, status: 'ASSIGNED' }]);
  expect((await kim.call<TicketView[]>('GET', '/tickets')).body.map(({ id }) => id)).toEqual([
    ticket.id,
  ]);
  const said = await kim.send(ticket.id, 'I see to it');
  const own = `${path}/messages/${said.body.id}`;
  expect((await kim.call('PATCH', own, { content: 'I do' })).status).toBe(200);
  expect((await kim.call('DELETE', own)).status).toBe(200);
  await assign(ticket.id, null);
  await ana.send(ticket.id, 'not for her any more');
  await eventually(() => expect(all.events('message')).toHaveLength(4));
  expect(hers.events('message')).toHaveLength(2);
  expect((await kim.call('GET', path)).status).toBe(404);
  // Nor does a file's id tell that there is one, in a message or a note.
  const { body: file } = await uploadTo(app.url, root.token, ticket.id, 'the bill');
  const note = { content: 'the bill', attachments: [file.id] };
  expect((await root.call('POST', `${path}/notes`, note)).status).toBe(201);
  const [hidden, missing] = await Promise.all(
    [file.id, 'e'.repeat(24)].map((id) => kim.call('GET', `/attachments/${id}/download`)),
  );
  expect([hidden?.status, hidden?.body]).toEqual([404, missing?.body]);
  for (const { socket } of [hers, all]) socket.close();
});

test('whoever comes back is in the rooms of what is theirs', async () => {
  const kim = newPerson(app.url, 'AGENT');
  expect((await kim.call('GET', '/agents')).status).toBe(200);
  const ticket = await ana.createTicket();
  await eventually(async () => expect(await assign(ticket.id, kim)).toMatchObject({ status: 200 }));
  const hers = await listenAs(kim);
  await ana.send(ticket.id, 'hello');
  await eventually(() => expect(hers.events('message')).toMatchObject([{ content: 'hello' }]));
  hers.socket.close();
});
