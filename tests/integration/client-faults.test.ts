import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { createDeskClient, type DeskClient } from '../../client/client.ts';
import type { OpenTicket } from '../../client/open-ticket.ts';
import type { DeskClientOptions } from '../../client/options.ts';
import { createMemoryStorage } from '../../client/storage.ts';
import type { MessageView } from '../../src/contract/messages.ts';
import type { TicketView } from '../../src/contract/tickets.ts';
import { type RunningApp, startApp } from '../support/app.ts';
import { eventually } from '../support/eventually.ts';
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts';
import { mintToken, type Person, personAt } from '../support/people.ts';
import { seededRandom } from '../support/random.ts';

let app: RunningApp;
let proxy: FaultProxy;
const clients: DeskClient[] = [];
let people = 0;

beforeAll(async () => {
  app = await startApp();
});
beforeEach(async () => {
  proxy = await startFaultProxy({ target: { port: Number(new URL(app.url).port) } });
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await proxy.close();
});
afterAll(() => app.stop());

/** A customer behind a network that misbehaves, and the same one with a good line. */
async function openCustomer() {
  const token = mintToken({ id: `faulty-${++people}` });
  const ana = personAt(app.url, token);
  const kim = personAt(app.url, mintToken({ role: 'AGENT', username: 'Kim' }));
  return { token, ana, kim, ticket: await ana.createTicket() };
}

function connect(token: string, options: Partial<DeskClientOptions> = {}) {
  const client = createDeskClient({
    url: `http://127.0.0.1:${proxy.port}`,
    getToken: () => token,
    timeout: 700,
    random: () => 0.1,
    transports: ['websocket'],
    ...options,
  });
  clients.push(client);
  const told: { name: string; rev: number; id: string; content: string }[] = [];
  for (const name of ['message', 'edit_message', 'delete_message'] as const) {
    client.on(name, ({ rev, id, content }) => told.push({ name, rev, id, content }));
  }
  for (const name of ['ticket_updated', 'ticket_closed'] as const) {
    client.on(name, ({ last_seq, id, topic }) =>
      told.push({ name, rev: last_seq, id, content: topic }),
    );
  }
  client.connect();
  return { client, told };
}

/** Without what is told of the ticket itself: staff's first answer takes it on. */
const said = <T extends { name: string }>(told: readonly T[]) =>
  told.filter(({ name }) => !name.startsWith('ticket_'));

const online = (client: DeskClient) =>
  eventually(() => expect(client.connection.state).toBe('online'), { timeout: 15_000 });
const offline = (client: DeskClient) =>
  eventually(() => expect(client.connection.state).not.toBe('online'));

const shown = ({ messages }: OpenTicket) =>
  messages.map((row) => (row.state === 'sent' ? row.message : undefined)) as MessageView[];

/** Without the links, which are signed anew whenever a message is shown. */
const plain = (messages: readonly MessageView[]) =>
  messages.map(({ id, seq, rev, content, edited }) => ({ id, seq, rev, content, edited }));

async function expectSameAsStored(
  open: OpenTicket,
  ana: Pick<Person, 'list'>,
): Promise<MessageView[]> {
  const stored = (await ana.list(open.id)).body;
  await eventually(() => expect(plain(shown(open))).toEqual(plain(stored)), { timeout: 15_000 });
  return stored;
}

describe('nothing is lost, doubled or put out of order', () => {
  test('when the socket is cut again and again while both sides write', async () => {
    const { token, ana, kim, ticket } = await openCustomer();
    const { client, told } = connect(token);
    await online(client);
    const open = client.openTicket(ticket.id);
    await open.ready();
    const random = seededRandom(7);
    const accepted: Promise<MessageView>[] = [];
    for (let i = 0; i < 60; i++) {
      accepted.push(open.send(`mine ${i}`).accepted);
      if (i % 3 === 0) await kim.send(ticket.id, `theirs ${i}`);
      if (i % 6 === 5) proxy.resetAll();
      await new Promise((resolve) => setTimeout(resolve, random() * 30));
    }
    await Promise.all(accepted);
    await online(client);
    const stored = await expectSameAsStored(open, ana);
    const mine = stored.filter(({ content }) => content.startsWith('mine'));
    expect(mine.map(({ content }) => content)).toEqual(
      Array.from({ length: 60 }, (_, i) => `mine ${i}`),
    );
    expect(stored).toHaveLength(80);
    await eventually(() => expect(said(told)).toHaveLength(80));
    expect(said(told).map(({ rev }) => rev)).toEqual(stored.map(({ rev }) => rev));
  });

  test('when the request arrives and every reply is lost, several times', async () => {
    const { token, ana, ticket } = await openCustomer();
    const { client } = connect(token);
    await online(client);
    const open = client.openTicket(ticket.id);
    await open.ready();
    const isSend = (sent: Buffer) => sent.length > 60;
    proxy.dropReplies({ times: 4, when: isSend });
    const accepted = ['one', 'two', 'three'].map((content) => open.send(content).accepted);
    await Promise.all(accepted);
    expect(proxy.counters.cuts).toBeGreaterThan(0);
    const stored = await expectSameAsStored(open, ana);
    expect(stored.map(({ content }) => content)).toEqual(['one', 'two', 'three']);
  });

  test('when the line goes dead without being cut', async () => {
    const { token, ana, ticket } = await openCustomer();
    const { client } = connect(token);
    await online(client);
    const open = client.openTicket(ticket.id);
    await open.ready();
    proxy.setFault({ type: 'blackHole' });
    const { accepted } = open.send('into the dark');
    await offline(client);
    proxy.clear();
    await accepted;
    const stored = await expectSameAsStored(open, ana);
    expect(stored.map(({ content }) => content)).toEqual(['into the dark']);
  });

  test('when the page is reloaded in the middle of the outbox', async () => {
    const { token, ana, kim, ticket } = await openCustomer();
    const storage = createMemoryStorage();
    const before = connect(token, { storage });
    await online(before.client);
    await before.client.send(ticket.id, 'mine 0').accepted;
    await proxy.refuse();
    proxy.resetAll();
    for (let i = 1; i < 20; i++) before.client.send(ticket.id, `mine ${i}`);
    await offline(before.client);
    before.client.close();
    await kim.send(ticket.id, 'where are you?');
    await proxy.accept();

    const after = connect(token, { storage });
    const open = after.client.openTicket(ticket.id);
    after.client.send(ticket.id, 'mine 20');
    await open.ready();
    await eventually(() => expect(after.client.outbox(ticket.id)).toEqual([]), { timeout: 15_000 });
    const stored = await expectSameAsStored(open, ana);
    expect(stored.map(({ content }) => content)).toEqual([
      'mine 0',
      'where are you?',
      ...Array.from({ length: 20 }, (_, i) => `mine ${i + 1}`),
    ]);
    // What came while there was no page is told, too.
    await eventually(() =>
      expect(said(after.told).map(({ rev }) => rev)).toEqual(stored.slice(1).map(({ rev }) => rev)),
    );
  });
});

describe('back after a gap', () => {
  async function goAway(client: DeskClient): Promise<void> {
    await proxy.refuse();
    proxy.resetAll();
    await offline(client);
  }

  test('1,200 missed entries come page by page, in order', async () => {
    const { token, kim, ana, ticket } = await openCustomer();
    const { client, told } = connect(token);
    await online(client);
    const open = client.openTicket(ticket.id);
    await open.ready();
    await goAway(client);
    for (let i = 0; i < 60; i++) {
      await Promise.all(Array.from({ length: 20 }, (_, n) => kim.send(ticket.id, `${i}/${n}`)));
    }
    await proxy.accept();
    client.connect();
    await eventually(() => expect(said(told)).toHaveLength(1200), { timeout: 20_000 });
    expect(shown(open)).toHaveLength(1200);
    expect(said(told).map(({ rev }) => rev)).toEqual(shown(open).map(({ rev }) => rev));
    expect(new Set(said(told).map(({ name }) => name))).toEqual(new Set(['message']));
    const newest = (await ana.list(ticket.id)).body;
    expect(plain(shown(open)).slice(-500)).toEqual(plain(newest));
  }, 120_000);

  test('edits, deletions and status changes while away leave the state a fresh client has', async () => {
    const { token, kim, ana, ticket } = await openCustomer();
    const { client, told } = connect(token);
    await online(client);
    const open = client.openTicket(ticket.id);
    await open.ready();
    const messages: MessageView[] = [];
    for (let i = 0; i < 6; i++) messages.push((await kim.send(ticket.id, `message ${i}`)).body);
    await eventually(() => expect(said(told)).toHaveLength(6));
    await goAway(client);
    const path = (index: number) => `/tickets/${ticket.id}/messages/${messages[index]?.id}`;
    await kim.call('PATCH', path(1), { content: 'message 1, better' });
    await kim.call('DELETE', path(2));
    await kim.call('PATCH', path(3), { content: 'message 3, better' });
    await kim.call('DELETE', path(3));
    const late = (await kim.send(ticket.id, 'late')).body;
    await kim.call('PATCH', `/tickets/${ticket.id}/messages/${late.id}`, {
      content: 'late, better',
    });
    await kim.call('PATCH', `/tickets/${ticket.id}`, { issue_level: 'URGENT' });
    await kim.close(ticket.id, 'done');
    await proxy.accept();
    client.connect();
    await eventually(() => expect(told.at(-1)?.name).toBe('ticket_closed'), { timeout: 15_000 });
    expect(told.slice(-5).map(({ name, rev }) => `${name} ${rev}`)).toEqual([
      'edit_message 8',
      'delete_message 9',
      'delete_message 11',
      'message 13',
      'ticket_closed 15',
    ]);
    expect(open.ticket).toMatchObject({ status: 'CLOSED', issue_level: 'URGENT' });
    const fresh = connect(token).client.openTicket(ticket.id);
    await fresh.ready();
    expect(plain(shown(open))).toEqual(plain(shown(fresh)));
    await expectSameAsStored(open, ana);
  });

  test('a ticket opened on another device meanwhile is told of, with its messages', async () => {
    const { token, ana, kim } = await openCustomer();
    const { client, told } = connect(token);
    const created: TicketView[] = [];
    client.on('ticket_created', (ticket) => created.push(ticket));
    await online(client);
    await goAway(client);
    const other = await ana.createTicket({ topic: 'Another parcel' });
    await kim.send(other.id, 'I see');
    await proxy.accept();
    client.connect();
    await eventually(() => expect(told.map(({ content }) => content)).toContain('I see'), {
      timeout: 15_000,
    });
    expect(created.map(({ id }) => id)).toEqual([other.id]);
  });

  test('staff catch up on the tickets they have open', async () => {
    const { ana, ticket } = await openCustomer();
    const token = mintToken({ role: 'AGENT' });
    const { client, told } = connect(token);
    await online(client);
    const open = client.openTicket(ticket.id);
    await open.ready();
    // Staff hear of every ticket, those of the other tests too.
    const here = () =>
      told.filter(({ content }) => content === 'staff one' || content === 'staff two');
    await ana.send(ticket.id, 'staff one');
    await eventually(() => expect(here()).toHaveLength(1));
    await goAway(client);
    await ana.send(ticket.id, 'staff two');
    await proxy.accept();
    client.connect();
    await eventually(() => expect(told.map(({ rev }) => rev)).toEqual([1, 2]), { timeout: 15_000 });
    expect(shown(open).map(({ content }) => content)).toEqual(['staff one', 'staff two']);
  });
});
