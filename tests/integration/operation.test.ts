import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { MongoClient } from 'mongodb';
import { Types } from 'mongoose';
import { openApp, type RunningApp, SECRET, startApp } from '../support/app.ts';
import { eventually } from '../support/eventually.ts';
import { freshDatabaseName, startReplicaSet, testMongoUri } from '../support/mongo.ts';
import { listenAt, mintToken, newPerson } from '../support/people.ts';
import { type ServerProcess, spawnServer } from '../support/server-process.ts';

const json = async (url: string) => {
  const answer = await fetch(url);
  return { status: answer.status, body: await answer.json() };
};

describe('probes', () => {
  let app: RunningApp | undefined;
  afterEach(async () => {
    await app?.stop();
    app = undefined;
  });

  test('a server that works is alive and ready', async () => {
    app = await startApp();
    expect(await json(`${app.url}/healthz`)).toEqual({ status: 200, body: { status: 'ok' } });
    expect(await json(`${app.url}/readyz`)).toEqual({
      status: 200,
      body: { status: 'ok', parts: { indexes: { state: 'ok' }, mongodb: { state: 'ok' } } },
    });
  });

  test('MongoDB away at boot and later: alive, not ready and says why, back without a restart', async () => {
    const set = await startReplicaSet(1);
    const member = set.members[0] as (typeof set.members)[number];
    await member.kill();
    const open = await openApp({ MONGO_URI: set.uri, WRITE_DEADLINE_MS: '500' });
    try {
      expect(await json(`${open.url}/healthz`)).toMatchObject({ status: 200 });
      // By then a first try has failed, after which another one must still work.
      await eventually(
        async () =>
          expect(await json(`${open.url}/readyz`)).toMatchObject({
            status: 503,
            body: {
              status: 'unavailable',
              parts: {
                mongodb: {
                  state: 'down',
                  reason: 'MONGO_URI: nothing listens there (ECONNREFUSED)',
                },
              },
            },
          }),
        { timeout: 10_000, every: 100 },
      );
      const ana = newPerson(open.url);
      expect(await ana.call('GET', '/tickets')).toMatchObject({
        status: 503,
        body: { error: 'SERVICE_UNAVAILABLE' },
      });
      const isReady = () =>
        eventually(async () => expect((await json(`${open.url}/readyz`)).status).toBe(200), {
          timeout: 20_000,
          every: 100,
        });
      await member.restart();
      await isReady();
      const ticket = await ana.createTicket();
      expect(ticket.status).toBe('OPEN');
      await member.kill();
      await eventually(
        async () =>
          expect(await json(`${open.url}/readyz`)).toMatchObject({
            status: 503,
            body: { parts: { mongodb: { state: 'down' } } },
          }),
        { timeout: 10_000 },
      );
      expect((await ana.send(ticket.id, 'lost?')).status).toBe(503);
      await member.restart();
      await isReady();
      expect((await ana.send(ticket.id, 'back')).status).toBe(201);
    } finally {
      await open.stop();
      await set.close();
    }
  }, 120_000);

  test.each([
    ['not unique', 'entries', { ticket_id: 1, stream: 1, seq: 1 }, { name: 'entry_seq' }],
    ['over other fields', 'entries', { ticket_id: 1, seq: 1 }, { name: 'entry_seq', unique: true }],
    [
      'over some documents',
      'tickets',
      { owner: 1, client_id: 1 },
      { name: 'ticket_client_id', unique: true, partialFilterExpression: { status: 'OPEN' } },
    ],
  ] as const)(
    'an index that is %s keeps it from being ready',
    async (_what, collection, keys, options) => {
      const dbName = freshDatabaseName();
      const client = await new MongoClient(testMongoUri()).connect();
      await client.db(dbName).collection(collection).createIndex(keys, options);
      app = await openApp({ DB_NAME: dbName, LOG_LEVEL: 'silent' });
      const url = app.url;
      await eventually(async () => {
        expect(await json(`${url}/readyz`)).toMatchObject({
          status: 503,
          body: {
            parts: { indexes: { state: 'down', reason: expect.stringContaining(options.name) } },
          },
        });
      });
      await sleep(200);
      expect((await json(`${url}/readyz`)).status).toBe(503);
      if (collection === 'tickets') {
        await client.db(dbName).collection(collection).dropIndex(options.name);
        const patience = { timeout: 8000, every: 100 };
        await eventually(
          async () => expect((await json(`${url}/readyz`)).status).toBe(200),
          patience,
        );
      }
      await client.close();
    },
  );

  test('doubles that keep a unique index from being built keep it from being ready', async () => {
    const dbName = freshDatabaseName();
    const client = await new MongoClient(testMongoUri()).connect();
    const rows = [
      { number: 1, owner: 'a', client_id: 'x' },
      { number: 1, owner: 'b', client_id: 'y' },
    ];
    await client.db(dbName).collection<object>('tickets').insertMany(rows);
    app = await openApp({ DB_NAME: dbName, LOG_LEVEL: 'silent' });
    const url = app.url;
    await eventually(async () =>
      expect((await json(`${url}/readyz`)).body).toMatchObject({
        parts: { indexes: { state: 'down', reason: expect.stringContaining('ticket_number') } },
      }),
    );
    await client.close();
  });

  test('Redis away is told as REDIS_URL, and keeps nobody from being served', async () => {
    const REDIS_URL = 'redis://:hunter2@127.0.0.1:9';
    app = await startApp({ REDIS_URL, LOG_LEVEL: 'silent' });
    expect(await json(`${app.url}/readyz`)).toMatchObject({
      status: 200,
      body: {
        status: 'degraded',
        parts: { redis: { state: 'degraded', reason: expect.stringMatching(/^REDIS_URL: /) } },
      },
    });
    expect(await (await fetch(`${app.url}/readyz`)).text()).not.toMatch(/hunter2|127\.0/);
    const ana = newPerson(app.url);
    const ticket = await ana.createTicket();
    expect((await ana.send(ticket.id, 'goes on')).status).toBe(201);
  });

  test('a stopping server is not ready, but finishes what it is asked', async () => {
    const stopping = await startApp({ SHUTDOWN_DELAY_MS: '600' });
    const ana = newPerson(stopping.url);
    const ticket = await ana.createTicket();
    const stopped = stopping.stop();
    expect(await json(`${stopping.url}/readyz`)).toMatchObject({
      status: 503,
      body: { status: 'unavailable', parts: { server: { state: 'down', reason: 'stopping' } } },
    });
    expect((await json(`${stopping.url}/healthz`)).status).toBe(200);
    expect((await ana.send(ticket.id, 'one more')).status).toBe(201);
    await stopped;
    await expect(fetch(`${stopping.url}/healthz`)).rejects.toThrow();
  });
});

describe('an error nobody expected', () => {
  let app: RunningApp;
  let webhook: Server;
  let posts: string[];
  let mute: boolean;
  const ana = { id: 'broken-ana' };

  beforeAll(async () => {
    posts = [];
    mute = false;
    webhook = createServer((req, res) => {
      let text = '';
      req.on('data', (data) => {
        text += data;
      });
      req.on('end', () => {
        posts.push(JSON.parse(text).content);
        if (!mute) res.writeHead(204).end();
      });
    }).listen(0, '127.0.0.1');
    await once(webhook, 'listening');
    const { port } = webhook.address() as AddressInfo;
    app = await startApp({
      ERROR_WEBHOOK_URL: `http://127.0.0.1:${port}/api/webhooks/1/webhook-secret`,
      LOG_LEVEL: 'silent',
    });
  });
  afterAll(async () => {
    await app.stop();
    webhook.closeAllConnections();
    webhook.close();
  });

  /** A ticket whose log somebody has damaged by hand, past every rule of ours. */
  async function buildBrokenTicket() {
    const person = newPerson(app.url, 'CUSTOMER', ana);
    const ticket = await person.createTicket();
    await app.ctx.db.entries.collection.insertOne({
      ticket_id: Types.ObjectId.createFromHexString(ticket.id),
      stream: 'public',
      seq: 1,
      type: 'message',
      at: Date.now(),
      client_id: 'x',
      content: 'what somebody wrote',
    });
    return { person, ticket };
  }

  test('is 500 with the envelope and no detail, and reported once with the request’s id', async () => {
    const { person, ticket } = await buildBrokenTicket();
    const headers = { 'x-request-id': 'the-request' };
    const answers = [];
    for (let i = 0; i < 5; i++) {
      const path = `/tickets/${ticket.id}/messages`;
      answers.push(await person.call('GET', path, undefined, headers));
    }
    for (const { status, body } of answers) {
      expect(status).toBe(500);
      expect(body).toEqual({
        error: 'INTERNAL_SERVER_ERROR',
        message: 'something went wrong on our side',
      });
    }
    await eventually(() => expect(posts).toHaveLength(1));
    await sleep(100);
    expect(posts).toHaveLength(1);
    expect(posts[0]).toContain('TypeError');
    expect(posts[0]).toContain('the-request');
    for (const hidden of [
      person.token,
      'what somebody wrote',
      SECRET,
      'webhook-secret',
      testMongoUri(),
    ]) {
      expect(posts[0]).not.toContain(hidden);
    }
  });

  test('is told over a socket without detail either, and a mute webhook holds nothing up', async () => {
    mute = true;
    const { person, ticket } = await buildBrokenTicket();
    const socket = listenAt(app.url);
    await socket.ask('authorize', { token: person.token });
    const refusal = { error: 'INTERNAL_SERVER_ERROR', message: 'something went wrong on our side' };
    for (let i = 0; i < 8; i++) {
      expect(await socket.ask('sync', { ticket_id: ticket.id, after: 0 })).toEqual({
        ok: false,
        ...refusal,
      });
    }
    socket.socket.emit('sync', { ticket_id: ticket.id, after: 0 });
    await eventually(() => expect(socket.events('error')).toEqual([refusal]));
    const whole = await person.createTicket();
    expect((await person.send(whole.id, 'goes on')).status).toBe(201);
    socket.socket.close();
  });
});

describe('a process', () => {
  let server: ServerProcess | undefined;
  afterEach(async () => {
    await server?.kill();
    server = undefined;
  });

  test('logs requests by their id, as JSON lines, and never a token, a secret or what people write', async () => {
    const mongo = new URL(testMongoUri());
    server = spawnServer({
      LOG_LEVEL: 'trace',
      JWT_SECRET_KEY_PREVIOUS: 'the-former-secret-of-32-bytes-or-so',
      ERROR_WEBHOOK_URL: 'http://127.0.0.1:9/api/webhooks/1/webhook-secret',
      DB_NAME: freshDatabaseName(),
    });
    const url = await server.listening;
    await eventually(async () => expect((await json(`${url}/readyz`)).status).toBe(200), {
      timeout: 10_000,
    });
    const words = 'confidential-words';
    const ana = newPerson(url, 'CUSTOMER', { email: 'private@example.com' });
    const headers = { 'x-request-id': 'request-4711' };
    const body = { topic: words, description: words };
    const made = await ana.call<{ id: string }>('POST', '/tickets', body, headers);
    expect(made.status).toBe(201);
    await ana.send(made.body.id, words, { client_id: words });
    await ana.send(made.body.id, words.repeat(1000));
    await ana.call('POST', '/tickets', `{"topic":"${words}`);
    await ana.call('GET', `/tickets?token=${ana.token}&before=x`);
    await ana.call('GET', `/tickets/${made.body.id}`, undefined, {
      authorization: `Bearer ${ana.token}x`,
    });
    const bad = mintToken({ role: 'customer' });
    await ana.call('GET', '/tickets', undefined, { authorization: `Bearer ${bad}` });
    const form = new FormData();
    form.set('file', new Blob([words]), 'a.txt');
    const uploaded = await fetch(`${url}/api/v1/tickets/${made.body.id}/attachments`, {
      method: 'POST',
      headers: { authorization: `Bearer ${ana.token}` },
      body: form,
    });
    const file = (await uploaded.json()) as { url: string };
    await fetch(file.url);
    const refused = listenAt(url, { auth: { token: bad } });
    await new Promise((resolve) => refused.socket.once('connect_error', resolve));
    for (const options of [
      { query: { token: ana.token } },
      { auth: { token: ana.token } },
      { transports: ['polling'], query: { token: ana.token } },
    ]) {
      const socket = listenAt(url, options);
      await socket.ask('authorize', { token: ana.token });
      await socket.ask('send_message', { ticket_id: made.body.id, content: words });
      socket.socket.close();
    }
    await ana.close(made.body.id, words);
    server.child.kill('SIGTERM');
    expect(await server.exited).toBe(0);
    const output = server.output();
    const lines = output
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines).toContainEqual(
      expect.objectContaining({
        request: 'request-4711',
        method: 'POST',
        url: '/api/v1/tickets',
        status: 201,
        user: ana.id,
      }),
    );
    const signature = new URL(file.url).searchParams.get('sig') as string;
    const hidden = {
      token: ana.token,
      bad,
      words,
      SECRET,
      signature,
      email: 'private@example.com',
      former: 'the-former-secret',
      webhook: 'webhook-secret',
    };
    for (const [name, secret] of Object.entries(hidden)) {
      expect({ name, shown: output.includes(secret) }).toEqual({ name, shown: false });
    }
    expect(mongo.password === '' || !output.includes(mongo.password)).toBe(true);
    expect(output).toContain('token=[redacted]');
  });

  test('killed while it sends, and started again, has each accepted message once', async () => {
    const dbName = freshDatabaseName();
    server = spawnServer({ DB_NAME: dbName, LOG_LEVEL: 'silent' });
    let url = await server.listening;
    await eventually(async () => expect((await json(`${url}/readyz`)).status).toBe(200), {
      timeout: 10_000,
    });
    const ana = newPerson(url);
    const ticket = await ana.createTicket();
    const accepted: number[] = [];
    const sends = Array.from({ length: 100 }, async (_, i) => {
      await sleep(i);
      const sent = await ana
        .send(ticket.id, `m${i}`, { client_id: `c${i}` })
        .catch(() => undefined);
      if (sent?.status === 201) accepted.push(i);
    });
    await eventually(() => expect(accepted.length).toBeGreaterThan(20), { every: 1 });
    await server.kill();
    await Promise.all(sends);
    server = spawnServer({ DB_NAME: dbName, LOG_LEVEL: 'silent' });
    url = await server.listening;
    await eventually(async () => expect((await json(`${url}/readyz`)).status).toBe(200), {
      timeout: 10_000,
    });
    const again = newPerson(url, 'TEMP_USER', { id: ana.id });
    for (let i = 0; i < 100; i++) {
      const { status } = await again.send(ticket.id, `m${i}`, { client_id: `c${i}` });
      if (accepted.includes(i)) expect(status).toBe(200);
      else expect([200, 201]).toContain(status);
    }
    const listed = (await again.list(ticket.id)).body;
    expect(listed.map(({ seq }) => seq)).toEqual(Array.from({ length: 100 }, (_, i) => i + 1));
    expect(new Set(listed.map(({ client_id }) => client_id)).size).toBe(100);
    server.child.kill('SIGTERM');
    expect(await server.exited).toBe(0);
    const client = await new MongoClient(testMongoUri()).connect();
    await client.db(dbName).dropDatabase();
    await client.close();
  });
});
