import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { CrashPoint } from '../../src/infra/crash-points.ts';
import { SECRET } from '../support/app.ts';
import { seededRandom } from '../support/random.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { makeTempDir } from '../support/temp-dir.ts';
import { type Cluster, startCluster } from './support/cluster.ts';
import { chooseSeed, long, Recorder, type StoredLogs } from './support/history.ts';
import { createNode } from './support/node-process.ts';
import { Reader } from './support/reader.ts';
import { newAccount, openTicket, sendUntilAnswered, trySend } from './support/writer.ts';

const points = ['before-insert', 'after-insert', 'before-publish', 'after-publish'] as const;
const passes = long ? [1, 2, 3, 5, 8, 13, 21] : [4];

describe('3: a node killed with -9 at each crash point', () => {
  let cluster: Cluster;
  let redis: TestRedis;

  beforeAll(async () => {
    redis = await startRedis();
    cluster = await startCluster({ nodes: 1, redis: redis.url });
  });
  afterAll(async () => {
    await cluster?.close();
    await redis?.close();
  });

  test.each(points)(
    'when it is killed %s, then every send is stored and seen once',
    async (point) => {
      for (const pass of passes) await crashAt(point, pass);
    },
  );

  async function crashAt(point: CrashPoint, pass: number): Promise<void> {
    const recorder = new Recorder(chooseSeed(300 + points.indexOf(point as never) * 100 + pass));
    const random = seededRandom(recorder.seed);
    const by = newAccount();
    const ticketId = await openTicket(cluster, by);
    const doomed = await cluster.add(`${point}-${pass}-${recorder.seed}`, {
      DESKCORD_CRASH_AT: `${point}:${pass}`,
    });
    const survivor = { urls: () => [cluster.nodes[0]!.url!] };
    const reader = new Reader({
      name: 'reader',
      by,
      ticketIds: [ticketId],
      where: survivor,
      random,
    });
    await reader.live();
    // One after the other at the node that will die, and from then on at the one that is left.
    const first = { urls: () => (doomed.url ? [doomed.url] : survivor.urls()) };
    for (let n = 1; n <= pass + 3; n++) {
      await sendUntilAnswered(recorder, first, { ticketId, by, clientId: `m${n}` }, random);
    }
    await doomed.ended();
    expect(doomed.exit).toEqual({ code: null, signal: 'SIGKILL' });
    const logs = await cluster.readLogs();
    await reader.reaches(ticketId, pass + 3).catch(() => undefined);
    reader.close();
    const more = reader.findings;
    const own: StoredLogs = { [ticketId]: logs[ticketId]! };
    recorder.judge(own, reader.records(), { more, logTails: cluster.logTails });
    expect(own[ticketId]).toHaveLength(pass + 3);
  }
});

describe('one process with the embedded MongoDB', () => {
  test('when it is killed with -9 in the middle of a hundred sends and started again, then every accepted one is there once', async () => {
    const recorder = new Recorder(chooseSeed(390));
    const random = seededRandom(recorder.seed);
    const directory = await makeTempDir('embedded');
    const node = createNode('single', directory, {
      DATA_DIR: directory,
      JWT_SECRET_KEY: SECRET,
      WEB_SERVER_PORT: '0',
      HOST: '127.0.0.1',
      RATE_LIMIT_FACTOR: '1000',
    });
    const where = { urls: () => (node.url ? [node.url] : []) };
    try {
      await node.start();
      const by = newAccount();
      const ticketId = await openTicket(where, by);
      const killAfter = 30 + Math.floor(random() * 40);
      let answered = 0;
      let next = 0;
      let killed: Promise<void> | undefined;
      const sender = async () => {
        while (next < 100) {
          const send = { ticketId, by, clientId: `m${++next}` };
          const { outcome } = await trySend(
            recorder,
            where.urls()[0] ?? 'http://127.0.0.1:1',
            send,
          );
          if (outcome === 'accepted' && ++answered >= killAfter) killed ??= node.kill();
        }
      };
      await Promise.all(Array.from({ length: 10 }, sender));
      await killed;
      const before = recorder.attempts.filter(({ outcome }) => outcome === 'accepted').length;
      expect(before).toBeGreaterThanOrEqual(killAfter);
      expect(before).toBeLessThan(100);

      await node.start();
      const headers = { authorization: `Bearer ${by.token}` };
      const read = async (): Promise<StoredLogs> => {
        const path = `${node.url}/api/v1/tickets/${ticketId}/messages`;
        const answer = await fetch(path, { headers });
        const rows = (await answer.json()) as { seq: number; client_id: string; id: string }[];
        const entries = rows.map(({ seq, client_id, id }) => ({ seq, client_id, id }));
        return { [ticketId]: entries.map((entry) => ({ ...entry, author_id: by.id })) };
      };
      recorder.judge(await read(), [], { logTails: () => node.logs().slice(-3000) });
      // What nobody answered for is sent again, as a client does.
      for (let n = 1; n <= 100; n++) {
        await sendUntilAnswered(recorder, where, { ticketId, by, clientId: `m${n}` }, random);
      }
      const logs = await read();
      recorder.judge(logs, [], { logTails: () => node.logs().slice(-3000) });
      expect(logs[ticketId]).toHaveLength(100);
    } finally {
      await node.terminate();
      await rm(directory, { recursive: true, force: true });
    }
  }, 90_000);
});
