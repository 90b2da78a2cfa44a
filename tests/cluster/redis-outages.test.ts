import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { eventually } from '../support/eventually.ts';
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts';
import { seededRandom } from '../support/random.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { type Cluster, startCluster } from './support/cluster.ts';
import { chooseSeed, long, Recorder } from './support/history.ts';
import { startLoad } from './support/load.ts';
import { measure, report } from './support/measurements.ts';
import { Reader } from './support/reader.ts';
import { type Account, newAccount, openTicket, sendUntilAnswered } from './support/writer.ts';

const SWEEP_MS = 4000;
/** A sweep comes at most a fifth late, and then one read for each ticket. */
const SWEPT_MS = SWEEP_MS * 1.2 + 1000;
const AWAY_MS = long ? 180_000 : 6000;

describe('Redis away', () => {
  let redis: TestRedis;
  let proxy: FaultProxy;
  let cluster: Cluster;

  beforeAll(async () => {
    redis = await startRedis();
    proxy = await startFaultProxy({ target: { port: redis.port } });
    cluster = await startCluster({
      nodes: 3,
      redis: `redis://127.0.0.1:${proxy.port}`,
      env: { SWEEP_INTERVAL_MS: String(SWEEP_MS) },
    });
  });
  afterAll(async () => {
    await cluster?.close();
    await proxy?.close();
    await redis?.close();
    report();
  });

  /** A customer whose messages go to the first node, with a reader there and one on the second. */
  async function converse(seed: number) {
    const recorder = new Recorder(chooseSeed(seed));
    const random = seededRandom(recorder.seed);
    const by: Account = newAccount();
    const ticketId = await openTicket(cluster, by);
    const at = (node: number) => ({ urls: () => [cluster.nodes[node]!.url!] });
    const readers = [0, 1].map(
      (node) =>
        new Reader({ name: `on ${node}`, by, ticketIds: [ticketId], where: at(node), random }),
    );
    await Promise.all(readers.map((reader) => reader.live()));
    let n = 0;
    const send = async () => {
      const start = performance.now();
      const send = { ticketId, by, clientId: `m${++n}` };
      const { message } = await sendUntilAnswered(recorder, at(0), send, random);
      const answered = performance.now() - start;
      const seq = message!.seq;
      const lag = async (node: number) => {
        await readers[node]!.reaches(ticketId, seq, 20_000);
        return readers[node]!.receivedAt(ticketId, seq)! - start;
      };
      return { answered, local: () => lag(0), remote: () => lag(1) };
    };
    const finish = async () => {
      const logs = await cluster.readLogs(ticketId);
      await Promise.all(readers.map((reader) => reader.reaches(ticketId, n, 20_000)));
      for (const reader of readers) reader.close();
      const more = readers.flatMap(({ findings }) => findings);
      const records = readers.flatMap((reader) => reader.records());
      recorder.judge({ [ticketId]: logs[ticketId]! }, records, {
        more,
        logTails: cluster.logTails,
      });
    };
    return { send, finish };
  }

  const outages: [string, () => Promise<void> | void, () => Promise<void> | void][] = [
    ['killed', () => redis.kill(), () => redis.restart()],
    ['frozen', () => redis.pause(), () => redis.resume()],
    ['behind a black hole', () => proxy.setFault({ type: 'blackHole' }), () => proxy.setFault([])],
  ];

  test.each(outages)(
    '6: when Redis is %s, then local readers see at once, others by the sweep, and no process ends',
    async (name, begin, end) => {
      const talk = await converse(600);
      const normal = await talk.send();
      measure('Redis there', 'seen on another node', await normal.remote());
      const pids = cluster.nodes.map(({ pid }) => pid);
      await begin();
      try {
        await sleep(50);
        const first = await talk.send();
        measure(`Redis ${name}`, 'the first send is answered', first.answered);
        measure(`Redis ${name}`, 'and seen on its node', await first.local());
        await sleep(1500);
        const later = await talk.send();
        measure(`Redis ${name}`, 'a later send is answered', later.answered);
        const [local, remote] = [await later.local(), await later.remote()];
        measure(`Redis ${name}`, 'and seen on its node', local);
        measure(`Redis ${name}`, 'seen on another node', remote);
        expect(first.answered).toBeLessThan(2500);
        expect(later.answered).toBeLessThan(1000);
        expect(local).toBeLessThan(1000);
        expect(remote).toBeLessThan(SWEPT_MS);
      } finally {
        await end();
      }
      // Back again, hints flow as before.
      await eventually(
        async () => {
          const after = await talk.send();
          expect(await after.remote()).toBeLessThan(SWEEP_MS * 0.5);
        },
        { timeout: 20_000 },
      );
      await talk.finish();
      expect(cluster.nodes.map(({ pid }) => pid)).toEqual(pids);
    },
    60_000,
  );

  test('6: when Redis is flushed in the middle of a conversation, then nobody notices', async () => {
    const talk = await converse(610);
    for (let n = 0; n < 5; n++) {
      if (n === 2) await redis.flush();
      const sent = await talk.send();
      expect(await sent.remote()).toBeLessThan(SWEEP_MS * 0.5);
    }
    await talk.finish();
  });

  test('6: when a node starts while Redis is away, then it is ready, and hears and is heard by the sweep', async () => {
    const talk = await converse(605);
    await redis.kill();
    try {
      await cluster.nodes[1]!.kill();
      await cluster.nodes[1]!.start();
      expect((await fetch(`${cluster.nodes[1]!.url}/readyz`)).status).toBe(200);
      const sent = await talk.send();
      expect(await sent.local()).toBeLessThan(1000);
      expect(await sent.remote()).toBeLessThan(SWEPT_MS);
    } finally {
      await redis.restart();
    }
    await eventually(
      async () => expect(await (await talk.send()).remote()).toBeLessThan(SWEEP_MS * 0.5),
      { timeout: 20_000 },
    );
    await talk.finish();
  }, 120_000);

  test(
    '7: when Redis is away for long under load, then no process ends, nothing is unhandled and memory stays flat',
    async () => {
      const recorder = new Recorder(chooseSeed(700));
      const load = await startLoad({ cluster, recorder, writers: 12, tickets: 4, rest: 60 });
      const pids = cluster.nodes.map(({ pid }) => pid);
      await redis.kill();
      try {
        await sleep(AWAY_MS / 3);
        const before = cluster.nodes.map((node) => node.memory());
        await sleep((AWAY_MS * 2) / 3);
        for (const [index, node] of cluster.nodes.entries()) {
          const grown = node.memory() - before[index]!;
          measure('Redis away for long', 'a process grows by MiB', grown / 2 ** 20);
          expect(grown).toBeLessThan(60 * 2 ** 20);
          expect(node.logs()).not.toMatch(/unexpected error|unhandled/i);
        }
      } finally {
        await redis.restart();
      }
      await load.finish();
      expect(cluster.nodes.map(({ pid }) => pid)).toEqual(pids);
    },
    AWAY_MS + 60_000,
  );
});

describe('rate limits of three nodes', () => {
  let redis: TestRedis;
  let cluster: Cluster;

  beforeAll(async () => {
    redis = await startRedis();
    cluster = await startCluster({ nodes: 3, redis: redis.url, env: { RATE_LIMIT_FACTOR: '1' } });
  });
  afterAll(async () => {
    await cluster?.close();
    await redis?.close();
  });

  /** Statuses of one message after the other, each on the node that `choose` says. */
  async function burst(
    by: Account,
    ticketId: string,
    count: number,
    choose: (n: number) => number,
  ) {
    const statuses: number[] = [];
    for (let n = 0; n < count; n++) {
      const url = cluster.nodes[choose(n)]!.url!;
      const answer = await fetch(`${url}/api/v1/tickets/${ticketId}/messages`, {
        method: 'POST',
        headers: { authorization: `Bearer ${by.token}`, 'content-type': 'application/json' },
        body: JSON.stringify({ content: `message ${n}` }),
      });
      statuses.push(answer.status);
      if (answer.status === 429)
        expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    }
    return statuses;
  }
  const fifteen = Array<number>(15).fill(201);

  test('when one user sends fifteen messages over all nodes, then the sixteenth is refused on each of them', async () => {
    const by = newAccount();
    const ticketId = await openTicket(cluster, by);
    expect(await burst(by, ticketId, 18, (n) => n % 3)).toEqual([...fifteen, 429, 429, 429]);
  });

  test('when Redis is away, then each node counts for itself, and a user is still limited', async () => {
    const by = newAccount();
    const ticketId = await openTicket(cluster, by);
    await redis.kill();
    try {
      expect(await burst(by, ticketId, 16, () => 0)).toEqual([...fifteen, 429]);
      expect(await burst(by, ticketId, 16, () => 1)).toEqual([...fifteen, 429]);
    } finally {
      await redis.restart();
    }
  });
});
