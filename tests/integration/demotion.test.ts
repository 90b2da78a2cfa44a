import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type RunningApp, startApp } from '../support/app.ts';
import { eventually } from '../support/eventually.ts';
import { type Listener, listenAt, mintToken, newPerson } from '../support/people.ts';

const ROUNDS = 20;
let app: RunningApp;
const open: Listener[] = [];

beforeAll(async () => {
  app = await startApp();
});
afterAll(async () => {
  for (const { socket } of open) socket.disconnect();
  await app.stop();
});

/** A socket of staff, with the token that makes it a customer's of the same id. */
async function staffSocket(id: string) {
  const socket = listenAt(app.url, { auth: { token: mintToken({ id, role: 'AGENT' }) } });
  open.push(socket);
  await eventually(() => expect(socket.events('authorized')).toHaveLength(1));
  return { socket, customer: mintToken({ id, role: 'CUSTOMER' }) };
}

/** Everything the socket hears of a stranger's ticket, up to an event of its own that comes later. */
async function heardOfStrangers(socket: Listener, id: string, ticketId: string) {
  const stranger = newPerson(app.url);
  const own = newPerson(app.url, 'CUSTOMER', { id });
  const ana = newPerson(app.url, 'AGENT');
  const before = socket.received.length;
  await ana.send(ticketId, 'not for the demoted');
  await stranger.createTicket();
  const { id: ownTicket } = await own.createTicket();
  await eventually(() =>
    expect(socket.events('ticket_created').map((ticket) => ticket.id)).toContain(ownTicket),
  );
  return socket.received
    .slice(before)
    .filter(({ data }) => (data.ticket_id ?? data.id) !== ownTicket);
}

test(`a subscribe that races a demotion joins nothing: ${ROUNDS} rounds`, async () => {
  for (let round = 0; round < ROUNDS; round++) {
    const id = `subscriber-${round}`;
    const { id: ticketId } = await newPerson(app.url).createTicket();
    const { socket, customer } = await staffSocket(id);
    const [, demoted] = await Promise.all([
      socket.ask('subscribe', { ticket_id: ticketId }),
      socket.ask('authorize', { token: customer }),
    ]);
    expect(demoted).toMatchObject({ ok: true, user: { role: 'CUSTOMER' } });
    expect(await heardOfStrangers(socket, id, ticketId)).toEqual([]);
    expect(await socket.ask('subscribe', { all: true })).toMatchObject({ error: 'FORBIDDEN' });
    socket.socket.disconnect();
  }
});

test(`of two authorize at once the last decides, and no room of the other stays: ${ROUNDS} rounds`, async () => {
  for (let round = 0; round < ROUNDS; round++) {
    const id = `doubled-${round}`;
    const { id: ticketId } = await newPerson(app.url).createTicket();
    const { socket, customer } = await staffSocket(id);
    const answers = await Promise.all([
      socket.ask('authorize', { token: mintToken({ id, role: 'ADMIN' }) }),
      socket.ask('subscribe', { all: true }),
      socket.ask('authorize', { token: customer }),
      socket.ask('subscribe', { all: true }),
    ]);
    expect(answers.map(({ ok }) => ok)).toEqual([true, true, true, false]);
    expect(await heardOfStrangers(socket, id, ticketId)).toEqual([]);
    socket.socket.disconnect();
  }
});
