import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { WebSocket } from 'ws';
import type { TicketView } from '../../src/contract/tickets.ts';
import { type RunningApp, startApp } from '../support/app.ts';
import { eventually } from '../support/eventually.ts';
import { startFaultProxy } from '../support/fault-proxy.ts';
import { testMongoUri } from '../support/mongo.ts';
import { type Listener, listenAt, newPerson, type Person } from '../support/people.ts';

const MISSING = 'ffffffffffffffffffffffff';
let app: RunningApp;
let open: Listener[] = [];
beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.stop());
afterEach(() => {
  for (const { socket } of open) socket.close();
  open = [];
});

async function listenAs(person: Person): Promise<Listener> {
  const listener = listenAt(app.url);
  open.push(listener);
  expect(await listener.ask('authorize', { token: person.token })).toMatchObject({ ok: true });
  return listener;
}

/** A customer with a ticket and a socket, an agent with one too. */
async function buildScene() {
  const ana = newPerson(app.url, 'CUSTOMER', { username: 'Ana' });
  const kim = newPerson(app.url, 'AGENT', { username: 'Kim' });
  const ticket = await ana.createTicket();
  return { ana, kim, ticket, hers: await listenAs(ana), his: await listenAs(kim) };
}

const refused = (error: string) => ({ ok: false, error, message: expect.stringMatching(/./) });
const logged = ({ received }: Listener) =>
  received
    .filter(({ event }) => event !== 'authorized')
    .map(({ event, data }) => [event, data.rev ?? data.last_seq]);

describe('events with an ack', () => {
  test('send_message → message: stored, answered, and sent to every socket of the ticket', async () => {
    const { ana, ticket, hers, his } = await buildScene();
    const secondTab = await listenAs(ana);
    const ack = await hers.ask('send_message', {
      ticket_id: ticket.id,
      content: 'hello',
      client_id: 'c-1',
    });
    expect(ack).toMatchObject({
      ok: true,
      message: { content: 'hello', client_id: 'c-1', seq: 1 },
    });
    for (const socket of [hers, secondTab, his]) {
      await eventually(() => expect(socket.events('message')).toEqual([ack.message]));
    }
    expect((await ana.list(ticket.id)).body).toEqual([ack.message]);
  });

  test('a seen client_id is answered with the same message and sent to nobody again', async () => {
    const { ticket, hers, ana } = await buildScene();
    const input = { ticket_id: ticket.id, content: 'hello', client_id: 'c-1' };
    const [first, again] = [
      await hers.ask('send_message', input),
      await hers.ask('send_message', input),
    ];
    expect(again).toEqual(first);
    expect(await hers.ask('send_message', { ...input, content: 'other' })).toMatchObject(
      refused('CONFLICT'),
    );
    await ana.send(ticket.id, 'next');
    await eventually(() => expect(hers.events('message')).toHaveLength(2));
  });

  test('edit → message and delete → message', async () => {
    const { ticket, hers, his } = await buildScene();
    const { message } = await hers.ask('send_message', { ticket_id: ticket.id, content: 'helo' });
    const target = { ticket_id: ticket.id, message_id: message.id };
    const edited = await hers.ask('edit', { ...target, content: 'hello' });
    expect(edited).toMatchObject({
      ok: true,
      message: { id: message.id, content: 'hello', rev: 2, edited: true },
    });
    const deleted = await hers.ask('delete', target);
    expect(deleted).toMatchObject({
      ok: true,
      message: { id: message.id, content: '', rev: 3, deleted: true },
    });
    await eventually(() =>
      expect(his.received.slice(1)).toEqual([
        { event: 'message', data: message },
        { event: 'edit_message', data: edited.message },
        { event: 'delete_message', data: deleted.message },
      ]),
    );
  });

  test('close_ticket → ticket, with the entry as its last_seq', async () => {
    const { ticket, hers, his } = await buildScene();
    const ack = await hers.ask('close_ticket', { ticket_id: ticket.id, reason: ' done ' });
    expect(ack).toMatchObject({
      ok: true,
      ticket: { status: 'CLOSED', close_reason: 'done', last_seq: 1 },
    });
    // Staff are told the same, and what is theirs alone.
    const forStaff = { ...ack.ticket, tags: [], snoozed_until: null, escalation: null };
    await eventually(() => expect(his.events('ticket_closed')).toEqual([forStaff]));
    expect(await his.ask('close_ticket', { ticket_id: ticket.id })).toEqual({
      ok: true,
      ticket: { ...forStaff, last_internal_seq: 0, sla: expect.any(Object) },
    });
    expect(his.events('ticket_closed')).toHaveLength(1);
  });

  test('sync → messages, ticket, head, more: the same rows as REST', async () => {
    const { ana, kim, ticket, hers, his } = await buildScene();
    const sent = await ana.send(ticket.id, 'one');
    await kim.send(ticket.id, 'two');
    await ana.call('DELETE', `/tickets/${ticket.id}/messages/${sent.body.id}`);
    await kim.call('PATCH', `/tickets/${ticket.id}`, { issue_level: 'URGENT' });
    const ack = await hers.ask('sync', { ticket_id: ticket.id, after: 0 });
    const rows = await ana.list(ticket.id, '?after=0');
    expect(ack).toEqual({
      ok: true,
      messages: rows.body,
      ticket: (await ana.call('GET', `/tickets/${ticket.id}`)).body,
      // The third entry is the ticket's: staff have answered for the first time.
      head: 5,
      more: false,
    });
    expect(rows.body.map(({ rev }) => rev)).toEqual([2, 4]);
    const staff = await his.ask('sync', { ticket_id: ticket.id, after: 2 });
    expect(staff.messages).toEqual((await kim.list(ticket.id, '?after=2')).body);
    expect(await hers.ask('sync', { ticket_id: ticket.id, after: 4 })).toMatchObject({
      messages: [],
      more: false,
    });
  });

  test('sync pages 500 at a time without a gap', async () => {
    const { ana, ticket, hers } = await buildScene();
    await Promise.all(Array.from({ length: 510 }, (_, i) => ana.send(ticket.id, `m${i}`)));
    const seen: number[] = [];
    let after = 0;
    for (let more = true; more; ) {
      const page = await hers.ask('sync', { ticket_id: ticket.id, after });
      expect(page.messages.length).toBeLessThanOrEqual(500);
      seen.push(...page.messages.map(({ rev }: { rev: number }) => rev));
      after = seen.at(-1) ?? 0;
      more = page.more;
    }
    expect(seen).toEqual(Array.from({ length: 510 }, (_, i) => i + 1));
  });

  test('typing and read reach the others only, the customer’s other tabs not either', async () => {
    const { ana, kim, ticket, hers, his } = await buildScene();
    const secondTab = await listenAs(ana);
    const stranger = await listenAs(newPerson(app.url));
    const boss = await listenAs(newPerson(app.url, 'ADMIN'));
    await ana.send(ticket.id, 'hello');
    expect(await hers.ask('typing', { ticket_id: ticket.id })).toEqual({ ok: true });
    expect(await his.ask('typing', { ticket_id: ticket.id })).toEqual({ ok: true });
    expect(await his.ask('read', { ticket_id: ticket.id, seq: 99 })).toEqual({ ok: true });
    const byAna = { ticket_id: ticket.id, user_id: ana.id, username: 'Ana', role: 'CUSTOMER' };
    const byKim = { ticket_id: ticket.id, user_id: kim.id, username: 'Kim', role: 'AGENT' };
    await eventually(() => {
      expect(his.events('typing')).toEqual([byAna]);
      for (const socket of [hers, secondTab]) {
        expect(socket.events('typing')).toEqual([byKim]);
        expect(socket.events('read')).toEqual([{ ...byKim, seq: 1 }]);
      }
      expect(boss.events('typing')).toEqual([byAna, byKim]);
      expect(his.events('read')).toEqual([]);
    });
    expect(logged(stranger)).toEqual([]);
  });
});

describe('failures', () => {
  test.each([
    ['send_message', { content: 'x' }],
    ['edit', { message_id: MISSING, content: 'x' }],
    ['delete', { message_id: MISSING }],
    ['close_ticket', {}],
    ['sync', { after: 0 }],
    ['typing', {}],
    ['read', { seq: 1 }],
  ])(
    '%s: missing and other people’s tickets are NOT_FOUND by ack, and by `error` without one',
    async (event, more) => {
      const { hers } = await buildScene();
      const others = await newPerson(app.url).createTicket();
      for (const ticket_id of [MISSING, others.id]) {
        expect(await hers.ask(event, { ticket_id, ...more })).toEqual(refused('NOT_FOUND'));
        hers.socket.emit(event, { ticket_id, ...more });
      }
      const { ok: _, ...body } = refused('NOT_FOUND');
      await eventually(() => expect(hers.events('error')).toEqual([body, body]));
    },
  );

  test.each([
    ['send_message', { content: '' }, 'content', 'too_short'],
    ['send_message', { content: 'x', attachments: ['y'] }, 'attachments.0', 'invalid_format'],
    ['send_message', {}, 'content', 'required'],
    ['edit', { message_id: 'x', content: 'x' }, 'message_id', 'invalid_format'],
    ['delete', {}, 'message_id', 'required'],
    ['close_ticket', { reason: 5 }, 'reason', 'invalid_type'],
    ['sync', { after: -1 }, 'after', 'too_short'],
    ['sync', { after: 1.5 }, 'after', 'invalid_type'],
    ['read', { seq: '1' }, 'seq', 'invalid_type'],
  ])('%s %j names the wrong field', async (event, more, location, type) => {
    const { hers, ticket } = await buildScene();
    expect(await hers.ask(event, { ticket_id: ticket.id, ...more })).toMatchObject({
      ok: false,
      error: 'BAD_REQUEST',
      message: 'Invalid form of body',
      errors: [{ location, type, in: 'body' }],
    });
  });

  test.each([undefined, null, [], 'x', 5, true, [[]], { ticket_id: { $ne: null } }])(
    'a payload of %j is BAD_REQUEST for every event',
    async (payload) => {
      const { hers } = await buildScene();
      for (const event of [
        'send_message',
        'edit',
        'delete',
        'close_ticket',
        'sync',
        'typing',
        'read',
      ]) {
        expect(await hers.ask(event, payload)).toMatchObject({
          ...refused('BAD_REQUEST'),
          errors: expect.any(Array),
        });
      }
    },
  );

  test('a binary payload is BAD_REQUEST', async () => {
    const { hers, ticket } = await buildScene();
    const bytes = Buffer.from('hello');
    expect(await hers.ask('send_message', bytes)).toMatchObject(refused('BAD_REQUEST'));
    expect(await hers.ask('send_message', { ticket_id: ticket.id, content: bytes })).toMatchObject({
      ...refused('BAD_REQUEST'),
      errors: [{ location: 'content' }],
    });
  });

  test.each([
    'unknown',
    '__proto__',
    'constructor',
    'toString',
    'hasOwnProperty',
    'message',
    'x'.repeat(500),
    '',
  ])('an unknown event %j is NOT_FOUND', async (event) => {
    const { hers } = await buildScene();
    expect(await hers.ask(event, {})).toEqual(refused('NOT_FOUND'));
    hers.socket.emit(event, {});
    await eventually(() => expect(hers.events('error')).toHaveLength(1));
  });

  test('an event whose name is a number is NOT_FOUND', async () => {
    const { hers } = await buildScene();
    expect(await hers.ask(5 as never, {})).toEqual(refused('NOT_FOUND'));
  });

  test('changes judged wrong: another’s message FORBIDDEN, a deleted one NOT_FOUND, a closed ticket CONFLICT', async () => {
    const { ana, kim, ticket, hers, his } = await buildScene();
    const { body: kims } = await kim.send(ticket.id, 'mine');
    const { body: anas } = await ana.send(ticket.id, 'hers');
    const kimsTarget = { ticket_id: ticket.id, message_id: kims.id };
    const anasTarget = { ticket_id: ticket.id, message_id: anas.id };
    expect(await hers.ask('edit', { ...kimsTarget, content: 'x' })).toEqual(refused('FORBIDDEN'));
    expect(await hers.ask('delete', kimsTarget)).toEqual(refused('FORBIDDEN'));
    expect(await his.ask('edit', { ...anasTarget, content: 'x' })).toEqual(refused('FORBIDDEN'));
    expect(await his.ask('delete', anasTarget)).toMatchObject({ ok: true });
    expect(await hers.ask('edit', { ...anasTarget, content: 'x' })).toEqual(refused('NOT_FOUND'));
    await ana.close(ticket.id);
    expect(await hers.ask('send_message', { ticket_id: ticket.id, content: 'x' })).toEqual(
      refused('CONFLICT'),
    );
    expect(await his.ask('edit', { ...kimsTarget, content: 'x' })).toEqual(refused('CONFLICT'));
    expect(await his.ask('delete', kimsTarget)).toEqual(refused('CONFLICT'));
  });

  test('a packet above 64 KB ends the connection, and only that one', async () => {
    const { hers, his, ticket } = await buildScene();
    hers.socket.emit('send_message', { ticket_id: ticket.id, content: 'x'.repeat(70_000) });
    await eventually(() => expect(hers.socket.connected).toBe(false));
    expect(his.socket.connected).toBe(true);
  });

  test('what is no packet ends the connection, and the server goes on', async () => {
    const { his, ticket } = await buildScene();
    const address = `${app.url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket`;
    for (const junk of [
      '40',
      '42["send_message"',
      '4999',
      '42{"a":1}',
      '\u0000',
      '42[null]',
      '451-["x",{"_placeholder":true,"num":9}]',
      '42["connect"]',
    ]) {
      const raw = new WebSocket(address);
      await new Promise((resolve) => raw.once('open', resolve));
      raw.send('40');
      raw.send(junk);
      raw.send(Buffer.from([1, 2, 3]));
      await new Promise((resolve) => setTimeout(resolve, 20));
      raw.close();
    }
    expect(await his.ask('sync', { ticket_id: ticket.id, after: 0 })).toMatchObject({ ok: true });
  });
});

describe('who hears what', () => {
  test('a customer hears all own tickets on every device, in order, and nobody else’s', async () => {
    const { ana, kim, ticket, hers } = await buildScene();
    const phone = await listenAs(ana);
    const second = await ana.createTicket();
    const stranger = await newPerson(app.url).createTicket();
    await kim.send(stranger.id, 'not for Ana');
    await ana.send(ticket.id, 'one');
    await kim.send(second.id, 'two');
    await kim.call('PATCH', `/tickets/${ticket.id}`, { issue_level: 'URGENT' });
    await kim.close(ticket.id);
    const wanted = [
      ['ticket_created', 0],
      ['message', 1],
      ['message', 1],
      ['ticket_updated', 2],
      ['ticket_updated', 2],
      ['ticket_closed', 3],
    ];
    await eventually(() => {
      expect(logged(hers)).toEqual(wanted);
      expect(logged(phone)).toEqual(wanted);
    });
  });

  test('staff hear every ticket until the first subscribe narrows them, and again after {all: true}', async () => {
    const { ana, kim, ticket, his } = await buildScene();
    const other = await ana.createTicket();
    const contents = () => his.events('message').map(({ content }) => content);
    await ana.send(ticket.id, 'wide 1');
    await ana.send(other.id, 'wide 2');
    await eventually(() => expect(contents()).toEqual(['wide 1', 'wide 2']));
    expect(await his.ask('subscribe', { ticket_id: ticket.id })).toEqual({ ok: true });
    await ana.send(other.id, 'not heard');
    const unseen = await ana.createTicket();
    await ana.send(ticket.id, 'narrow');
    await eventually(() => expect(contents()).toEqual(['wide 1', 'wide 2', 'narrow']));
    expect(his.events('ticket_created').map(({ id }) => id)).not.toContain(unseen.id);
    expect(await his.ask('subscribe', { ticket_id: other.id })).toEqual({ ok: true });
    expect(await his.ask('unsubscribe', { ticket_id: ticket.id })).toEqual({ ok: true });
    await ana.send(ticket.id, 'not heard');
    await ana.send(other.id, 'subscribed');
    await eventually(() => expect(contents().at(-1)).toBe('subscribed'));
    expect(await his.ask('authorize', { token: kim.token })).toMatchObject({ ok: true });
    await ana.send(ticket.id, 'still narrow after a renewal');
    expect(await his.ask('subscribe', { all: true })).toEqual({ ok: true });
    await ana.send(ticket.id, 'wide again');
    await ana.send(unseen.id, 'and everywhere');
    await eventually(() =>
      expect(contents()).toEqual([
        'wide 1',
        'wide 2',
        'narrow',
        'subscribed',
        'wide again',
        'and everywhere',
      ]),
    );
  });

  test('staff who come when nobody was listening hear what comes from then on, not what was before', async () => {
    const quiet = await startApp({ SWEEP_INTERVAL_MS: '100' });
    try {
      const ana = newPerson(quiet.url, 'CUSTOMER', { username: 'Ana' });
      const kim = newPerson(quiet.url, 'AGENT', { username: 'Kim' });
      const ticket = await ana.createTicket();
      const before = await ana.send(ticket.id, 'before');
      // Ids count seconds and clocks may differ by one, so that much from before may come along.
      await new Promise((resolve) => setTimeout(resolve, 2100));
      const staff = listenAt(quiet.url);
      open.push(staff);
      await staff.ask('authorize', { token: kim.token });
      await new Promise((resolve) => setTimeout(resolve, 400));
      await ana.send(ticket.id, 'after');
      await eventually(() => expect(staff.events('message')).toHaveLength(1));
      expect(staff.events('message')[0]).toMatchObject({ content: 'after' });
      expect(before.status).toBe(201);
    } finally {
      await quiet.stop();
    }
  });

  test('a subscribed and wide socket hears each event once', async () => {
    const { ana, ticket, his } = await buildScene();
    await his.ask('subscribe', { ticket_id: ticket.id });
    await his.ask('subscribe', { all: true });
    await ana.send(ticket.id, 'once');
    await ana.send(ticket.id, 'then');
    await eventually(() =>
      expect(his.events('message').map(({ content }) => content)).toEqual(['once', 'then']),
    );
  });

  test('customers cannot subscribe; staff cannot to a missing ticket', async () => {
    const { ticket, hers, his } = await buildScene();
    const others = await newPerson(app.url).createTicket();
    for (const input of [{ all: true }, { ticket_id: ticket.id }, { ticket_id: others.id }]) {
      expect(await hers.ask('subscribe', input)).toEqual(refused('FORBIDDEN'));
    }
    expect(await hers.ask('unsubscribe', { ticket_id: ticket.id })).toEqual(refused('FORBIDDEN'));
    expect(await his.ask('subscribe', { ticket_id: MISSING })).toEqual(refused('NOT_FOUND'));
    expect(await his.ask('subscribe', { all: false })).toMatchObject(refused('BAD_REQUEST'));
    expect(await his.ask('subscribe', {})).toMatchObject(refused('BAD_REQUEST'));
  });

  test('everything after the cursors of authorize comes on the socket', async () => {
    const ana = newPerson(app.url);
    const tickets: TicketView[] = [];
    for (let i = 0; i < 3; i++) tickets.push(await ana.createTicket());
    const writing = (async () => {
      for (let i = 0; i < 30; i++) await ana.send(tickets[i % 3]?.id as string, `m${i}`);
    })();
    const sockets = await Promise.all(
      Array.from({ length: 6 }, async () => {
        const listener = listenAt(app.url);
        open.push(listener);
        return { listener, ack: await listener.ask('authorize', { token: ana.token }) };
      }),
    );
    await writing;
    for (const { listener, ack } of sockets) {
      await eventually(() => {
        for (const { id } of tickets) {
          const revs = listener
            .events('message')
            .filter((m) => m.ticket_id === id)
            .map(({ rev }) => rev);
          const fresh = revs.filter((rev) => rev > ack.cursors[id]);
          const wanted = Array.from(
            { length: 10 - ack.cursors[id] },
            (_, i) => ack.cursors[id] + 1 + i,
          );
          expect(fresh).toEqual(wanted);
          expect(revs).toEqual(revs.toSorted((a, b) => a - b));
        }
      });
    }
  });
});

test('what comes within one moment comes together: an event and the answer in one poll', async () => {
  const ana = newPerson(app.url);
  const { id } = await ana.createTicket();
  const base = `${app.url}/socket.io/?EIO=4&transport=polling`;
  const { sid } = JSON.parse((await (await fetch(base)).text()).slice(1));
  const address = `${base}&sid=${sid}`;
  const poll = async () => (await (await fetch(address)).text()).split('\x1e');
  const post = (body: string) => fetch(address, { method: 'POST', body });
  await post(`40${JSON.stringify({ token: ana.token })}`);
  const packets: string[] = [];
  await eventually(async () => {
    packets.push(...(await poll()));
    expect(packets.some((packet) => packet.startsWith('42["authorized"'))).toBe(true);
  });
  const polled = poll();
  await post(`420${JSON.stringify(['send_message', { ticket_id: id, content: 'hello' }])}`);
  const kinds = (await polled).map((packet) => packet.slice(0, packet.startsWith('43') ? 3 : 11));
  expect(kinds).toEqual(['42["message', '430']);
});

/** A WebSocket as it is on the wire: the bytes of each read, and a session to connect in. */
async function openWire(url: string) {
  const raw = new WebSocket(`${url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket`);
  const reads: string[] = [];
  await new Promise((resolve) => raw.once('open', resolve));
  const { _socket: wire } = raw as unknown as { _socket: Socket };
  wire.on('data', (bytes: Buffer) => reads.push(bytes.toString('latin1')));
  return { raw, reads };
}

test('who has a token in the handshake gets the answer to it and `authorized` by one write', async () => {
  const ana = newPerson(app.url);
  await ana.createTicket();
  const { raw, reads } = await openWire(app.url);
  raw.send(`40{"token":${JSON.stringify(ana.token)}}`);
  await eventually(() => expect(reads.join('')).toContain('42["authorized"'));
  expect(reads.find((bytes) => bytes.includes('40{"sid"'))).toContain('42["authorized"');
  raw.close();
});

test('where the database is slow the answer to a handshake does not wait for `authorized`', async () => {
  const port = Number(new URL(testMongoUri()).port);
  const proxy = await startFaultProxy({ target: { port } });
  const uri = new URL(testMongoUri());
  uri.port = String(proxy.port);
  uri.search = '?directConnection=true';
  const slow = await startApp({ MONGO_URI: uri.href });
  const ana = newPerson(slow.url);
  const { raw, reads } = await openWire(slow.url);
  proxy.setFault({ type: 'latency', ms: 500 });
  raw.send(`40{"token":${JSON.stringify(ana.token)}}`);
  await eventually(() => expect(reads.join('')).toContain('42["authorized"'));
  expect(reads.find((bytes) => bytes.includes('40{"sid"'))).not.toContain('42["authorized"');
  const { raw: left, reads: after } = await openWire(slow.url);
  left.send(`40{"token":${JSON.stringify(ana.token)}}`);
  await eventually(() => expect(after.join('')).toContain('40{"sid"'));
  left.send('41');
  // Until the database has answered, several times over.
  await sleep(3000);
  expect(after.join('')).not.toContain('authorized');
  raw.close();
  left.close();
  proxy.clear();
  await slow.stop();
  await proxy.close();
});

test('a reader that does not read is cut, and catches up from its cursor', async () => {
  const small = await startApp({
    MAX_SOCKET_BUFFER_BYTES: '262144',
    MAX_CONNECTIONS_PER_USER: '2',
  });
  const ana = newPerson(small.url);
  const ticket = await ana.createTicket();
  const address = `${small.url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket`;
  const raw = new WebSocket(address);
  const got: string[] = [];
  raw.on('message', (data) => got.push(data.toString()));
  await new Promise((resolve) => raw.once('open', resolve));
  raw.send(`40{"token":${JSON.stringify(ana.token)}}`);
  await eventually(() => expect(got.some((packet) => packet.includes('authorized'))).toBe(true));
  raw.pause();
  const good = listenAt(small.url);
  open.push(good);
  await good.ask('authorize', { token: ana.token });
  // The user has as many sockets as allowed: a third one gets in once the paused one is cut. One that
  // has not got in within 10 s is closed, which a busy machine may take.
  let back = listenAt(small.url);
  open.push(back);
  const text = '\u{1f600}'.repeat(4000);
  let sent = 0;
  await eventually(
    async () => {
      await Promise.all(Array.from({ length: 10 }, () => ana.send(ticket.id, text)));
      sent += 10;
      if (back.socket.disconnected) {
        back = listenAt(small.url);
        open.push(back);
      }
      expect(await back.ask('authorize', { token: ana.token })).toMatchObject({ ok: true });
    },
    { timeout: 20_000, every: 1 },
  );
  raw.resume();
  await new Promise((resolve) => raw.once('close', resolve));
  const heard = got.filter((packet) => packet.startsWith('42["message"')).length;
  expect(heard).toBeLessThan(sent);
  await eventually(() => expect(good.events('message')).toHaveLength(sent));
  const page = await back.ask('sync', { ticket_id: ticket.id, after: heard });
  const missed = Math.min(500, sent - heard);
  expect(page.messages.map(({ rev }: { rev: number }) => rev)).toEqual(
    Array.from({ length: missed }, (_, i) => heard + 1 + i),
  );
  await small.stop();
});

test('a server that stops tells every socket when to come back, each at another time', async () => {
  const leaving = await startApp();
  const ana = newPerson(leaving.url);
  const sockets = await Promise.all(
    Array.from({ length: 30 }, async () => {
      const listener = listenAt(leaving.url);
      await listener.ask('authorize', { token: ana.token });
      return listener;
    }),
  );
  await leaving.stop();
  await eventually(() => {
    for (const { socket, events } of sockets) {
      expect(events('server_restarting')).toEqual([{ retry_in: expect.any(Number) }]);
      expect(socket.connected).toBe(false);
    }
  });
  const times: number[] = sockets.map(({ events }) => events('server_restarting')[0].retry_in);
  expect(new Set(times).size).toBeGreaterThanOrEqual(10);
  expect(Math.max(...times) - Math.min(...times)).toBeGreaterThan(1000);
  expect(Math.min(...times)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...times)).toBeLessThanOrEqual(5000);
});

test('a WebSocket that the server has closed is cut where its peer does not close it', async () => {
  const { raw } = await openWire(app.url);
  const { _socket: wire } = raw as unknown as { _socket: Socket };
  const cut = new Promise((resolve) => wire.once('close', resolve));
  // Nothing of `ws` answers the close any more.
  wire.removeAllListeners('data');
  wire.on('data', () => undefined);
  const from = performance.now();
  raw.send('40');
  raw.send('40');
  await cut;
  expect(performance.now() - from).toBeLessThan(15_000);
});

test('who is let in while the server stops is told that it restarts', async () => {
  const stopping = await startApp();
  const ana = newPerson(stopping.url);
  const { raw, reads } = await openWire(stopping.url);
  const stopped = stopping.stopServer();
  await sleep(10);
  raw.send(`40{"token":${JSON.stringify(ana.token)}}`);
  await stopped;
  expect(reads.join('')).toContain('42["server_restarting"');
  await stopping.stop();
});
