import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { eventually } from '../support/eventually.ts';
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts';
import type { Reader as ReaderRecord } from '../support/history-checker.ts';
import { seededRandom } from '../support/random.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { type Cluster, startCluster } from './support/cluster.ts';
import { chooseSeed, long, Recorder } from './support/history.ts';
import { startLoad } from './support/load.ts';
import { measure, report } from './support/measurements.ts';
import { Reader } from './support/reader.ts';
import { newAccount, openTicket, sendUntilAnswered } from './support/writer.ts';

const JOINS = long ? 1000 : 50;
const CUTS = long ? 200 : 40;

describe('live events on two nodes', () => {
  let redis: TestRedis;
  let cluster: Cluster;
  const proxies: FaultProxy[] = [];

  beforeAll(async () => {
    redis = await startRedis();
    cluster = await startCluster({ nodes: 2, redis: redis.url });
    for (const url of cluster.urls()) {
      const port = Number(new URL(url).port);
      proxies.push(await startFaultProxy({ target: { port }, seed: chooseSeed(1300) }));
    }
  });
  afterAll(async () => {
    for (const proxy of proxies) await proxy.close();
    await cluster?.close();
    await redis?.close();
    report();
  });

  test('12: when readers join at any moment under load, then each gets every entry once, in order', async () => {
    const recorder = new Recorder(chooseSeed(1200));
    const random = seededRandom(recorder.seed);
    const by = newAccount();
    const ticketId = await openTicket(cluster, by);
    // All write on one node, which can then put a whole queue into one command.
    const where = { urls: () => cluster.urls().slice(0, 1) };
    let head = 0;
    let joined = 0;
    const write = async (index: number) => {
      const own = seededRandom(recorder.seed + index);
      for (let n = 0; joined < JOINS && !cluster.closed; n++) {
        const send = { ticketId, by, clientId: `${index}/${n}` };
        const { message } = await sendUntilAnswered(recorder, where, send, own);
        head = Math.max(head, message?.seq ?? 0);
      }
    };
    const records: ReaderRecord[] = [];
    const findings: string[] = [];
    const join = async () => {
      while (joined < JOINS) {
        const name = `joiner ${++joined}`;
        const random = seededRandom(recorder.seed + 1000 + joined);
        const after = Math.max(0, head - Math.floor(random() * 60));
        const ticketIds = [ticketId];
        const fromCursors = random() < 0.5;
        const options = { name, by, ticketIds, where: cluster, random, after, fromCursors };
        const reader = new Reader(options);
        await reader.live();
        // Some hear a lot, some next to nothing.
        await sleep(random() * 150);
        reader.close();
        records.push({ ...reader.records()[0]!, until: reader.cursor(ticketId) });
        findings.push(...reader.findings);
      }
    };
    // Two that stay, so that each node has somebody to send to, whoever comes.
    const staying = cluster.urls().map((url, index) => {
      const here = { urls: () => [url] };
      return new Reader({ name: `on ${index}`, by, ticketIds: [ticketId], where: here, random });
    });
    await Promise.all(staying.map((reader) => reader.live()));
    const start = performance.now();
    const writers = Promise.all(Array.from({ length: 48 }, (_, index) => write(index)));
    await Promise.all(Array.from({ length: 4 }, join));
    await writers;
    const rate = head / ((performance.now() - start) / 1000);
    measure('readers join', 'messages a second', rate);
    const logs = await cluster.readLogs(ticketId);
    for (const reader of staying) {
      await reader.reaches(ticketId, logs[ticketId]!.length);
      reader.close();
      records.push(...reader.records());
      findings.push(...reader.findings);
    }
    expect(records.reduce((sum, { events }) => sum + events.length, 0)).toBeGreaterThan(JOINS * 5);
    recorder.judge({ [ticketId]: logs[ticketId]! }, records, {
      more: findings,
      logTails: cluster.logTails,
    });
  }, 600_000);

  test('13: when clients are cut at random bytes, then nothing is lost, doubled or reordered', async () => {
    const recorder = new Recorder(chooseSeed(1310));
    const where = { urls: () => proxies.map(({ port }) => `http://127.0.0.1:${port}`) };
    const load = await startLoad({ cluster, recorder, writers: 12, tickets: 4, where, readers: 2 });
    for (const proxy of proxies) {
      proxy.setFault({ type: 'limitData', bytes: [200, 30_000] });
      // The connections from before are as good as any.
      proxy.resetAll();
    }
    const cuts = () => proxies.reduce((sum, { counters }) => sum + counters.cuts, 0);
    await eventually(() => expect(cuts()).toBeGreaterThanOrEqual(CUTS), { timeout: 120_000 });
    for (const proxy of proxies) proxy.clear();
    await load.finish();
  }, 180_000);
});
