import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Db, MongoClient } from 'mongodb';
import { eventually } from '../support/eventually.ts';
import { startReplicaSet, type TestMember, type TestReplicaSet } from '../support/mongo.ts';
import { personAt } from '../support/people.ts';
import { seededRandom } from '../support/random.ts';
import { type Cluster, startCluster } from './support/cluster.ts';
import { chooseSeed, long, Recorder } from './support/history.ts';
import { startLoad } from './support/load.ts';
import { measure, report } from './support/measurements.ts';
import { Reader } from './support/reader.ts';
import { newAccount, openTicket, sendUntilAnswered, tryChange, trySend } from './support/writer.ts';

const size = long
  ? { writers: 60, tickets: 10, changes: 20 }
  : { writers: 16, tickets: 4, changes: 2 };

describe('a MongoDB of three members', () => {
  let set: TestReplicaSet;
  let cluster: Cluster;

  beforeAll(async () => {
    set = await startReplicaSet(3);
    cluster = await startCluster({ nodes: 2, mongo: set.uri, env: { SWEEP_INTERVAL_MS: '1000' } });
  }, 90_000);
  afterAll(async () => {
    await cluster?.close();
    await set?.close();
    report();
  }, 120_000);

  async function onMember<T>(
    member: TestMember,
    work: (admin: Db, client: MongoClient) => Promise<T>,
  ) {
    const client = new MongoClient(`mongodb://${member.host}/?directConnection=true`);
    try {
      return await work(client.db('admin'), client);
    } finally {
      await client.close();
    }
  }

  /** Lets a member's copying stop, or go on, while it still votes. */
  const setReplication = (member: TestMember, on: boolean) =>
    onMember(member, (admin) =>
      admin.command({ configureFailPoint: 'stopReplProducer', mode: on ? 'off' : 'alwaysOn' }),
    );

  async function secondaries(): Promise<TestMember[]> {
    const primary = await set.primary();
    return set.members.filter((member) => member !== primary);
  }

  async function setUp(seed: number) {
    const recorder = new Recorder(chooseSeed(seed));
    const random = seededRandom(recorder.seed);
    const by = newAccount();
    const ticketId = await openTicket(cluster, by);
    const reader = new Reader({
      name: 'reader',
      by,
      ticketIds: [ticketId],
      where: cluster,
      random,
    });
    await reader.live();
    const judge = async () => {
      const logs = await cluster.readLogs(ticketId);
      await reader.reaches(ticketId, logs[ticketId]!.length).catch(() => undefined);
      reader.close();
      const { findings } = reader;
      const own = { [ticketId]: logs[ticketId]! };
      recorder.judge(own, reader.records(), { more: findings, logTails: cluster.logTails });
      return own[ticketId]!;
    };
    return { recorder, random, by, ticketId, judge };
  }

  /** How many such entries the member holds, committed or not. */
  const countOn = (member: TestMember, filter: object) =>
    onMember(member, (_admin, client) =>
      client.db(cluster.database).collection('entries').countDocuments(filter),
    );

  test('11: when the first copy has no majority yet, then no retry is answered before it has', async () => {
    const { recorder, random, by, ticketId, judge } = await setUp(1100);
    await sendUntilAnswered(recorder, cluster, { ticketId, by, clientId: 'before' }, random);
    const others = await secondaries();
    const primary = await set.primary();
    await Promise.all(others.map((member) => setReplication(member, false)));
    const early: string[] = [];
    let copies: Promise<unknown>;
    try {
      const send = { ticketId, by, clientId: 'stuck' };
      const first = trySend(recorder, cluster.urls()[0]!, send);
      await eventually(async () => expect(await countOn(primary, { client_id: 'stuck' })).toBe(1));
      const retries = Array.from({ length: 10 }, (_, n) =>
        sendUntilAnswered(recorder, { urls: () => [cluster.urls()[n % 2]!] }, send, random),
      );
      for (const retry of retries) retry.then(({ outcome }) => early.push(outcome));
      copies = Promise.all([first, ...retries]);
      // Longer than the nodes wait for a write: they have answered 503 at least once by then.
      await sleep(6500);
      expect(early).toEqual([]);
    } finally {
      await Promise.all(others.map((member) => setReplication(member, true)));
    }
    await copies;
    expect(await judge()).toHaveLength(2);
  }, 120_000);

  test('when an edit has no majority yet, then no answer shows it', async () => {
    const { recorder, random, by, ticketId, judge } = await setUp(1110);
    const send = { ticketId, by, clientId: 'first text' };
    const { message } = await sendUntilAnswered(recorder, cluster, send, random);
    const others = await secondaries();
    const two = personAt(cluster.urls()[1]!, by.token);
    const edit = { ticketId, by, messageId: message!.id, content: 'edited' };
    let editing: ReturnType<typeof tryChange>;
    await Promise.all(others.map((member) => setReplication(member, false)));
    try {
      editing = tryChange(recorder, cluster.urls()[0]!, edit);
      const primary = await set.primary();
      const edits = () => countOn(primary, { type: 'edit', content: 'edited' });
      await eventually(async () => expect(await edits()).toBe(1));
      const listed = await two.list(ticketId);
      expect(listed.body.map(({ content }) => content)).toEqual(['first text']);
      expect(listed.headers.get('deskcord-head')).toBe('1');
      const repeated = await two.send(ticketId, 'first text', { client_id: 'first text' });
      expect([200, 503]).toContain(repeated.status);
      if (repeated.status === 200) expect(repeated.body.content).toBe('first text');
    } finally {
      await Promise.all(others.map((member) => setReplication(member, true)));
    }
    await editing;
    expect((await judge()).at(-1)).toMatchObject({ seq: 2 });
  }, 120_000);

  test('when an entry that only the old primary has is rolled back, then no hole and no loss results', async () => {
    const { recorder, random, by, ticketId, judge } = await setUp(800);
    // The first node's cache knows the head; the second has never seen the ticket and reads it.
    const [one, two] = cluster.urls().map((url) => ({ urls: () => [url] }));
    for (const clientId of ['m1', 'm2', 'm3']) {
      await sendUntilAnswered(recorder, one!, { ticketId, by, clientId }, random);
    }
    const old = await set.primary();
    const others = await secondaries();
    await Promise.all(others.map((member) => setReplication(member, false)));
    const doomed = trySend(recorder, one!.urls()[0]!, { ticketId, by, clientId: 'doomed' });
    await eventually(async () => expect(await countOn(old, { client_id: 'doomed' })).toBe(1));
    // A head read from what the old primary alone has would put this above the doomed entry, and the
    // driver would send the same command to the next primary, where there is nothing below it.
    const above = sendUntilAnswered(recorder, two!, { ticketId, by, clientId: 'above' }, random);
    await sleep(500);
    // Nobody is left to send the doomed entry again and so to fill the hole by chance.
    await cluster.nodes[0]!.kill();
    await old.kill();
    // The driver looks for another primary for three seconds: elect one at once.
    await onMember(others[0]!, (admin) => admin.command({ replSetStepUp: 1 }));
    await Promise.all(others.map((member) => setReplication(member, true)));
    await doomed;
    await above;
    await Promise.all([old.restart(), cluster.nodes[0]!.start()]);
    await sendUntilAnswered(recorder, cluster, { ticketId, by, clientId: 'after' }, random);
    await judge();
    // The old primary has taken back what it had alone.
    await eventually(async () => expect(await countOn(old, { client_id: 'after' })).toBe(1), {
      timeout: 30_000,
      every: 200,
    });
  }, 90_000);

  test(
    '8: when the primary steps down or is killed in mid-write, then nothing is lost, doubled or reordered',
    async () => {
      const recorder = new Recorder(chooseSeed(810));
      const { writers, tickets, changes } = size;
      const load = await startLoad({ cluster, recorder, writers, tickets });
      for (let change = 0; change < changes; change++) {
        await sleep(700);
        const before = load.accepted();
        if (change % 2 === 0) {
          const start = performance.now();
          await set.stepDown(5);
          await eventually(() => expect(load.accepted()).toBeGreaterThan(before + 5), {
            timeout: 30_000,
          });
          measure(
            'MongoDB steps down',
            'until messages are accepted again',
            performance.now() - start,
          );
        } else {
          const primary = await set.primary();
          const start = performance.now();
          await primary.kill();
          const atKill = load.accepted();
          await eventually(() => expect(load.accepted()).toBeGreaterThan(atKill + 5), {
            timeout: 30_000,
          });
          measure(
            "MongoDB's primary is killed",
            'until messages are accepted again',
            performance.now() - start,
          );
          await primary.restart();
        }
      }
      expect(cluster.nodes.every(({ running }) => running)).toBe(true);
      await load.finish(40_000);
    },
    60_000 + size.changes * 30_000,
  );
});
