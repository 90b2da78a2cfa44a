import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { MongoClient } from 'mongodb';
import { findMongod } from '../../src/infra/embedded-mongo/find.ts';
import { findFreePort, launchMongod, type Mongod } from '../../src/infra/embedded-mongo/launch.ts';
import {
  initiateReplicaSet,
  waitForPrimary,
  withAdmin,
} from '../../src/infra/embedded-mongo/replica-set.ts';
import { eventually } from './eventually.ts';
import { makeDataDir } from './temp-dir.ts';

/** The address of the one MongoDB that all test files share; each takes a database of its own. */
export function testMongoUri(): string {
  const uri = process.env.TEST_MONGO_URI;
  if (!uri) throw new Error('TEST_MONGO_URI is not set: run the tests with npm test');
  return uri;
}

/** A name no other test file uses. */
export function freshDatabaseName(): string {
  return `test_${randomBytes(8).toString('hex')}`;
}

/** One member of a set a test may mistreat. It keeps its port and its data through restarts. */
export interface TestMember {
  readonly port: number;
  readonly host: string;
  readonly pid: number;
  readonly running: boolean;
  /** SIGKILL, and waits until it is gone. */
  kill(): Promise<void>;
  /** SIGSTOP: connections stay open and nothing answers. */
  stop(): void;
  /** SIGCONT. */
  cont(): void;
  /** Starts it again on the same data, ending it first if it runs. */
  restart(): Promise<void>;
}

export interface TestReplicaSet {
  readonly uri: string;
  readonly members: readonly TestMember[];
  /** The member that is primary now; waits for one. */
  primary(): Promise<TestMember>;
  /** Makes the primary step down and resolves when another member has taken over. */
  stepDown(seconds?: number): Promise<void>;
  /** Ends every member, the stopped ones too, and removes the data. */
  close(): Promise<void>;
}

/**
 * A set of its own for a test file: one member for tests that freeze or kill the database, three
 * for those that need another to take over (after 2 s without a heartbeat).
 */
export async function startReplicaSet(size: 1 | 3 = 1): Promise<TestReplicaSet> {
  const directory = await makeDataDir('mongo');
  const binary = await findTestMongod();
  const members = await Promise.all(
    Array.from({ length: size }, (_, index) => startMember(binary, directory, index)),
  );
  const hosts = members.map(({ host }) => host);
  await onMember(members[0] as TestMember, async (admin) => {
    const config = hosts.map((host, _id) => ({ _id, host }));
    const settings = { electionTimeoutMillis: 2000, heartbeatIntervalMillis: 500 };
    await initiateReplicaSet(admin, 'rs0', config, settings);
    if (size === 1) await waitForPrimary(admin);
  });
  const set: TestReplicaSet = {
    uri: `mongodb://${hosts.join(',')}/?replicaSet=rs0`,
    members,
    primary: () => findPrimary(members),
    stepDown: (seconds = 10) => stepDown(members, seconds),
    close: async () => {
      await Promise.all(members.map((member) => member.kill()));
      await rm(directory, { recursive: true, force: true });
    },
  };
  if (size > 1) await waitForAllMembers(await set.primary(), size);
  return set;
}

function findTestMongod(): Promise<string> {
  return findMongod({
    mongodPath: process.env.MONGOD_PATH,
    dataDir: resolve(process.env.DATA_DIR ?? './data'),
    log: (line) => console.error(line),
  });
}

async function startMember(binary: string, directory: string, index: number): Promise<TestMember> {
  const port = await findFreePort();
  const dbPath = join(directory, `member-${index}`);
  const options = {
    binary,
    dbPath,
    port,
    replSet: 'rs0',
    logPath: `${dbPath}.log`,
    args: ['--wiredTigerCacheSizeGB', '0.25', '--setParameter', 'enableTestCommands=1'],
  };
  let mongod: Mongod | undefined = await launchMongod(options);
  const kill = async () => {
    mongod?.kill('SIGKILL');
    await mongod?.exited;
    mongod = undefined;
  };
  return {
    port,
    host: `127.0.0.1:${port}`,
    get pid() {
      if (!mongod) throw new Error('this member does not run');
      return mongod.pid;
    },
    get running() {
      return mongod !== undefined;
    },
    kill,
    stop: () => mongod?.kill('SIGSTOP'),
    cont: () => mongod?.kill('SIGCONT'),
    restart: async () => {
      await kill();
      mongod = await launchMongod(options);
    },
  };
}

type Admin = ReturnType<MongoClient['db']>;

function onMember<T>(member: TestMember, work: (admin: Admin) => Promise<T>): Promise<T> {
  return withAdmin(member.port, undefined, work);
}

async function findPrimary(members: readonly TestMember[]): Promise<TestMember> {
  const client = new MongoClient(
    `mongodb://${members.map(({ host }) => host).join(',')}/?replicaSet=rs0`,
    { serverSelectionTimeoutMS: 30_000, heartbeatFrequencyMS: 500 },
  );
  try {
    return await eventually(
      async () => {
        const hello = await client.db('admin').command({ hello: 1 }, { readPreference: 'primary' });
        const primary = members.find(({ host }) => host === hello.primary);
        if (!primary) throw new Error('no primary');
        return primary;
      },
      { timeout: 30_000, every: 100 },
    );
  } finally {
    await client.close();
  }
}

async function stepDown(members: readonly TestMember[], seconds: number): Promise<void> {
  const before = await findPrimary(members);
  await onMember(before, (admin) => admin.command({ replSetStepDown: seconds, force: true }));
  await eventually(
    async () => {
      const now = await findPrimary(members);
      if (members.length > 1 && now === before) throw new Error('still the same primary');
    },
    { timeout: 30_000, every: 100 },
  );
}

/** Until then a majority is two of two that are there, and killing one stops the writes. */
async function waitForAllMembers(primary: TestMember, size: number): Promise<void> {
  await onMember(primary, (admin) =>
    eventually(
      async () => {
        const { members } = await admin.command({ replSetGetStatus: 1 });
        const ready = members.filter(({ state }: { state: number }) => state === 1 || state === 2);
        if (ready.length < size) throw new Error(`${ready.length} of ${size} members are ready`);
      },
      { timeout: 30_000, every: 100 },
    ),
  );
}
