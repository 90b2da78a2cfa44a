import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { FailpointName } from '../../src/infra/failpoints.ts';
import { seededRandom } from '../support/random.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { type Cluster, startCluster } from './support/cluster.ts';
import { chooseSeed, long, Recorder, type StoredLogs } from './support/history.ts';
import { Reader } from './support/reader.ts';
import { newAccount, openTicket, sendUntilAnswered } from './support/writer.ts';

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
      for (const pass of passes) await failpoint(point, pass);
    },
  );

  async function failpoint(point: FailpointName, pass: number): Promise<void> {
    const recorder = new Recorder(chooseSeed(300 + points.indexOf(point as never) * 100 + pass));
    const random = seededRandom(recorder.seed);
    const by = newAccount();
    const ticketId = await openTicket(cluster, by);
    const doomed = await cluster.add(`${point}-${pass}-${recorder.seed}`, {
      DESKCORD_FAILPOINT: `${point}:${pass}`,
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
    const logs = await cluster.readLogs(ticketId);
    await reader.reaches(ticketId, pass + 3).catch(() => undefined);
    reader.close();
    const more = reader.findings;
    const own: StoredLogs = { [ticketId]: logs[ticketId]! };
    recorder.judge(own, reader.records(), { more, logTails: cluster.logTails });
    expect(own[ticketId]).toHaveLength(pass + 3);
  }
});
