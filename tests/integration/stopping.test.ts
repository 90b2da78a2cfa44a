import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { type Db, MongoClient } from 'mongodb';
import type { RunningSimulator } from '../../simulator/server.ts';
import { findFreePort } from '../../src/infra/embedded-mongo/launch.ts';
import type { HealthReport } from '../../src/infra/health.ts';
import { discordEnv, fault, startDiscord, stateOf } from '../support/discord.ts';
import { eventually } from '../support/eventually.ts';
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts';
import { freshDatabaseName, testMongoUri } from '../support/mongo.ts';
import { listenAt, newPerson } from '../support/people.ts';
import { type ServerProcess, spawnServer } from '../support/server-process.ts';

const readiness = async (url: string) => {
  const answer = await fetch(`${url}/readyz`);
  return { status: answer.status, body: (await answer.json()) as HealthReport };
};

const isReady = (url: string) =>
  eventually(async () => expect((await readiness(url)).status).toBe(200), { timeout: 15_000 });

describe('a process that is told to stop', () => {
  let client: MongoClient;
  let db: Db;
  let server: ServerProcess | undefined;
  let sim: RunningSimulator | undefined;
  let proxy: FaultProxy | undefined;

  beforeAll(async () => {
    client = await new MongoClient(testMongoUri()).connect();
  });
  afterEach(async () => {
    await server?.kill();
    await sim?.close();
    await proxy?.close();
    await db?.dropDatabase();
    server = sim = proxy = undefined;
  });
  afterAll(() => client.close());

  /** Starts one that is ready, on a port that is known for every role. */
  async function start(env: Record<string, string> = {}) {
    db = client.db(freshDatabaseName());
    const port = await findFreePort();
    const own = { DB_NAME: db.databaseName, WEB_SERVER_PORT: String(port), LOG_LEVEL: 'error' };
    server = spawnServer({ ...own, ...env });
    const url = `http://127.0.0.1:${port}`;
    await isReady(url);
    return { server, url };
  }

  test.each([
    ['server,bot', ['bot', 'server']],
    ['server', ['server']],
    ['bot', ['bot']],
  ])(
    'when ROLES=%s and Discord hangs, then it is not ready at once, and ends with 0',
    async (ROLES, parts) => {
      sim = await startDiscord();
      await fault(sim, { kind: 'hang', who: 'bot' });
      const env = { ROLES, REDIS_URL: 'redis://127.0.0.1:1', SHUTDOWN_DELAY_MS: '600' };
      const { url } = await start({ ...env, ...discordEnv(sim) });
      if (ROLES.includes('bot')) {
        const hanging = sim;
        await eventually(async () => expect((await stateOf(hanging)).calls).not.toEqual([]));
      }
      server?.child.kill('SIGTERM');
      const { body } = await eventually(
        async () => {
          const answer = await readiness(url);
          expect(answer.status).toBe(503);
          return answer;
        },
        { timeout: 400, every: 5 },
      );
      const stopping = { state: 'down', reason: 'stopping' };
      expect(body.parts).toMatchObject(Object.fromEntries(parts.map((part) => [part, stopping])));
      await sim.close();
      sim = undefined;
      expect(await server?.exited).toBe(0);
    },
  );

  test('while its delay lasts, then it answers everybody, and has stored all it has accepted', async () => {
    const delay = 800;
    const { url } = await start({ SHUTDOWN_DELAY_MS: String(delay) });
    const ana = newPerson(url);
    const tickets = await Promise.all([1, 2, 3, 4, 5].map(() => ana.createTicket()));
    const socket = listenAt(url);
    await socket.ask('authorize', { token: ana.token });
    const idle = connect(Number(new URL(url).port), '127.0.0.1');
    await once(idle, 'connect');
    const answers: number[] = [];
    const accepted: string[] = [];
    const cutOff: number[] = [];
    const sending = tickets.map(async ({ id }) => {
      while (cutOff.length < tickets.length) {
        try {
          const { status, body } = await ana.send(id, 'more');
          answers.push(status);
          accepted.push(body.id);
        } catch {
          cutOff.push(performance.now());
          return;
        }
      }
    });
    await eventually(() => expect(answers.length).toBeGreaterThan(20));
    const before = answers.length;
    const toldAt = performance.now();
    server?.child.kill('SIGTERM');
    await Promise.all(sending);
    expect(await server?.exited).toBe(0);
    expect(new Set(answers)).toEqual(new Set([201]));
    expect(answers.length).toBeGreaterThan(before);
    expect(Math.min(...cutOff) - toldAt).toBeGreaterThanOrEqual(delay - 5);
    expect(socket.events('server_restarting')).toHaveLength(1);
    idle.destroy();
    socket.socket.close();
    const rows = await db.collection('entries').find().toArray();
    const stored = rows.map(({ _id }) => _id.toHexString());
    expect(stored).toEqual(expect.arrayContaining(accepted));
  });

  test('when a send waits within it for MongoDB, then the send gets its 201 before the end', async () => {
    proxy = await startFaultProxy({ target: { port: Number(new URL(testMongoUri()).port) } });
    const MONGO_URI = `mongodb://127.0.0.1:${proxy.port}/?directConnection=true`;
    const { url } = await start({ MONGO_URI });
    const ana = newPerson(url);
    const ticket = await ana.createTicket();
    await ana.send(ticket.id, 'first');
    // Longer than connections that do nothing are waited for.
    proxy.setFault({ type: 'latency', ms: 2600, direction: 'toClient' });
    let answered = false;
    const sent = ana.send(ticket.id, 'held').finally(() => {
      answered = true;
    });
    await eventually(async () => expect(await db.collection('entries').countDocuments()).toBe(2), {
      timeout: 15_000,
    });
    expect(answered).toBe(false);
    server?.child.kill('SIGTERM');
    const { status, body } = await sent;
    expect(status).toBe(201);
    expect(body).toMatchObject({ content: 'held', seq: 2 });
    proxy.clear();
    expect(await server?.exited).toBe(0);
  });
});
