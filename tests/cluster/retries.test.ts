import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts';
import { type Listener, listenAt } from '../support/people.ts';
import { seededRandom } from '../support/random.ts';
import { type Cluster, startCluster } from './support/cluster.ts';
import { chooseSeed, long, Recorder } from './support/history.ts';
import { Reader } from './support/reader.ts';
import { trySendOver } from './support/socket-door.ts';
import { newAccount, openTicket, type Sent, trySend } from './support/writer.ts';

const ROUNDS = long ? 50 : 4;
const SWEEP_MS = 1000;

/** Two nodes that share nothing but the database: without Redis the sweep alone joins them. */
describe('retries on two nodes', () => {
  let cluster: Cluster;
  let proxy: FaultProxy;
  const open: { close(): unknown }[] = [];

  beforeAll(async () => {
    cluster = await startCluster({ nodes: 2, env: { SWEEP_INTERVAL_MS: String(SWEEP_MS) } });
    const port = Number(new URL(cluster.urls()[0]!).port);
    proxy = await startFaultProxy({ target: { port } });
  });
  afterEach(() => {
    proxy.clear();
    for (const each of open.splice(0)) each.close();
  });
  afterAll(async () => {
    await proxy?.close();
    await cluster?.close();
  });

  const viaProxy = () => `http://127.0.0.1:${proxy.port}`;

  function follow(by: ReturnType<typeof newAccount>, ticketId: string, node: number, seed: number) {
    const where = { urls: () => [cluster.urls()[node]!] };
    const name = `reader on ${node}`;
    const random = seededRandom(seed);
    const reader = new Reader({ name, by, ticketIds: [ticketId], where, random });
    open.push(reader);
    return reader;
  }

  function expectOneAnswer(retries: Sent[]) {
    expect(new Set(retries.map(({ outcome }) => outcome))).toEqual(new Set(['accepted']));
    expect(new Set(retries.map(({ message }) => message?.id)).size).toBe(1);
    expect(new Set(retries.map(({ message }) => message?.seq)).size).toBe(1);
  }

  async function judge(recorder: Recorder, ticketId: string, readers: Reader[]) {
    const logs = await cluster.readLogs(ticketId);
    for (const reader of readers) await reader.reaches(ticketId, logs[ticketId]!.length);
    recorder.judge(
      { [ticketId]: logs[ticketId]! },
      readers.flatMap((reader) => reader.records()),
      { more: readers.flatMap(({ findings }) => findings), logTails: cluster.logTails },
    );
  }

  test('1: when the reply is cut after the commit, then twenty retries at once get the one message', async () => {
    const recorder = new Recorder(chooseSeed(101));
    const by = newAccount();
    const ticketId = await openTicket(cluster, by);
    const readers = [0, 1].map((node) => follow(by, ticketId, node, recorder.seed + node));
    for (let round = 0; round < ROUNDS; round++) {
      const send = { ticketId, by, clientId: `cut-${round}` };
      proxy.dropReplies({ times: 1, when: (sent) => sent.includes('POST ') });
      const cut = await trySend(recorder, viaProxy(), send);
      expect(cut.outcome).toBe('unknown');
      proxy.clear();
      const retries = await Promise.all(
        Array.from({ length: 20 }, (_, n) => trySend(recorder, cluster.urls()[n % 2]!, send)),
      );
      expectOneAnswer(retries);
      expect(retries[0]!.message!.seq).toBe(round + 1);
    }
    await judge(recorder, ticketId, readers);
  });

  test('2: when the ack of a socket is cut after the commit, then twenty retries at once get the one message', async () => {
    const recorder = new Recorder(chooseSeed(102));
    const by = newAccount();
    const ticketId = await openTicket(cluster, by);
    const readers = [0, 1].map((node) => follow(by, ticketId, node, recorder.seed + node));
    const connect = async (url: string): Promise<Listener> => {
      const listener = listenAt(url, { auth: { token: by.token } });
      open.push(listener.socket);
      await new Promise((resolve) => listener.socket.once('authorized', resolve));
      return listener;
    };
    const sockets = await Promise.all(cluster.urls().map(connect));
    for (let round = 0; round < ROUNDS; round++) {
      const send = { ticketId, by, clientId: `cut-${round}` };
      const fragile = await connect(viaProxy());
      proxy.dropReplies({ times: 1 });
      const gone = new Promise((resolve) => fragile.socket.once('disconnect', resolve));
      const cut = trySendOver(recorder, fragile, send);
      await gone;
      expect((await cut).outcome).toBe('unknown');
      proxy.clear();
      const retries = await Promise.all(
        Array.from({ length: 20 }, (_, n) => trySendOver(recorder, sockets[n % 2]!, send)),
      );
      expectOneAnswer(retries);
      expect(retries[0]!.message!.seq).toBe(round + 1);
    }
    await judge(recorder, ticketId, readers);
  });

  test('when the first copy and twenty retries race each other, then one of them is stored', async () => {
    const recorder = new Recorder(chooseSeed(103));
    const by = newAccount();
    const ticketId = await openTicket(cluster, by);
    const readers = [0, 1].map((node) => follow(by, ticketId, node, recorder.seed + node));
    for (let round = 0; round < ROUNDS * 3; round++) {
      const send = { ticketId, by, clientId: `race-${round}` };
      const copies = await Promise.all(
        Array.from({ length: 20 }, (_, n) => trySend(recorder, cluster.urls()[n % 2]!, send)),
      );
      expectOneAnswer(copies);
      expect(copies.filter(({ status }) => status === 201).length).toBeLessThanOrEqual(1);
    }
    await judge(recorder, ticketId, readers);
  });

  test('when there is no Redis, then the sweep brings to the other node what was sent on the first', async () => {
    const recorder = new Recorder(chooseSeed(105));
    const by = newAccount();
    const ticketId = await openTicket(cluster, by);
    const reader = follow(by, ticketId, 1, recorder.seed);
    await reader.live();
    for (let n = 1; n <= 3; n++) {
      const start = performance.now();
      await trySend(recorder, cluster.urls()[0]!, { ticketId, by, clientId: `m${n}` });
      await reader.reaches(ticketId, n);
      expect(reader.receivedAt(ticketId, n)! - start).toBeLessThan(SWEEP_MS * 1.2 + 1000);
    }
    await judge(recorder, ticketId, [reader]);
  });

  test('when a client id comes back with another text, then it is refused on either node', async () => {
    const recorder = new Recorder(chooseSeed(104));
    const by = newAccount();
    const ticketId = await openTicket(cluster, by);
    const send = { ticketId, by, clientId: 'mine' };
    expect((await trySend(recorder, cluster.urls()[0]!, send)).status).toBe(201);
    for (const url of cluster.urls()) {
      const other = await trySend(new Recorder(0), url, { ...send, content: 'other' });
      expect(other.status).toBe(409);
    }
    await judge(recorder, ticketId, []);
  });
});
