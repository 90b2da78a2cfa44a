import { type ChildProcess, spawn } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { io } from 'socket.io-client';
import { WebSocket } from 'ws';
import type { ErrorBody } from '../../src/contract/errors.ts';
import { type RunningApp, SECRET, startApp } from '../support/app.ts';
import { eventually } from '../support/eventually.ts';
import { type Listener, listenAt, mintToken, newPerson, personAt } from '../support/people.ts';

let app: RunningApp;
let open: Listener[] = [];
beforeAll(async () => {
  app = await startApp({ ALLOWED_ORIGINS: 'https://shop.example', MAX_CONNECTIONS_PER_USER: '3' });
});
afterAll(() => app.stop());
afterEach(() => {
  for (const { socket } of open) socket.close();
  open = [];
});

function listen(options: Parameters<typeof listenAt>[1] = {}, url = app.url): Listener {
  const listener = listenAt(url, options);
  open.push(listener);
  return listener;
}

/** Why a connection was refused: the `connect_error`. */
function refusalOf({ socket }: Listener): Promise<Error & { data?: unknown }> {
  return new Promise((resolve, reject) => {
    socket.once('connect_error', resolve);
    socket.once('connect', () => reject(new Error('it was let in')));
  });
}

const cut = ({ socket }: Listener) => eventually(() => expect(socket.connected).toBe(false));

/** A token that REST refuses in `seconds`, which includes the skew. */
const shortToken = (seconds: number, claims: object = {}) =>
  mintToken({ ...claims, exp: Math.floor(Date.now() / 1000) - 60 + seconds }, {});

describe('a bearer token among the headers of the handshake', () => {
  const withHeader = (authorization: string, more: object = {}) =>
    listen({ extraHeaders: { authorization }, ...more });

  test('authorises at once, and authorize without a token takes it', async () => {
    const ana = newPerson(app.url, 'CUSTOMER');
    const socket = withHeader(`Bearer ${ana.token}`);
    await eventually(() => expect(socket.events('authorized')).toHaveLength(1));
    expect(socket.events('authorized')[0].user).toMatchObject({ id: ana.id });
    expect(await socket.ask('authorize', {})).toMatchObject({ ok: true, user: { id: ana.id } });
  });

  test('that is bad is a connect_error that says why', async () => {
    const error = await refusalOf(withHeader('Bearer x.y.z'));
    expect(error.data).toMatchObject({ error: 'UNAUTHORIZED', message: error.message });
  });

  test('gives way to auth.token, and another scheme is not looked at', async () => {
    const ana = newPerson(app.url);
    const kim = newPerson(app.url);
    const both = withHeader(`Bearer ${ana.token}`, { auth: { token: kim.token } });
    await eventually(() => expect(both.events('authorized')).toHaveLength(1));
    expect(both.events('authorized')[0].user.id).toBe(kim.id);
    const basic = withHeader('Basic dXNlcjpwYXNz');
    expect(await basic.ask('authorize', {})).toMatchObject({ message: 'a token is required' });
    expect(await basic.ask('authorize', { token: ana.token })).toMatchObject({ ok: true });
  });
});

describe('a guest without an email, and an id that is a number', () => {
  test('are shown as null and as digits', async () => {
    const token = mintToken({ id: 4711 as never, email: null as never, role: 'TEMP_USER' });
    const socket = listen({ auth: { token } });
    await eventually(() => expect(socket.events('authorized')).toHaveLength(1));
    expect(socket.events('authorized')[0].user).toEqual({
      id: '4711',
      username: 'Ana',
      email: null,
      role: 'TEMP_USER',
    });
    const ticket = await personAt(app.url, token).createTicket();
    expect(ticket.user_id).toBe('4711');
    const asText = newPerson(app.url, 'CUSTOMER', { id: '4711' });
    expect(await asText.call('GET', `/tickets/${ticket.id}`)).toMatchObject({ status: 200 });
  });
});

describe('a signed token with nonsense for a role or for all its claims', () => {
  const forged = (payload: string) => {
    const part = (text: string) => Buffer.from(text).toString('base64url');
    const signed = `${part('{"alg":"HS256","typ":"JWT"}')}.${part(payload)}`;
    return `${signed}.${createHmac('sha256', SECRET).update(signed).digest('base64url')}`;
  };

  test.each([
    ['{"id":"1","username":"A","email":"a@b.c","role":{"toString":1}}', /^role ".*" is not one of/],
    ['null', /^the claims are not an object$/],
  ])('%s is refused with a reason, on REST and on a socket', async (payload, reason) => {
    const token = forged(payload);
    const { status, body } = await personAt(app.url, token).call<ErrorBody>('GET', '/tickets');
    expect({ status, error: body.error }).toEqual({ status: 401, error: 'UNAUTHORIZED' });
    expect(body.message).toMatch(reason);
    expect((await refusalOf(listen({ auth: { token } }))).message).toMatch(reason);
    expect(await listen().ask('authorize', { token })).toMatchObject({ error: 'UNAUTHORIZED' });
  });
});

describe('the plainest client', () => {
  /** What a first program looks like; it has to go on working, letter by letter. */
  const example = (SOCKET_URL: string, token: string) => `
import { io } from 'socket.io-client';

const SOCKET_URL = '${SOCKET_URL}';
const token = '${token}';

const socket = io(SOCKET_URL, {
  query: { token },
});

// Listen for events
socket.on('message', (data) => {
  console.log('New message:', data);
  // Handle the data
});

socket.on('edit_message', (data) => {
  console.log('Message edited:', data);
    // Handle the data

});

socket.on('delete_message', (data) => {
  console.log('Message Deleted:', data);
    // Handle the data

});

socket.on('ticket_closed', (data) => {
  console.log('Ticket closed:', data);
    // Handle the data

});

// Authorize after connecting
socket.emit('authorize', { token });
`;
  let program: ChildProcess;
  afterEach(() => void program.kill('SIGKILL'));

  test('unchanged, prints a staff member’s message, its edit, its deletion and the closing', async () => {
    const ana = newPerson(app.url, 'CUSTOMER');
    const kim = newPerson(app.url, 'AGENT', { username: 'Kim' });
    const ticket = await ana.createTicket();
    const args = ['--input-type=module', '--eval', example(app.url, ana.token)];
    program = spawn(process.execPath, args, { cwd: join(import.meta.dirname, '../..') });
    let printed = '';
    program.stdout?.on('data', (data) => {
      printed += data;
    });
    // The program says nothing when it has authorised: speak until it hears.
    await eventually(
      async () => {
        await kim.send(ticket.id, 'Hello?');
        expect(printed).toContain("content: 'Hello?'");
      },
      { every: 100, timeout: 10_000 },
    );
    const sent = await kim.send(ticket.id, 'We are looking into it.');
    const path = `/tickets/${ticket.id}/messages/${sent.body.id}`;
    await kim.call('PATCH', path, { content: 'We have found it.' });
    await kim.call('DELETE', path);
    await kim.close(ticket.id, 'found');
    await eventually(() => expect(printed).toContain('Ticket closed:'));
    const at = (text: string) => {
      expect(printed).toContain(text);
      return printed.indexOf(text);
    };
    const order = [
      at('New message: {'),
      at("content: 'We are looking into it.'"),
      at('Message edited: {'),
      at("content: 'We have found it.'"),
      at('Message Deleted: {'),
      at('Ticket closed: {'),
      at("status: 'CLOSED'"),
    ];
    expect(order).toEqual(order.toSorted((a, b) => a - b));
  });
});

describe('authorising', () => {
  test('by event: the ack and `authorized` carry user and cursors', async () => {
    const ana = newPerson(app.url, 'CUSTOMER', { username: 'Ana' });
    const ticket = await ana.createTicket();
    await ana.send(ticket.id, 'one');
    const closed = await ana.createTicket();
    await ana.close(closed.id);
    const socket = listen();
    const ack = await socket.ask('authorize', { token: ana.token });
    expect(ack).toEqual({
      ok: true,
      user: { id: ana.id, username: 'Ana', email: `${ana.id}@example.com`, role: 'CUSTOMER' },
      cursors: { [ticket.id]: 1 },
    });
    const { ok: _, ...rest } = ack;
    expect(socket.events('authorized')).toEqual([rest]);
  });

  test('by the handshake’s auth: authorised at once', async () => {
    const ana = newPerson(app.url);
    const ticket = await ana.createTicket();
    const socket = listen({ auth: { token: ana.token } });
    await eventually(() =>
      expect(socket.events('authorized')).toMatchObject([{ cursors: { [ticket.id]: 0 } }]),
    );
    await ana.send(ticket.id, 'hello');
    await eventually(() => expect(socket.events('message')).toHaveLength(1));
  });

  test.each([[undefined], [{}], [null]])(
    'by the query, when authorize brings %j',
    async (input) => {
      const ana = newPerson(app.url);
      const socket = listen({ query: { token: ana.token } });
      const ack = await socket.ask('authorize', input);
      expect(ack).toMatchObject({ ok: true, user: { id: ana.id } });
    },
  );

  test('without an ack callback `authorized` is the answer', async () => {
    const ana = newPerson(app.url);
    const socket = listen();
    socket.socket.emit('authorize', { token: ana.token });
    await eventually(() =>
      expect(socket.events('authorized')).toMatchObject([{ user: { id: ana.id } }]),
    );
  });

  test('a token in the query alone lets nothing through before authorize', async () => {
    const ana = newPerson(app.url);
    const ticket = await ana.createTicket();
    const socket = listen({ query: { token: ana.token } });
    await eventually(() => expect(socket.socket.connected).toBe(true));
    await ana.send(ticket.id, 'hello');
    expect(await socket.ask('sync', { ticket_id: ticket.id, after: 0 })).toMatchObject({
      ok: false,
      error: 'UNAUTHORIZED',
    });
    expect(socket.events('message')).toEqual([]);
  });

  test('cursors of staff are empty, of a customer the newest 100 open tickets', async () => {
    const kim = newPerson(app.url, 'AGENT');
    expect(await listen().ask('authorize', { token: kim.token })).toMatchObject({ cursors: {} });
    const ana = newPerson(app.url);
    const made = await Promise.all(Array.from({ length: 102 }, () => ana.createTicket()));
    const { cursors } = await listen().ask('authorize', { token: ana.token });
    const newest = made
      .map(({ id }) => id)
      .toSorted()
      .slice(-100);
    expect(Object.keys(cursors).toSorted()).toEqual(newest);
  });

  test.each([
    ['no token', undefined, 'a token is required'],
    ['an empty one', { token: '' }, 'a token is required'],
    ['garbage', { token: 'x' }, 'the token is not a JWT'],
    ['an expired one', { token: mintToken({}, { expiresIn: -100 }) }, 'token expired'],
    ['a forged one', { token: mintToken({}, {}, 'another-secret') }, 'signature does not match'],
    [
      'a wrong role',
      { token: mintToken({ role: 'customer' }) },
      'role "customer" is not one of TEMP_USER, CUSTOMER, AGENT, ADMIN',
    ],
  ])('with %s fails by ack, and by `error` without one', async (_what, input, message) => {
    const socket = listen();
    const refusal = { error: 'UNAUTHORIZED', message };
    expect(await socket.ask('authorize', input)).toEqual({ ok: false, ...refusal });
    socket.socket.emit('authorize', input);
    await eventually(() => expect(socket.events('error')).toEqual([refusal]));
    expect(socket.socket.connected).toBe(true);
  });

  test.each([{ token: 5 }, { token: null }, { token: { $ne: null } }, 'token', [1], 5])(
    'a malformed payload %j is named',
    async (input) => {
      expect(await listen().ask('authorize', input)).toMatchObject({
        ok: false,
        error: 'BAD_REQUEST',
        message: 'Invalid form of body',
        errors: [{ type: 'invalid_type', in: 'body' }],
      });
    },
  );
});

describe('a bad token in the handshake is a connect_error that says why', () => {
  test.each([
    ['garbage', 'x', 'the token is not a JWT'],
    ['an expired one', mintToken({}, { expiresIn: -100 }), 'token expired'],
    ['a number', 5, 'the token is not text'],
    ['an object', { $ne: '' }, 'the token is not text'],
    ['null', null, 'the token is not text'],
  ])('%s', async (_what, token, message) => {
    const error = await refusalOf(listen({ auth: { token } }));
    expect(error.message).toBe(message);
    expect(error.data).toEqual({ error: 'UNAUTHORIZED', message });
  });
});

describe('before authorize', () => {
  test('a socket may do nothing and receives nothing', async () => {
    const ana = newPerson(app.url);
    const ticket = await ana.createTicket();
    const socket = listen();
    const id = ticket.id;
    for (const [event, input] of [
      ['send_message', { ticket_id: id, content: 'x' }],
      ['edit', { ticket_id: id, message_id: id, content: 'x' }],
      ['delete', { ticket_id: id, message_id: id }],
      ['close_ticket', { ticket_id: id }],
      ['sync', { ticket_id: id, after: 0 }],
      ['typing', { ticket_id: id }],
      ['read', { ticket_id: id, seq: 1 }],
      ['subscribe', { all: true }],
      ['subscribe', { ticket_id: id }],
      ['unsubscribe', { ticket_id: id }],
      ['anything', {}],
    ] as const) {
      const ack = await socket.ask(event, input);
      expect({ event, ack }).toMatchObject({ event, ack: { ok: false, error: 'UNAUTHORIZED' } });
    }
    await ana.send(id, 'hello');
    await ana.close(id);
    await socket.ask('typing', { ticket_id: id });
    expect(socket.received).toEqual([]);
    expect((await ana.list(id, '?after=0')).body).toHaveLength(1);
  });

  test('it is told and closed after 10 s; an authorised one is not', async () => {
    const ana = newPerson(app.url);
    const silent = listen();
    const failing = listen();
    const good = listen({ auth: { token: ana.token } });
    await failing.ask('authorize', { token: 'x' });
    await sleep(9000);
    expect(silent.socket.connected).toBe(true);
    await eventually(() => expect(silent.socket.connected).toBe(false), { timeout: 2500 });
    expect(silent.events('error')).toEqual([
      { error: 'UNAUTHORIZED', message: 'authorize within 10 s' },
    ]);
    await cut(failing);
    expect(good.socket.connected).toBe(true);
  });
});

describe('the origin at the handshake', () => {
  const connectFrom = (origin: string | undefined) =>
    new Promise<string>((resolve) => {
      const address = `${app.url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket`;
      const socket = new WebSocket(address, { ...(origin !== undefined && { origin }) });
      socket.on('open', () => {
        socket.close();
        resolve('open');
      });
      socket.on('unexpected-response', (_req, res) => {
        res.resume();
        resolve(String(res.statusCode));
      });
      socket.on('error', () => resolve('error'));
    });
  const pollFrom = async (origin: string | undefined) =>
    (
      await fetch(`${app.url}/socket.io/?EIO=4&transport=polling`, {
        headers: origin === undefined ? {} : { origin },
      })
    ).status;

  test.each([['https://shop.example'], [undefined]])('%s is let in', async (origin) => {
    expect(await connectFrom(origin)).toBe('open');
    expect(await pollFrom(origin)).toBe(200);
  });

  test.each(['https://evil.example', 'http://shop.example', 'null', 'https://shop.example.evil'])(
    '%s is refused, over websocket and polling',
    async (origin) => {
      expect(await connectFrom(origin)).not.toBe('open');
      expect(await pollFrom(origin)).toBe(403);
    },
  );

  test('the server’s own origin needs no permission', async () => {
    expect(await connectFrom(app.url)).toBe('open');
  });
});

describe('expiry and renewal', () => {
  test('a socket is warned and cut when REST would refuse its token', async () => {
    const token = shortToken(2, { id: 'short-1' });
    const socket = listen({ auth: { token } });
    await eventually(() => expect(socket.events('auth_expiring')).toHaveLength(1));
    const { exp } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
    expect(socket.events('auth_expiring')[0]).toEqual({ expires_at: exp * 1000 });
    expect(
      (await fetch(`${app.url}/api/v1/tickets`, { headers: { authorization: `Bearer ${token}` } }))
        .status,
    ).toBe(200);
    await eventually(() => expect(socket.socket.connected).toBe(false));
    expect(socket.events('error')).toEqual([{ error: 'UNAUTHORIZED', message: 'token expired' }]);
    expect(
      (await fetch(`${app.url}/api/v1/tickets`, { headers: { authorization: `Bearer ${token}` } }))
        .status,
    ).toBe(401);
  });

  test('a new authorize of the same user renews it without a gap', async () => {
    const ana = newPerson(app.url, 'CUSTOMER', { id: 'short-2' });
    const ticket = await ana.createTicket();
    const socket = listen();
    await socket.ask('authorize', { token: shortToken(2, { id: ana.id, role: 'CUSTOMER' }) });
    await ana.send(ticket.id, 'before');
    expect(await socket.ask('authorize', { token: ana.token })).toMatchObject({
      ok: true,
      cursors: { [ticket.id]: 1 },
    });
    await sleep(2500);
    await ana.send(ticket.id, 'after');
    await eventually(() => expect(socket.events('message')).toHaveLength(2));
    expect(socket.events('message').map(({ seq }) => seq)).toEqual([1, 2]);
    expect(socket.socket.connected).toBe(true);
  });

  test('another user’s token is refused, and the socket stays whose it was', async () => {
    const [ana, ben] = [newPerson(app.url), newPerson(app.url)];
    const bens = await ben.createTicket();
    const anas = await ana.createTicket();
    const socket = listen();
    await socket.ask('authorize', { token: ana.token });
    expect(await socket.ask('authorize', { token: ben.token })).toMatchObject({
      ok: false,
      error: 'FORBIDDEN',
    });
    await ben.send(bens.id, 'secret');
    await ana.send(anas.id, 'mine');
    await eventually(() => expect(socket.events('message')).toMatchObject([{ content: 'mine' }]));
    expect(await socket.ask('sync', { ticket_id: bens.id, after: 0 })).toMatchObject({
      error: 'NOT_FOUND',
    });
  });

  test('a failed renewal leaves the former token in force', async () => {
    const ana = newPerson(app.url);
    const ticket = await ana.createTicket();
    const socket = listen({ auth: { token: ana.token } });
    expect(await socket.ask('authorize', { token: 'x' })).toMatchObject({ ok: false });
    expect(await socket.ask('sync', { ticket_id: ticket.id, after: 0 })).toMatchObject({
      ok: true,
    });
  });

  test('a token without exp is never warned about', async () => {
    const { exp: _, ...claims } = { exp: 1, id: 'no-exp', role: 'CUSTOMER' };
    const { default: jwt } = await import('jsonwebtoken');
    const { SECRET } = await import('../support/app.ts');
    const token = jwt.sign({ ...claims, username: 'A', email: 'a@b' }, SECRET);
    const socket = listen();
    expect(await socket.ask('authorize', { token })).toMatchObject({ ok: true });
    expect(socket.events('auth_expiring')).toEqual([]);
  });

  test('a renewal with a lesser role takes the rights of the former away', async () => {
    const kim = newPerson(app.url, 'AGENT', { id: 'demoted' });
    const ana = newPerson(app.url);
    const ticket = await ana.createTicket();
    const socket = listen();
    await socket.ask('authorize', { token: kim.token });
    await socket.ask('subscribe', { ticket_id: ticket.id });
    await socket.ask('subscribe', { all: true });
    const demoted = newPerson(app.url, 'CUSTOMER', { id: 'demoted' });
    const own = await demoted.createTicket();
    expect(await socket.ask('authorize', { token: demoted.token })).toMatchObject({
      ok: true,
      user: { role: 'CUSTOMER' },
      cursors: { [own.id]: 0 },
    });
    await ana.send(ticket.id, 'not for the demoted');
    await demoted.send(own.id, 'for the demoted');
    const heard = () => socket.events('message').map(({ content }) => content);
    await eventually(() => expect(heard()).toContain('for the demoted'));
    expect(heard()).not.toContain('not for the demoted');
  });

  test('a renewal with a greater role brings its events', async () => {
    const ana = newPerson(app.url);
    const ticket = await ana.createTicket();
    const socket = listen();
    await socket.ask('authorize', { token: mintToken({ id: 'promoted', role: 'CUSTOMER' }) });
    await socket.ask('authorize', { token: mintToken({ id: 'promoted', role: 'AGENT' }) });
    await ana.send(ticket.id, 'for staff');
    await eventually(() => expect(socket.events('message')).toHaveLength(1));
  });
});

describe('how many', () => {
  test.each(['CUSTOMER', 'AGENT'] as const)(
    'one %s may have as many sockets as configured',
    async (role) => {
      const ana = newPerson(app.url, role);
      const sockets = await Promise.all(
        Array.from({ length: 3 }, async () => {
          const socket = listen();
          await socket.ask('authorize', { token: ana.token });
          return socket;
        }),
      );
      const fourth = listen();
      expect(await fourth.ask('authorize', { token: ana.token })).toMatchObject({
        ok: false,
        error: 'RATELIMIT',
        retry_after: expect.any(Number),
      });
      expect((await refusalOf(listen({ auth: { token: ana.token } }))).data).toMatchObject({
        error: 'RATELIMIT',
      });
      expect(await sockets[0]?.ask('authorize', { token: ana.token })).toMatchObject({ ok: true });
      sockets[0]?.socket.close();
      await eventually(async () =>
        expect(await fourth.ask('authorize', { token: ana.token })).toMatchObject({ ok: true }),
      );
    },
  );

  test('at once: no more than configured get in by the handshake', async () => {
    const ana = newPerson(app.url);
    const sockets = Array.from({ length: 12 }, () => listen({ auth: { token: ana.token } }));
    const outcomes = await Promise.all(
      sockets.map(
        ({ socket }) =>
          new Promise<string>((resolve) => {
            socket.once('authorized', () => resolve('in'));
            socket.once('connect_error', () => resolve('refused'));
            socket.once('disconnect', () => resolve('refused'));
          }),
      ),
    );
    expect(outcomes.filter((outcome) => outcome === 'in')).toHaveLength(3);
  });

  test('one process takes as many as configured, and says so to the rest', async () => {
    const small = await startApp({ MAX_CONNECTIONS: '2' });
    try {
      const [one, two] = [listen({}, small.url), listen({}, small.url)];
      await eventually(() =>
        expect([one, two].map(({ socket }) => socket.connected)).toEqual([true, true]),
      );
      await refusalOf(listen({}, small.url));
      const polling = await fetch(`${small.url}/socket.io/?EIO=4&transport=polling`);
      expect(polling.status).toBe(503);
      one?.socket.close();
      await eventually(() => {
        const third = io(small.url, { transports: ['websocket'], forceNew: true });
        open.push({ socket: third } as Listener);
        return new Promise<void>((resolve, reject) => {
          third.once('connect', () => resolve());
          third.once('connect_error', reject);
        });
      });
    } finally {
      await small.stop();
    }
  });
});
