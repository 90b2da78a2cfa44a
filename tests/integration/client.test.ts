import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { createDeskClient, type DeskClient } from '../../client/client.ts';
import { systemClock } from '../../client/clock.ts';
import type { DeskClientOptions, DeskEvents } from '../../client/options.ts';
import type { MessageView } from '../../src/contract/messages.ts';
import { type RunningApp, startApp } from '../support/app.ts';
import { eventually } from '../support/eventually.ts';
import { mintToken, personAt } from '../support/people.ts';

let app: RunningApp;
const clients: DeskClient[] = [];
let people = 0;

beforeAll(async () => {
  app = await startApp();
});
afterEach(() => {
  for (const client of clients.splice(0)) client.close();
});
afterAll(() => app.stop());

interface Heard {
  name: keyof DeskEvents;
  data: unknown;
}

/** A customer and their client, which writes down what it hears. */
function openCustomer(options: Partial<DeskClientOptions> = {}, id = `client-${++people}`) {
  const token = mintToken({ id });
  const client = createDeskClient({
    url: app.url,
    getToken: () => token,
    timeout: 2000,
    ...options,
  });
  clients.push(client);
  const heard: Heard[] = [];
  for (const name of [
    'message',
    'edit_message',
    'delete_message',
    'ticket_created',
    'ticket_updated',
    'ticket_closed',
    'typing',
    'read',
    'auth_required',
  ] as const) {
    client.on(name, (data) => heard.push({ name, data }));
  }
  return { id, token, client, heard, names: () => heard.map(({ name }) => name) };
}

const staff = () => personAt(app.url, mintToken({ role: 'AGENT', username: 'Kim' }));
const online = (client: DeskClient) =>
  eventually(() => expect(client.connection.state).toBe('online'));

describe('a customer with a client', () => {
  test('opens a ticket, writes, edits, deletes and closes; the other side answers', async () => {
    const { client, names } = openCustomer();
    client.connect();
    await online(client);
    const created = await client.tickets.create({ topic: 'A parcel', description: 'Where?' });
    const ticket = client.openTicket(created.id);
    await ticket.ready();
    const sent = await ticket.send('hello').accepted;
    expect(sent).toMatchObject({ seq: 1, content: 'hello' });
    const kim = staff();
    const reply = await kim.send(created.id, 'good morning');
    await ticket.edit(sent.id, 'hello!');
    const second = await ticket.send('again').accepted;
    await ticket.remove(second.id);
    await kim.call('DELETE', `/tickets/${created.id}/messages/${reply.body.id}`);
    await ticket.close('solved');
    await eventually(() => expect(names().at(-1)).toBe('ticket_closed'));
    expect(names()).toEqual([
      'ticket_created',
      'message',
      'message',
      // Staff's first answer takes the ticket on.
      'ticket_updated',
      'edit_message',
      'message',
      'delete_message',
      'delete_message',
      'ticket_closed',
    ]);
    expect(ticket.ticket).toMatchObject({ status: 'CLOSED', close_reason: 'solved' });
    expect(ticket.messages.map(({ state }) => state)).toEqual(['sent']);
    expect(ticket.messages[0]).toMatchObject({ message: { content: 'hello!', edited: true } });
    expect(ticket.cursor).toBe(8);
  });

  test('sees an own message at once, and under the same key when it is stored', async () => {
    const { client } = openCustomer();
    client.connect();
    await online(client);
    const created = await client.tickets.create({ topic: 'A parcel', description: 'Where?' });
    const ticket = client.openTicket(created.id);
    await ticket.ready();
    const { client_id, accepted } = ticket.send('hello');
    expect(ticket.messages).toMatchObject([{ key: client_id, state: 'sending' }]);
    await accepted;
    expect(ticket.messages).toMatchObject([{ key: client_id, state: 'sent' }]);
  });

  test('who writes to a closed ticket has it refused and keeps the text', async () => {
    const { client } = openCustomer();
    client.connect();
    const created = await client.tickets.create({ topic: 'A parcel', description: 'Where?' });
    const ticket = client.openTicket(created.id);
    await ticket.ready();
    await staff().close(created.id);
    await expect(ticket.send('too late').accepted).rejects.toMatchObject({ code: 'CONFLICT' });
    expect(ticket.messages).toMatchObject([{ state: 'failed', item: { content: 'too late' } }]);
  });

  test('sends over REST while there is no socket', async () => {
    const { client } = openCustomer();
    const created = await client.tickets.create({ topic: 'A parcel', description: 'Where?' });
    const ticket = client.openTicket(created.id);
    await ticket.ready();
    expect(await ticket.send('hello').accepted).toMatchObject({ seq: 1 });
    expect(client.connection.state).toBe('closed');
    expect(ticket.messages).toMatchObject([{ state: 'sent' }]);
  });

  test('attaches a file', async () => {
    const { client } = openCustomer();
    client.connect();
    const created = await client.tickets.create({ topic: 'A parcel', description: 'Where?' });
    const file = await client.upload(created.id, new Blob(['a receipt']), 'receipt.txt');
    const sent = await client.send(created.id, 'see', { attachments: [file] }).accepted;
    expect(sent.files).toMatchObject([{ name: 'receipt.txt', size: 9 }]);
    const answer = await fetch((sent.files[0] as MessageView['files'][0]).url);
    expect(await answer.text()).toBe('a receipt');
  });

  test('hears typing and reading of the other side', async () => {
    const { client, heard } = openCustomer();
    client.connect();
    await online(client);
    const created = await client.tickets.create({ topic: 'A parcel', description: 'Where?' });
    await client.send(created.id, 'hello').accepted;
    const kim = createDeskClient({ url: app.url, getToken: () => mintToken({ role: 'AGENT' }) });
    clients.push(kim);
    kim.connect();
    await online(kim);
    kim.typing(created.id);
    kim.typing(created.id);
    kim.read(created.id, 1);
    const signals = () => heard.filter(({ name }) => name === 'read' || name === 'typing');
    await eventually(() => expect(signals()).toHaveLength(2));
    expect(new Set(signals().map(({ name }) => name))).toEqual(new Set(['read', 'typing']));
  });

  test('sees nothing of a ticket that is not theirs', async () => {
    const { client } = openCustomer();
    client.connect();
    const other = await personAt(app.url, mintToken()).createTicket();
    await expect(client.openTicket(other.id).ready()).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  test('loads the newest page of a long ticket, and older ones on demand', async () => {
    const { client, token } = openCustomer();
    const ana = personAt(app.url, token);
    const created = await ana.createTicket();
    for (let i = 0; i < 26; i++) {
      await Promise.all(Array.from({ length: 20 }, (_, n) => ana.send(created.id, `${i}/${n}`)));
    }
    client.connect();
    const ticket = client.openTicket(created.id);
    await ticket.ready();
    expect(ticket.messages).toHaveLength(500);
    expect(ticket.hasOlder).toBe(true);
    ticket.keepNewest(100);
    expect(ticket.messages).toHaveLength(100);
    await ticket.loadOlder();
    expect(ticket.hasOlder).toBe(false);
    const seqs = ticket.messages.map((row) => (row.state === 'sent' ? row.message.seq : 0));
    expect(seqs).toEqual(Array.from({ length: 520 }, (_, index) => index + 1));
    const modest = createDeskClient({ url: app.url, getToken: () => token, newest: 30 });
    clients.push(modest);
    modest.connect();
    const again = modest.openTicket(created.id);
    await again.ready();
    expect(again.messages).toHaveLength(30);
    await again.loadOlder();
    expect(again.messages).toHaveLength(520);
  });

  test('two devices of one customer show the same', async () => {
    const phone = openCustomer();
    const laptop = openCustomer({}, phone.id);
    phone.client.connect();
    laptop.client.connect();
    await Promise.all([online(phone.client), online(laptop.client)]);
    const created = await phone.client.tickets.create({ topic: 'A parcel', description: 'Where?' });
    const sent = [phone, laptop, phone].map(
      ({ client }, index) => client.send(created.id, `${index}`).accepted,
    );
    await Promise.all(sent);
    await eventually(() => expect(laptop.heard).toHaveLength(4));
    await eventually(() => expect(phone.heard).toEqual(laptop.heard));
  });
});

describe('tokens', () => {
  test('one that is about to expire is replaced on the same socket, without a gap', async () => {
    const id = `client-${++people}`;
    let asked = 0;
    const getToken = () => {
      asked++;
      return mintToken({ id }, { expiresIn: asked === 1 ? 5 : '1h' });
    };
    const { client, names } = openCustomer({ getToken }, id);
    const states: string[] = [];
    client.on('connection', ({ state }) => states.push(state));
    client.connect();
    await eventually(() => expect(asked).toBe(2));
    const created = await client.tickets.create({ topic: 'A parcel', description: 'Where?' });
    await staff().send(created.id, 'hello');
    await eventually(() =>
      expect(names()).toEqual(['ticket_created', 'message', 'ticket_updated']),
    );
    expect(states).toEqual(['connecting', 'online']);
  });

  test('a refused one is replaced once', async () => {
    const id = `client-${++people}`;
    const tokens = [mintToken({ id }, {}, 'a-secret-of-somebody-else'), mintToken({ id })];
    const { client, names } = openCustomer({ getToken: () => tokens.shift() ?? '' }, id);
    client.connect();
    await online(client);
    expect(names()).toEqual([]);
  });

  test('when the new one is refused too, the site is told', async () => {
    const getToken = () => mintToken({}, {}, 'a-secret-of-somebody-else');
    const { client, names } = openCustomer({ getToken });
    client.connect();
    await eventually(() => expect(names()).toEqual(['auth_required']));
    expect(client.connection).toMatchObject({ state: 'offline' });
    await expect(client.tickets.list()).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
    expect(names()).toEqual(['auth_required']);
  });

  test('a site that cannot give one is asked again later', async () => {
    const id = `client-${++people}`;
    let asked = 0;
    const getToken = () => {
      if (++asked < 3) throw new Error('our backend is away');
      return mintToken({ id });
    };
    const errors: string[] = [];
    const { client } = openCustomer(
      { getToken, random: () => 0.1, onError: ({ code }) => errors.push(code) },
      id,
    );
    client.connect();
    await online(client);
    expect(errors).toEqual(['TOKEN', 'TOKEN']);
  });
});

/** Carries a client's bytes to a server, and keeps those that come back. */
async function tap(url: string) {
  let heard = '';
  const relay = createServer((client) => {
    const server = connect(Number(new URL(url).port), '127.0.0.1');
    server.on('data', (bytes) => {
      heard += bytes.toString('latin1');
    });
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      from.on('error', () => to.destroy()).pipe(to);
    }
  }).listen(0, '127.0.0.1');
  await once(relay, 'listening');
  const { port } = relay.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, heard: () => heard, close: () => relay.close() };
}

test('when a server that restarts says when to come back, then the client waits just so long', async () => {
  const other = await startApp();
  const wire = await tap(other.url);
  const waits: number[] = [];
  const client = createDeskClient({
    url: wire.url,
    getToken: () => mintToken(),
    transports: ['websocket'],
    clock: {
      now: systemClock.now,
      after(ms, work) {
        waits.push(ms);
        return systemClock.after(ms, work);
      },
    },
    // A pause of its own making would be no whole number.
    random: () => 0.123_456,
  });
  clients.push(client);
  client.connect();
  await online(client);
  await other.stop();
  await eventually(() => expect(client.connection.state).toBe('offline'));
  const [, told] = /"server_restarting",\{"retry_in":(\d+)\}/.exec(wire.heard()) ?? [];
  expect(waits.at(-1)).toBe(Number(told));
  wire.close();
});
