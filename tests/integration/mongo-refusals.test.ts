import { randomBytes } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { findMongod } from '../../src/infra/embedded-mongo/find.ts';
import { findFreePort, launchMongod, type Mongod } from '../../src/infra/embedded-mongo/launch.ts';
import {
  createUser,
  initiateReplicaSet,
  waitForPrimary,
  withAdmin,
} from '../../src/infra/embedded-mongo/replica-set.ts';
import { openApp, type RunningApp } from '../support/app.ts';
import { eventually } from '../support/eventually.ts';
import { newPerson } from '../support/people.ts';
import { makeTempDir } from '../support/temp-dir.ts';

const root = { user: 'root', password: 'hunter2-root' };
const PATIENCE = { timeout: 20_000, every: 100 };
let directory: string;
let binary: string;
let standalone: Mongod;
let set: Mongod;
let app: RunningApp | undefined;

/** One server without a replica set, and a set of one with a password. */
beforeAll(async () => {
  directory = await makeTempDir('refusals');
  binary = await findMongod({ dataDir: directory, log: () => undefined });
  const keyFile = join(directory, 'key');
  await writeFile(keyFile, randomBytes(192).toString('base64'), { mode: 0o600 });
  const launch = async (name: string, replica: { replSet?: string; args: string[] }) =>
    launchMongod({
      binary,
      port: await findFreePort(),
      dbPath: join(directory, name),
      logPath: join(directory, `${name}.log`),
      ...replica,
      args: [...replica.args, '--wiredTigerCacheSizeGB', '0.25'],
    });
  [standalone, set] = await Promise.all([
    launch('standalone', { args: [] }),
    launch('set', { replSet: 'rs1', args: ['--keyFile', keyFile] }),
  ]);
  await withAdmin(set.port, undefined, async (admin) => {
    await initiateReplicaSet(admin, 'rs1', [{ _id: 0, host: `127.0.0.1:${set.port}` }]);
    await waitForPrimary(admin);
    await createUser(admin, root);
  });
  await withAdmin(set.port, root, async (admin) => {
    const user = (name: string, role: string) =>
      admin.command({ createUser: name, pwd: 'pw', roles: [{ role, db: 'support' }] });
    await user('reader', 'read');
    await user('desk', 'readWrite');
  });
}, 120_000);

afterEach(async () => {
  await app?.stop().catch(() => app?.close());
  app = undefined;
});

afterAll(async () => {
  await Promise.all([standalone?.stop(), set?.stop()]);
  await rm(directory, { recursive: true, force: true });
});

const addressOf = (user: string, options = 'replicaSet=rs1') =>
  `mongodb://${user}@127.0.0.1:${set.port}/?authSource=admin&${options}`;

interface Readiness {
  status: string;
  parts: Record<string, { state: string; reason?: string }>;
}

async function readyz(url: string) {
  const answer = await fetch(`${url}/readyz`);
  return { status: answer.status, text: await answer.text() };
}

/** Starts on an address and waits until `/readyz` says so much; the server itself must live. */
async function expectRefused(MONGO_URI: string, part: string, reason: string): Promise<void> {
  app = await openApp({ MONGO_URI, DB_NAME: 'support', LOG_LEVEL: 'silent' });
  const { url } = app;
  await eventually(async () => {
    const { status, text } = await readyz(url);
    expect(status).toBe(503);
    const { parts } = JSON.parse(text) as Readiness;
    expect(parts[part]).toMatchObject({ state: 'down', reason: expect.stringContaining(reason) });
    expect(parts[part]?.reason).toMatch(/^MONGO_URI: /);
    // Anybody may read it.
    expect(text).not.toMatch(/127\.0\.0\.1|hunter2|reader|nowhere\.invalid|:\d{4,5}/);
  }, PATIENCE);
  expect((await fetch(`${url}/healthz`)).status).toBe(200);
}

describe('what MONGO_URI leads to', () => {
  test('a standalone server is refused before it takes a ticket that it could not close', async () => {
    const uri = `mongodb://127.0.0.1:${standalone.port}/`;
    await expectRefused(uri, 'mongodb', 'not a replica set');
    const answer = await newPerson(app?.url ?? '').call('GET', '/tickets');
    expect(answer).toMatchObject({ status: 503, body: { error: 'SERVICE_UNAVAILABLE' } });
  });

  test('a standalone server is refused where a set is named, too', () =>
    expectRefused(
      `mongodb://127.0.0.1:${standalone.port}/?replicaSet=rs0`,
      'mongodb',
      'not a replica set',
    ));

  test('a set of another name is told', () =>
    expectRefused(addressOf('desk:pw', 'replicaSet=rs0'), 'mongodb', 'another name'));

  test('a refused password is told', () =>
    expectRefused(addressOf('desk:hunter2'), 'mongodb', 'the user or the password is refused'));

  test('a user that may only read is told', () =>
    expectRefused(addressOf('reader:pw'), 'indexes', 'lacks rights'));

  test('an SRV name that is not known is told', () =>
    expectRefused('mongodb+srv://u:hunter2@nowhere.invalid/', 'mongodb', 'its host name'));

  test('a place where nothing listens is told', async () =>
    expectRefused(
      `mongodb://127.0.0.1:${await findFreePort()}/?replicaSet=rs0`,
      'mongodb',
      'nothing listens there (ECONNREFUSED)',
    ));

  test('a set that nobody has initiated is told, and taken as soon as somebody has', async () => {
    const port = await findFreePort();
    const late = await launchMongod({
      binary,
      port,
      dbPath: join(directory, 'late'),
      logPath: join(directory, 'late.log'),
      replSet: 'rs2',
      args: ['--wiredTigerCacheSizeGB', '0.25'],
    });
    try {
      const uri = `mongodb://127.0.0.1:${port}/?replicaSet=rs2`;
      await expectRefused(uri, 'mongodb', 'run rs.initiate() once');
      const url = app?.url ?? '';
      await withAdmin(port, undefined, async (admin) => {
        await initiateReplicaSet(admin, 'rs2', [{ _id: 0, host: `127.0.0.1:${port}` }]);
        await waitForPrimary(admin);
      });
      await eventually(async () => expect((await readyz(url)).status).toBe(200), PATIENCE);
      expect((await newPerson(url).call('GET', '/tickets')).status).toBe(200);
    } finally {
      await late.stop();
    }
  }, 120_000);

  test('a user with readWrite on the one database is enough for all of it', async () => {
    app = await openApp({ MONGO_URI: addressOf('desk:pw'), DB_NAME: 'support' });
    const { url } = app;
    await eventually(async () => expect((await readyz(url)).status).toBe(200), PATIENCE);
    const ana = newPerson(url);
    const ticket = await ana.createTicket();
    expect((await ana.send(ticket.id, 'one')).status).toBe(201);
    expect(await ana.close(ticket.id)).toMatchObject({ status: 200, body: { status: 'CLOSED' } });
  });
});

test('the log says once, not once a second, what is wrong, and without the password', async () => {
  const lines: string[] = [];
  const { connectMongo } = await import('../../src/infra/mongo.ts');
  const { pino } = await import('pino');
  const log = pino({ level: 'debug' }, { write: (line: string) => void lines.push(line) });
  const link = connectMongo(addressOf('desk:hunter2'), 'support', log);
  await eventually(() => expect(link.trouble()).toContain('the password is refused'), PATIENCE);
  await new Promise((resolve) => setTimeout(resolve, 2500));
  await link.close();
  expect(lines.filter((line) => line.includes('cannot be used'))).toHaveLength(1);
  expect(lines.join('')).not.toContain('hunter2');
});
