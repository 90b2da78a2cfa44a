import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { readClusterClock } from '../../src/domain/log/cluster-clock.ts';
import { createLog } from '../../src/infra/log.ts';
import { connectMongo, type MongoLink } from '../../src/infra/mongo.ts';
import { defineModels } from '../../src/models/database.ts';
import { testConfig } from '../support/app.ts';
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts';
import { freshDatabaseName, testMongoUri } from '../support/mongo.ts';

let proxy: FaultProxy;
let link: MongoLink;

beforeAll(async () => {
  const { port } = new URL(testMongoUri());
  proxy = await startFaultProxy({ target: { port: Number(port) } });
  const uri = `mongodb://127.0.0.1:${proxy.port}/?directConnection=true`;
  link = connectMongo(uri, freshDatabaseName(), createLog(testConfig({ LOG_LEVEL: 'silent' })));
  await link.connected;
});
afterAll(async () => {
  await link?.close();
  await proxy?.close();
});

/** How far the clocks of one machine can differ, in milliseconds. */
const SAME_CLOCK = 10;

test.each([
  ['quick', 0, 0],
  ['long on its way to MongoDB', 1500, 0],
  ['long on its way back', 0, 1500],
])(
  'when the question is %s, then the clock is not taken for further ahead than it is',
  async (_how, up, down) => {
    const db = defineModels(link.connection);
    proxy.setFault([
      { type: 'latency', direction: 'toTarget', ms: up },
      { type: 'latency', direction: 'toClient', ms: down },
    ]);
    const { ahead } = await readClusterClock(db);
    expect(ahead).toBeLessThanOrEqual(SAME_CLOCK);
    expect(ahead).toBeGreaterThanOrEqual(-60_000);
    proxy.clear();
  },
);
