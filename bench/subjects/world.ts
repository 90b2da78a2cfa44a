import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MongoClient } from 'mongodb';
import { startReplicaSet, type TestReplicaSet } from '../../tests/support/mongo.ts';
import { startRedis, type TestRedis } from '../../tests/support/redis.ts';
import { cpuSeconds } from './cpu-seconds.ts';
import { pin, placement } from './placement.ts';

/** The parts that all compared programs share: MongoDB, Redis, a place for their output. */
export interface World {
  readonly nodes: 1 | 3;
  readonly uri: string;
  readonly client: MongoClient;
  readonly directory: string;
  readonly mongodVersion: string;
  /** Processor seconds of all members so far. */
  mongoCpu(): number;
  redis(): Promise<TestRedis>;
  freshDatabase(): string;
  dropDatabase(name: string): Promise<void>;
  close(): Promise<void>;
}

export async function createWorld(nodes: 1 | 3): Promise<World> {
  const directory = await mkdtemp(join(tmpdir(), 'deskcord-bench-'));
  const set: TestReplicaSet = await startReplicaSet(nodes);
  for (const { pid } of set.members) pin(pid, placement.others);
  const client = new MongoClient(set.uri);
  await client.connect();
  const { version } = await client.db('admin').command({ buildInfo: 1 });
  let redis: Promise<TestRedis> | undefined;
  return {
    nodes,
    uri: set.uri,
    client,
    directory,
    mongodVersion: version,
    mongoCpu: () => set.members.reduce((sum, { pid }) => sum + cpuSeconds(pid), 0),
    redis() {
      redis ??= startRedis().then((server) => {
        pin(server.pid, placement.others);
        return server;
      });
      return redis;
    },
    freshDatabase: () => `bench_${randomBytes(6).toString('hex')}`,
    dropDatabase: async (name) => void (await client.db(name).dropDatabase()),
    async close() {
      await client.close();
      await (await redis)?.close();
      await set.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
