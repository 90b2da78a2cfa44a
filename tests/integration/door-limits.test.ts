import { request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type RunningApp, startApp } from '../support/app.ts';
import { eventually } from '../support/eventually.ts';
import { type Listener, listenAt, newPerson, type Person } from '../support/people.ts';
import { openPeer, rawRequest } from '../support/raw-peer.ts';

const handshake = '/socket.io/?EIO=4&transport=polling';
const open: Listener[] = [];

let app: RunningApp;
let ana: Person;
let ticketId: string;

beforeAll(async () => {
  app = await startApp({
    RATE_LIMIT_FACTOR: '1',
    LOG_LEVEL: 'silent',
    TRUSTED_PROXIES: '127.0.0.1',
    MAX_UNSENT_BYTES: String(16 * 1024 * 1024),
  });
  ana = newPerson(app.url);
  ticketId = (await ana.createTicket()).id;
});
afterAll(async () => {
  for (const { socket } of open) socket.close();
  await app.stop();
});

function listen(options: Parameters<typeof listenAt>[1] = {}): Listener {
  const listener = listenAt(app.url, options);
  open.push(listener);
  return listener;
}

const from = (address: string) => ({ 'X-Forwarded-For': address });

describe('refused events', () => {
  test.each([
    ['before authorize', undefined, 'nothing'],
    ['unknown ones', 'TOKEN', 'nothing'],
    ['over the limit', 'TOKEN', 'typing'],
  ])('%s: a flood closes its socket and delays nobody’s answers', async (what, token, event) => {
    const person = newPerson(app.url);
    const headers = from(`10.9.${what.length}.1`);
    const flooder = listen({
      extraHeaders: headers,
      ...(token && { auth: { token: person.token } }),
    });
    await eventually(() => expect(flooder.socket.connected).toBe(true));
    let refusals = 0;
    for (let i = 0; i < 20_000; i++) {
      flooder.socket.emit(event, { ticket_id: ticketId }, () => refusals++);
    }
    await eventually(() => expect(flooder.socket.connected).toBe(false), { timeout: 20_000 });
    expect(refusals).toBeLessThan(2500);
    expect(flooder.events('error')).toContainEqual({
      error: 'RATELIMIT',
      message: 'too many refused events',
    });
    expect((await fetch(`${app.url}/healthz`)).status).toBe(200);
  });

  test('a client that is a little over its limit stays connected', async () => {
    const person = newPerson(app.url);
    const socket = listen({ auth: { token: person.token } });
    await eventually(() => expect(socket.events('authorized')).toHaveLength(1));
    for (let i = 0; i < 500; i++) socket.socket.emit('read', { ticket_id: ticketId, seq: 1 });
    expect(await socket.ask('read', { ticket_id: ticketId, seq: 1 })).toMatchObject({ ok: false });
    expect(socket.socket.connected).toBe(true);
  });

  test('many sockets of one address before authorize share a budget', async () => {
    const sockets = Array.from({ length: 8 }, () => listen({ extraHeaders: from('10.8.0.1') }));
    await eventually(() => expect(sockets.every(({ socket }) => socket.connected)).toBe(true));
    for (const { socket } of sockets) for (let i = 0; i < 90; i++) socket.emit('nothing');
    await eventually(() =>
      expect(sockets.filter(({ socket }) => !socket.connected).length).toBeGreaterThan(0),
    );
    const other = listen({ extraHeaders: from('10.8.0.2') });
    await eventually(() => expect(other.socket.connected).toBe(true));
    expect(await other.ask('nothing')).toMatchObject({ error: 'UNAUTHORIZED' });
  });
});

describe('connections without a user', () => {
  const begin = (address: string) =>
    fetch(app.url + handshake, { headers: from(address) }).then(({ status }) => status);

  /** All at once, as a program would: one after the other on one connection. */
  const beginMany = async (addresses: string[]) => {
    const peer = await openPeer(app.url);
    peer.write(
      Buffer.concat(addresses.map((address) => rawRequest('GET', handshake, from(address)))),
    );
    const count = () => peer.received().match(/HTTP\/1.1 (200|429)/g)?.length;
    await eventually(() => expect(count()).toBe(addresses.length), { timeout: 20_000 });
    peer.socket.destroy();
  };

  /** Again where the first have given their places back before the last has come. */
  const fill = (probe: string, addressOf: (i: number) => string) =>
    eventually(
      async () => {
        await beginMany(Array.from({ length: 1000 }, (_, i) => addressOf(i)));
        expect(await begin(probe)).toBe(429);
      },
      { timeout: 25_000 },
    );

  test('a session nobody polls gives its place back within seconds', async () => {
    const small = await startApp({ MAX_CONNECTIONS: '3' });
    const statuses = async () => (await fetch(small.url + handshake)).status;
    expect([await statuses(), await statuses(), await statuses()]).toEqual([200, 200, 200]);
    expect(await statuses()).toBe(503);
    await eventually(async () => expect(await statuses()).toBe(200), { timeout: 9000, every: 200 });
    await small.stop();
  });

  test('one address may have 1,000 of them at once, another is not concerned, nor is who authorises', async () => {
    await fill('10.1.1.1', () => '10.1.1.1');
    expect(await begin('10.1.1.2')).toBe(200);
    // An address that its proxy does not name is not believed to be another.
    expect(await begin('10.1.1.2, 10.1.1.1')).toBe(429);
  });

  test('of IPv6 a /64 is one address', async () => {
    await fill('2001:db8:1:2:ffff::1', (i) => `2001:db8:1:2::${i}`);
    expect(await begin('2001:db8:1:3::1')).toBe(200);
  });

  test('who is not a trusted proxy is not believed', async () => {
    const plain = await startApp({ RATE_LIMIT_FACTOR: '0.01' });
    const answers: number[] = [];
    for (let i = 0; i < 12; i++) {
      const headers = from(`10.2.0.${i}`);
      answers.push((await fetch(plain.url + handshake, { headers })).status);
    }
    expect(answers.slice(10)).toEqual([429, 429]);
    await plain.stop();
  });
});

describe('sockets of one user', () => {
  test('never are more than configured, however fast they come', async () => {
    const few = await startApp({ MAX_CONNECTIONS_PER_USER: '5' });
    const bob = newPerson(few.url);
    const sockets = Array.from({ length: 40 }, (_, i) => {
      const listener = listenAt(few.url, i % 2 ? { auth: { token: bob.token } } : {});
      if (i % 2 === 0) listener.socket.emit('authorize', { token: bob.token });
      open.push(listener);
      return listener;
    });
    await eventually(() =>
      expect(sockets.flatMap((listener) => listener.events('authorized'))).toHaveLength(5),
    );
    await sleep(300);
    expect(sockets.flatMap((listener) => listener.events('authorized'))).toHaveLength(5);
    sockets.find((listener) => listener.events('authorized').length)?.socket.close();
    await eventually(async () => {
      const next = listenAt(few.url, { auth: { token: bob.token } });
      open.push(next);
      await eventually(() => expect(next.events('authorized')).toHaveLength(1), { timeout: 500 });
    });
    await few.stop();
  });
});

describe('who does not read over HTTP', () => {
  test('holds so many bytes at most: the oldest are cut for others, and nobody waits for them', async () => {
    const form = new FormData();
    form.set('file', new Blob([Buffer.alloc(8 * 1024 * 1024)]), 'big.bin');
    const uploaded = await fetch(`${app.url}/api/v1/tickets/${ticketId}/attachments`, {
      method: 'POST',
      headers: { authorization: `Bearer ${ana.token}` },
      body: form,
    });
    const { url } = (await uploaded.json()) as { url: string };
    const { pathname, search } = new URL(url);
    const deaf = await Promise.all([1, 2].map(() => openPeer(app.url, { deaf: true })));
    for (const peer of deaf) peer.write(rawRequest('GET', pathname + search));
    const fetchAll = async () => {
      const answer = await fetch(url);
      return { status: answer.status, size: (await answer.arrayBuffer()).byteLength };
    };
    await eventually(async () => expect((await fetchAll()).status).toBe(503));
    await eventually(
      async () => expect(await fetchAll()).toEqual({ status: 200, size: 8 * 1024 * 1024 }),
      { timeout: 10_000, every: 500 },
    );
    for (const peer of deaf) peer.socket.destroy();
  }, 40_000);

  test('is cut when nothing moves for 30 s', async () => {
    const { http } = await import('../../src/http/server.ts').then(({ createHttpServer }) => ({
      http: createHttpServer(app.ctx),
    }));
    expect(http.timeout).toBe(30_000);
  });

  test('a file is read 60 times a minute, however many links there are to it', async () => {
    const bob = newPerson(app.url);
    const ticket = await bob.createTicket();
    const form = new FormData();
    form.set('file', new Blob(['x']), 'a.txt');
    const uploaded = await fetch(`${app.url}/api/v1/tickets/${ticket.id}/attachments`, {
      method: 'POST',
      headers: { authorization: `Bearer ${bob.token}` },
      body: form,
    });
    const { id } = (await uploaded.json()) as { id: string };
    await bob.send(ticket.id, 'with a file', { attachments: [id] });
    const statuses: number[] = [];
    for (let i = 0; i < 4; i++) {
      const link = (await bob.list(ticket.id)).body[0]?.files[0]?.url as string;
      for (let j = 0; j < 16; j++) statuses.push((await fetch(link)).status);
      await sleep(5);
    }
    expect(statuses.filter((status) => status === 200)).toHaveLength(60);
    expect(statuses.at(-1)).toBe(429);
  });
});

test('polling clients come back after a planned restart: their poll ends like that of a crash', async () => {
  const restarting = await startApp();
  const opened = await (await fetch(restarting.url + handshake)).text();
  const address = `${restarting.url}${handshake}&sid=${JSON.parse(opened.slice(1)).sid}`;
  await fetch(address, { method: 'POST', body: '40' });
  expect(await (await fetch(address)).text()).toMatch(/^40/);
  const packets: string[] = [];
  const polling = (async () => {
    for (;;) {
      const text = await new Promise<string>((resolve, reject) => {
        const req = request(address, async (res) => {
          const chunks: Buffer[] = [];
          for await (const chunk of res) chunks.push(chunk as Buffer);
          resolve(Buffer.concat(chunks).toString());
        });
        req.on('error', reject);
        req.end();
      });
      packets.push(text);
    }
  })().catch((error: NodeJS.ErrnoException) => error.code);
  await sleep(100);
  await restarting.stop();
  expect(await polling).toMatch(/ECONNRESET|ECONNREFUSED/);
  expect(packets.join('\x1e')).toContain('server_restarting');
  expect(packets.join('\x1e').split('\x1e')).not.toContain('1');
});
