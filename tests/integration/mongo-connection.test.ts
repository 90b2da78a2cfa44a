import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Db, MongoClient } from 'mongodb';
import { connectMongo } from '../../src/infra/mongo.ts';
import { type RunningApp, startApp } from '../support/app.ts';
import { eventually } from '../support/eventually.ts';
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts';
import { freshDatabaseName, testMongoUri } from '../support/mongo.ts';

/** What of the driver's pool is looked at. */
interface PooledConnection {
  socket: Socket;
  destroy(): void;
}
interface Pool {
  connections: Iterable<PooledConnection>;
  checkedOut: Set<PooledConnection>;
}

let app: RunningApp;
let client: MongoClient;
let db: Db;

beforeAll(async () => {
  app = await startApp();
  client = app.ctx.db.connection.getClient() as never;
  db = client.db('admin');
});
afterAll(() => app.stop());

function poolOf(of = client): Pool {
  const { s } = (of as unknown as { topology: { s: { servers: Map<string, { pool: Pool }> } } })
    .topology;
  const [server] = s.servers.values();
  if (!server) throw new Error('there is no server');
  return server.pool;
}

const proxyToMongo = () =>
  startFaultProxy({ target: { port: Number(new URL(testMongoUri()).port) } });

function connectBy({ port }: FaultProxy) {
  const address = new URL(testMongoUri());
  address.port = String(port);
  address.search = '?directConnection=true';
  return connectMongo(address.href, freshDatabaseName(), app.ctx.log);
}

/** How a command ended; `waits` where it has not. */
const outcomeOf = (command: Promise<unknown>) =>
  Promise.race([
    command.then(
      () => 'answered',
      () => 'refused',
    ),
    sleep(2000, 'waits', { ref: false }),
  ]);

test('a command on a connection that has ended, and has not said so yet, does not wait for ever', async () => {
  await Promise.all(Array.from({ length: 4 }, () => db.command({ ping: 1 })));
  // What the kernel's notice does to a socket, some turns before its event.
  for (const { socket } of poolOf().connections) socket.destroy();
  expect(await outcomeOf(db.command({ ping: 1 }))).not.toBe('waits');
  expect(await outcomeOf(db.command({ ping: 1 }))).toBe('answered');
  expect(poolOf().checkedOut.size).toBe(0);
});

test('a command that is still being written when its connection is destroyed does not wait for ever', async () => {
  const proxy = await proxyToMongo();
  const link = connectBy(proxy);
  await link.connected;
  // The whole command does not fit into what the kernel and the proxy hold.
  proxy.setFault({ type: 'bandwidth', bytesPerSecond: 1024 * 1024, direction: 'toTarget' });
  const behind = link.connection.getClient() as never as MongoClient;
  const large = behind.db('admin').command({ echo: 1, padding: 'x'.repeat(15 * 1024 * 1024) });
  const outcome = outcomeOf(large);
  const writing = () => [...poolOf(behind).checkedOut].find((one) => one.socket.writableNeedDrain);
  const connection = await eventually(() => {
    const found = writing();
    if (!found) throw new Error('no command is being written');
    return found;
  });
  connection.destroy();
  expect(await outcome).toBe('refused');
  expect(poolOf(behind).checkedOut.size).toBe(0);
  await link.close();
  await proxy.close();
});

test('a MongoDB that stops answering just when the first look asks is looked at again', async () => {
  const proxy = await proxyToMongo();
  // The driver's own greetings have no session.
  const isLook = (sent: Buffer) => sent.includes('hello') && sent.includes('lsid');
  const swallow = (sent: Buffer) => {
    if (isLook(sent)) proxy.setFault({ type: 'blackHole' });
    return false;
  };
  proxy.cutRequests({ when: swallow });
  const link = connectBy(proxy);
  const connected = link.connected.then(() => 'connected');
  expect(await Promise.race([connected, sleep(1000, 'waits', { ref: false })])).toBe('waits');
  expect(proxy.counters.bytesSwallowed).toBeGreaterThan(0);
  // What has been swallowed stays so.
  proxy.setFault([]);
  expect(await Promise.race([connected, sleep(15_000, 'waits', { ref: false })])).toBe('connected');
  await link.close();
  await proxy.close();
});
