import { request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type RunningApp, startApp } from '../support/app.ts';
import { eventually } from '../support/eventually.ts';
import { type Listener, listenAt, newPerson, type Person } from '../support/people.ts';
import { openPeer, rawRequest } from '../support/raw-peer.ts';
import { upTo } from '../support/sound-log.ts';

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
  /** 1,000 at once and 3,000 begun a minute, at a factor of 0.02. */
  const limits = { atOnce: 20, aMinute: 60 };
  let strict: RunningApp;
  beforeAll(async () => {
    strict = await startApp({ RATE_LIMIT_FACTOR: '0.02', TRUSTED_PROXIES: 'loopback' });
  });
  afterAll(() => strict.stop());

  const begin = async (address: string, at = strict) =>
    (await fetch(at.url + handshake, { headers: from(address) })).status;
  const beginMany = (count: number, addressOf: (i: number) => string, at = strict) =>
    Promise.all(upTo(count).map((i) => begin(addressOf(i), at)));
  const count = (statuses: number[], status: number) =>
    statuses.filter((each) => each === status).length;

  test('a session nobody polls gives its place back within seconds', async () => {
    const small = await startApp({ MAX_CONNECTIONS: '3' });
    const statuses = await beginMany(10, () => '10.0.0.1', small);
    expect([count(statuses, 200), count(statuses, 503)]).toEqual([3, 7]);
    await eventually(async () => expect(await begin('10.0.0.1', small)).toBe(200), {
      timeout: 20_000,
      every: 200,
    });
    await small.stop();
  });

  test('one address may have so many of them at once; another is not concerned', async () => {
    const statuses = await beginMany(limits.atOnce + 10, () => '10.1.1.1');
    expect([count(statuses, 200), count(statuses, 429)]).toEqual([limits.atOnce, 10]);
    expect(await begin('10.1.1.2')).toBe(200);
  });

  test('what stands before the address that a trusted proxy has added is not believed', async () => {
    const statuses = await beginMany(limits.atOnce + 10, (i) => `10.3.0.${i}, 10.1.1.3`);
    expect(count(statuses, 429)).toBe(10);
  });

  test('of IPv6 a /64 is one address', async () => {
    const statuses = await beginMany(limits.atOnce + 10, (i) => `2001:db8:1:2::${i}`);
    expect(count(statuses, 429)).toBe(10);
    expect(await begin('2001:db8:1:3::1')).toBe(200);
  });

  test('one address may begin so many in a minute, however soon they end', async () => {
    const allowed: number[] = [];
    for (let i = 0; i < 4; i++) {
      allowed.push(count(await beginMany(limits.atOnce, () => '10.1.1.4'), 200));
      await sleep(5500);
    }
    expect(allowed.reduce((sum, each) => sum + each)).toBeLessThanOrEqual(limits.aMinute);
  }, 120_000);

  test('those who authorise do not count for their address any more', async () => {
    const customers = upTo(limits.atOnce + 5).map((i) =>
      newPerson(strict.url, 'TEMP_USER', { id: `nat-${i}` }),
    );
    for (const { token } of customers) {
      const listener = listenAt(strict.url, { auth: { token }, extraHeaders: from('10.1.1.5') });
      open.push(listener);
      await eventually(() => expect(listener.events('authorized')).toHaveLength(1));
    }
  });

  test('who is not a trusted proxy is not believed', async () => {
    const plain = await startApp({ RATE_LIMIT_FACTOR: '0.02' });
    const statuses = await beginMany(limits.atOnce + 10, (i) => `10.2.0.${i}`, plain);
    expect(count(statuses, 429)).toBe(10);
    await plain.stop();
  });
});

describe('sockets of one user', () => {
  test('never are more than configured, however fast they come', async () => {
    const few = await startApp({ MAX_CONNECTIONS_PER_USER: '5' });
    const bob = newPerson(few.url);
    const outcomes: string[] = [];
    const sockets = upTo(40).map((i) => {
      const listener = listenAt(few.url, i % 2 ? { auth: { token: bob.token } } : {});
      const note = (outcome: string) => () => outcomes.push(outcome);
      listener.socket.once('authorized', note('in'));
      listener.socket.once('error', note('refused'));
      listener.socket.once('connect_error', note('refused'));
      if (i % 2 === 0) listener.socket.emit('authorize', { token: bob.token });
      open.push(listener);
      return listener;
    });
    await eventually(() => expect(outcomes).toHaveLength(40), { timeout: 20_000 });
    expect(outcomes.filter((outcome) => outcome === 'in')).toHaveLength(5);
    sockets.find((listener) => listener.events('authorized').length)?.socket.close();
    await eventually(
      async () => {
        const next = listenAt(few.url, { auth: { token: bob.token } });
        const outcome = await new Promise<string>((resolve) => {
          next.socket.once('authorized', () => resolve('in'));
          next.socket.once('connect_error', ({ message }) => resolve(message));
        });
        next.socket.close();
        expect(outcome).toBe('in');
      },
      { timeout: 15_000 },
    );
    await few.stop();
  });
});

describe('who does not read over HTTP', () => {
  test('holds so many bytes at most: the oldest are cut for others, and nobody waits for them', async () => {
    const upload = async (bytes: number) => {
      const form = new FormData();
      form.set('file', new Blob([Buffer.alloc(bytes)]), 'zeros.bin');
      const uploaded = await fetch(`${app.url}/api/v1/tickets/${ticketId}/attachments`, {
        method: 'POST',
        headers: { authorization: `Bearer ${ana.token}` },
        body: form,
      });
      return new URL(((await uploaded.json()) as { url: string }).url);
    };
    const half = await upload(8 * 1024 * 1024);
    // Quick to ask for while the room is taken, which is not for long.
    const small = await upload(20 * 1024);
    const deaf = await Promise.all([1, 2].map(() => openPeer(app.url, { deaf: true })));
    for (const peer of deaf) peer.write(rawRequest('GET', half.pathname + half.search));
    const fetchAll = async (url: URL) => {
      const answer = await fetch(url);
      return { status: answer.status, size: (await answer.arrayBuffer()).byteLength };
    };
    await eventually(async () => expect((await fetchAll(small)).status).toBe(503));
    await eventually(
      async () => expect(await fetchAll(half)).toEqual({ status: 200, size: 8 * 1024 * 1024 }),
      { timeout: 30_000, every: 500 },
    );
    for (const peer of deaf) peer.socket.destroy();
  }, 120_000);

  test('is cut when nothing moves for 60 s', async () => {
    const { http } = await import('../../src/http/server.ts').then(({ createHttpServer }) => ({
      http: createHttpServer(app.ctx),
    }));
    expect(http.timeout).toBe(60_000);
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
