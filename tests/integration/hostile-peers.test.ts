import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Redis } from 'ioredis';
import WebSocket from 'ws';
import { eventually } from '../support/eventually.ts';
import { fuzzPeers } from '../support/fuzz-peers.ts';
import { freshDatabaseName } from '../support/mongo.ts';
import { listenAt, newPerson, type Person } from '../support/people.ts';
import { openPeer, rawRequest, upgradeHeaders } from '../support/raw-peer.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { type ServerProcess, spawnServer } from '../support/server-process.ts';

const dbName = freshDatabaseName();
let redis: TestRedis;
let server: ServerProcess;
let url: string;
let ana: Person;
let ticketId: string;

beforeAll(async () => {
  redis = await startRedis();
  server = spawnServer({
    DB_NAME: dbName,
    REDIS_URL: redis.url,
    ROLES: 'server',
    LOG_LEVEL: 'info',
    RATE_LIMIT_FACTOR: '100',
  });
  url = await server.listening;
  await eventually(async () => expect((await fetch(`${url}/readyz`)).status).toBe(200), {
    timeout: 90_000,
  });
  ana = newPerson(url);
  ticketId = (await ana.createTicket()).id;
}, 120_000);
afterAll(async () => {
  await server.kill();
  await redis.close();
});

/** The process runs, and what it does is still right. */
async function expectUnharmed(): Promise<void> {
  expect(server.child.exitCode).toBeNull();
  expect((await ana.send(ticketId, 'still here')).status).toBe(201);
  expect(server.output()).not.toContain('"level":60');
}

/** A session of polling, up to its first poll. */
async function openSession(): Promise<string> {
  const answer = await (await fetch(`${url}/socket.io/?EIO=4&transport=polling`)).text();
  return `${url}/socket.io/?EIO=4&transport=polling&sid=${JSON.parse(answer.slice(1)).sid}`;
}

describe('a connection that is reset', () => {
  const upgrades = [
    ['h2c', '/x', { Connection: 'Upgrade', Upgrade: 'h2c' }],
    ['TLS', '/healthz', { Connection: 'Upgrade', Upgrade: 'TLS/1.0' }],
    ['a WebSocket elsewhere', '/ws', upgradeHeaders],
    ['a WebSocket', '/socket.io/?EIO=4&transport=websocket', upgradeHeaders],
    ['a WebSocket of version 3', '/socket.io/?EIO=3&transport=websocket', upgradeHeaders],
    ['a WebSocket of nobody', '/socket.io/?EIO=4&transport=websocket&sid=x', upgradeHeaders],
  ] as const;
  test.each(upgrades)('while it asks for %s harms nobody', async (_what, path, headers) => {
    for (const wait of [0, 10, 50, 500]) {
      const peer = await openPeer(url);
      peer.write(rawRequest('GET', path, headers));
      await sleep(wait);
      peer.reset();
    }
    await sleep(1100);
    await expectUnharmed();
  });

  test.each(['file', 'picture'])(
    'in the middle of the part "%s" of a form harms nobody, and neither does a form that ends there',
    async (field) => {
      const form = `--x\r\nContent-Disposition: form-data; name="${field}"; filename="a"\r\n\r\ncut`;
      const headers = {
        Authorization: `Bearer ${ana.token}`,
        'Content-Type': 'multipart/form-data; boundary=x',
      };
      const path = `/api/v1/tickets/${ticketId}/attachments`;
      const cut = await openPeer(url);
      cut.write(rawRequest('POST', path, { ...headers, 'Content-Length': 5000 }, form));
      await sleep(300);
      cut.reset();
      const ended = await openPeer(url);
      ended.write(rawRequest('POST', path, { ...headers, Connection: 'close' }, form));
      await eventually(() => expect(ended.received()).toContain('HTTP/1.1 400'));
      ended.socket.destroy();
      await expectUnharmed();
    },
  );
});

describe('an upgrade behind a request that is still being answered', () => {
  const upgrades = [
    ['of a WebSocket elsewhere', '/ws'],
    ['of a WebSocket', '/socket.io/?EIO=4&transport=websocket'],
    ['of nobody', '/socket.io/?EIO=4&transport=websocket&sid=x'],
    ['of version 3', '/socket.io/?EIO=3&transport=websocket'],
    ['whose address is no URL', '/socket.io/?EIO=4&transport=websocket#//['],
    ['of a transport that there is not', '/socket.io/?EIO=4&transport=x'],
    ['with a doubled address', '//[/socket.io/?EIO=4&transport=websocket'],
  ] as const;
  test.each(upgrades)('%s harms nobody', async (_what, path) => {
    const before = rawRequest('GET', '/api/v1/tickets', { Authorization: `Bearer ${ana.token}` });
    const poll = rawRequest('GET', '/socket.io/?EIO=4&transport=polling');
    for (const first of [[before], [before, before], [poll]]) {
      const peer = await openPeer(url);
      peer.write(Buffer.concat([...first, rawRequest('GET', path, upgradeHeaders)]));
      await sleep(200);
      peer.reset();
    }
    await expectUnharmed();
  });
});

describe('several CONNECT packets of one connection', () => {
  test('by polling make one socket at most, and cost nobody any time', async () => {
    const address = await openSession();
    const packets = Array.from({ length: 20_000 }, () => '40').join('\x1e');
    await fetch(address, { method: 'POST', body: packets }).catch(() => undefined);
    await eventually(async () => expect((await fetch(address)).status).toBe(400));
    await expectUnharmed();
  });

  test('by WebSocket end it', async () => {
    const socket = new WebSocket(
      `${url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket`,
    );
    const sockets = new Set<string>();
    socket.on('message', (data) => {
      const sid = /^40.*"sid":"([^"]+)"/.exec(String(data))?.[1];
      if (sid) sockets.add(sid);
    });
    const ended = new Promise((resolve) => socket.once('close', resolve));
    socket.on('open', () => {
      for (let i = 0; i < 1000; i++) socket.send('40');
    });
    await ended;
    expect(sockets.size).toBeLessThanOrEqual(1);
    await expectUnharmed();
  });
});

describe('a form with a part that has no name', () => {
  const parts = [
    ['a file', 'filename="x.txt"'],
    ['a file and its other name', "filename*=utf-8''x.txt"],
    ['a field', ''],
  ] as const;
  const doors = [
    ['attachments of a ticket', () => `/tickets/${ticketId}/attachments`],
    ['attachments', () => '/attachments'],
    ['a new ticket', () => '/tickets'],
  ] as const;
  const cases = doors.flatMap(([door, path]) =>
    parts.map(([part, parameters]) => [part, door, parameters, path] as const),
  );

  test.each(cases)(
    '%s, for %s, is refused and harms nobody',
    async (_part, _door, parameters, path) => {
      const disposition = ['form-data', parameters].filter(Boolean).join('; ');
      const body = `--x\r\nContent-Disposition: ${disposition}\r\n\r\nhello\r\n--x--\r\n`;
      const answer = await fetch(`${url}/api/v1${path()}`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${ana.token}`,
          'content-type': 'multipart/form-data; boundary=x',
        },
        body,
      });
      expect(answer.status).toBe(400);
      await expectUnharmed();
    },
  );
});

test('a connection that says nothing, and does not close when it is told to, is let go', async () => {
  const peer = await openPeer(url);
  peer.write('GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ');
  const bad = await openPeer(url);
  bad.write('hello there\r\n\r\n');
  for (const [silent, status] of [
    [bad, 400],
    [peer, 408],
  ] as const) {
    // The client's side stays open: only the server can end the connection, and it must.
    const gone = eventually(
      () => {
        silent.write('x');
        expect(silent.socket.destroyed).toBe(true);
      },
      { timeout: 25_000, every: 100 },
    );
    await gone;
    expect(silent.received()).toContain(`HTTP/1.1 ${status}`);
  }
}, 120_000);

describe('what is not ours on the Redis channel', () => {
  const packets: [string, unknown][] = [
    ['server-side emit without data', { type: 9 }],
    ['server-side emit of null', { type: 9, data: { packet: [null] } }],
    ['no events', { type: 9, data: { packet: ['events'] } }],
    ['events that are null', { type: 9, data: { packet: ['events', null] } }],
    [
      'events that are no events',
      { type: 9, data: { packet: ['events', [null, 1, {}, [], 'x']] } },
    ],
    [
      'an entry without fields',
      { type: 9, data: { packet: ['events', [{ kind: 'entry', entry: {} }, { kind: 'entry' }]] } },
    ],
    ['a signal without an author', { type: 9, data: { packet: ['events', [{ kind: 'typing' }]] } }],
    ['a question', { type: 9, data: { packet: ['events', []], requestId: 'x' } }],
    ['a broadcast', { type: 3, data: { packet: {}, opts: null } }],
    ['a join', { type: 4 }],
    ['a leave', { type: 5, data: {} }],
    ['a disconnection', { type: 6, data: { opts: { rooms: [], except: [] }, close: true } }],
    ['a search for sockets', { type: 8, data: null }],
    ['an answer', { type: 10, data: null }],
  ];
  test.each(packets)('%s is logged and dropped', async (_what, packet) => {
    const client = new Redis(redis.url, { replyMapping: false } as never);
    const channel = `deskcord:${dbName}#/#`;
    const text = JSON.stringify({ uid: 'x', nsp: '/', ...(packet as object) });
    expect(await client.spublish(channel, text)).toBe(1);
    await client.spublish(channel, 'not JSON');
    await client.spublish(channel, Buffer.from([0xc1, 0x00]));
    client.disconnect();
    await sleep(50);
    await expectUnharmed();
    expect(server.output()).toContain('dropped what is not ours from the Redis channel');
  });
});

describe('while strangers reset, cut, upgrade, flood and garble on every port', () => {
  const long = process.env.DESKCORD_FAULTS === 'long';
  const ms = long ? 240_000 : 15_000;
  const seed = Number(process.env.FUZZ_SEED ?? 7);

  test(
    `others are not disconnected and get every message once and in order (seed ${seed})`,
    async () => {
      const bob = newPerson(url, 'CUSTOMER');
      const quiet = await bob.createTicket();
      const heard = (['websocket', 'polling'] as const).map((transport) =>
        listenAt(url, { auth: { token: bob.token }, transports: [transport] }),
      );
      const ends: string[] = [];
      await eventually(() =>
        expect(heard.map((listener) => listener.events('authorized').length)).toEqual([1, 1]),
      );
      for (const { socket } of heard) {
        const { name } = socket.io.engine.transport;
        socket.on('disconnect', (reason) => ends.push(`${name}: ${reason}`));
      }
      const mallory = newPerson(url, 'TEMP_USER');
      const fuzz = fuzzPeers({
        url,
        ticketId: (await mallory.createTicket()).id,
        token: mallory.token,
        redis: { url: redis.url, channel: `deskcord:${dbName}#/#` },
        seed,
        ms,
      });
      const sent: string[] = [];
      const until = Date.now() + ms;
      while (Date.now() < until) {
        const content = `message ${sent.length}`;
        expect((await bob.send(quiet.id, content)).status).toBe(201);
        sent.push(content);
        await sleep(50);
      }
      expect(await fuzz).toBeGreaterThan(100);
      expect(ends).toEqual([]);
      for (const listener of heard) {
        await eventually(() =>
          expect(listener.events('message').map(({ content }) => content)).toEqual(sent),
        );
      }
      for (const { socket } of heard) socket.close();
      await expectUnharmed();
      expect(server.output()).not.toContain('"level":50');
    },
    ms + 60_000,
  );
});
