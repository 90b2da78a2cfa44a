import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { eventually } from '../support/eventually.ts';
import { seededRandom } from '../support/random.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { type Cluster, startCluster } from './support/cluster.ts';
import { chooseSeed, long, Recorder } from './support/history.ts';
import { startLoad } from './support/load.ts';
import type { NodeProcess } from './support/node-process.ts';

/** How long, how much: `npm test`, and `npm run test:faults`. */
const size = long
  ? { ms: 300_000, writers: 200, tickets: 20, onOne: 20 }
  : { ms: 9000, writers: 30, tickets: 6, onOne: 4 };

describe('three nodes with Redis', () => {
  let cluster: Cluster;
  let redis: TestRedis;

  beforeAll(async () => {
    redis = await startRedis();
    cluster = await startCluster({
      nodes: 3,
      redis: redis.url,
      env: { SHUTDOWN_DELAY_MS: long ? '4000' : '800' },
    });
  });
  afterAll(async () => {
    await cluster?.close();
    await redis?.close();
  });

  test('5: when fifty write on one ticket over all nodes, then there is one order and everybody sees it', async () => {
    const recorder = new Recorder(chooseSeed(500));
    const load = await startLoad({ cluster, recorder, writers: 50, tickets: 1, readers: 6 });
    await eventually(() => expect(load.accepted()).toBeGreaterThanOrEqual(50 * size.onOne), {
      timeout: 120_000,
    });
    await load.finish();
  }, 180_000);

  test('when a node is told to stop while clients hold connections and do nothing, then it ends soon', async () => {
    const node = await cluster.add('held');
    const { hostname, port } = new URL(node.url as string);
    const request = 'GET /healthz HTTP/1.1\r\nHost: x\r\n';
    const socketIo = request.replace('/healthz', '/socket.io/?EIO=4&transport=websocket');
    const upgrade = `${socketIo}Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MTIzNDU2Nzg5MDEyMzQ1Ng==\r\n`;
    const held = [`${request}\r\n`, request, `${upgrade}\r\n`].map((bytes) => {
      const socket = connect(Number(port), hostname, () => socket.write(bytes));
      return socket.on('error', () => undefined);
    });
    await sleep(300);
    const start = performance.now();
    expect(await node.terminate()).toBe(0);
    expect(performance.now() - start).toBeLessThan(long ? 12_000 : 6000);
    for (const socket of held) socket.destroy();
    cluster.nodes.splice(cluster.nodes.indexOf(node), 1);
  });

  test(
    '4: when nodes are killed with -9 at random, then nothing is lost, doubled or reordered',
    async () => {
      const recorder = new Recorder(chooseSeed(400));
      const random = seededRandom(recorder.seed);
      const { writers, tickets, ms } = size;
      const load = await startLoad({ cluster, recorder, writers, tickets });
      const restarting = new Map<NodeProcess, Promise<void>>();
      let kills = 0;
      const restart = async (node: NodeProcess) => {
        await node.kill();
        await node.start();
        restarting.delete(node);
      };
      for (const until = Date.now() + ms; Date.now() < until; ) {
        await sleep(300 + random() * 1700);
        const running = cluster.nodes.filter((node) => !restarting.has(node));
        const node = running[Math.floor(random() * running.length)];
        // The last one seldom: where nodes take long to start, hardly a message would be accepted.
        if (!node || (running.length === 1 && random() > 0.2)) continue;
        kills++;
        restarting.set(node, restart(node));
      }
      await Promise.all(restarting.values());
      expect(kills).toBeGreaterThan(ms / 4000);
      console.log(`${kills} kills, ${load.accepted()} messages and changes accepted`);
      await load.finish(30_000);
    },
    size.ms + (long ? 300_000 : 120_000),
  );
});
