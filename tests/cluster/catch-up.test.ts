import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { MessageView } from '../../src/contract/messages.ts';
import { personAt } from '../support/people.ts';
import { seededRandom } from '../support/random.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { type Cluster, startCluster } from './support/cluster.ts';
import { chooseSeed, long, Recorder } from './support/history.ts';
import { measure, report } from './support/measurements.ts';
import { Reader } from './support/reader.ts';
import { newAccount, openTicket, sendUntilAnswered, trySend } from './support/writer.ts';

const size = long
  ? { missed: 10_000, conversations: 100, closes: 200 }
  : { missed: 1200, conversations: 3, closes: 10 };

describe('coming back, on two nodes', () => {
  let redis: TestRedis;
  let cluster: Cluster;

  beforeAll(async () => {
    redis = await startRedis();
    cluster = await startCluster({ nodes: 2, redis: redis.url });
  });
  afterAll(async () => {
    await cluster?.close();
    await redis?.close();
    report();
  });

  test('14: when a client has missed thousands of entries, then it gets them page by page and goes on live', async () => {
    const recorder = new Recorder(chooseSeed(1400));
    const by = newAccount();
    const ticketId = await openTicket(cluster, by);
    let next = 0;
    const write = async (upTo: number, index: number) => {
      const random = seededRandom(recorder.seed + index);
      while (next < upTo) {
        const send = { ticketId, by, clientId: `m${++next}` };
        await sendUntilAnswered(recorder, cluster, send, random);
      }
    };
    const writeAll = (upTo: number) =>
      Promise.all(Array.from({ length: 32 }, (_, index) => write(upTo, index)));
    await writeAll(size.missed);
    const start = performance.now();
    const random = seededRandom(recorder.seed);
    const reader = new Reader({ name: 'back', by, ticketIds: [ticketId], where: cluster, random });
    const more = writeAll(size.missed + 100);
    await reader.reaches(ticketId, size.missed, 60_000);
    measure('a client comes back', `until it has ${size.missed} missed`, performance.now() - start);
    await more;
    await reader.reaches(ticketId, next, 20_000);
    reader.close();

    const overRest: MessageView[] = [];
    for (let after = 0, url = cluster.urls()[1]!; ; after = overRest.at(-1)!.rev) {
      const page = await personAt(url, by.token).list(ticketId, `?after=${after}`);
      if (page.body.length === 0) break;
      overRest.push(...page.body);
    }
    const events = overRest.map(({ rev, client_id, id }) => ({ seq: rev, client_id, id }));
    const logs = await cluster.readLogs(ticketId);
    const records = [...reader.records(), { name: 'over REST', ticket_id: ticketId, events }];
    recorder.judge({ [ticketId]: logs[ticketId]! }, records, { more: reader.findings });
  }, 180_000);

  test('15: when messages are edited and deleted while a client is away, then what it catches up to is what a fresh one sees', async () => {
    const seed = chooseSeed(1500);
    for (let nth = 0; nth < size.conversations; nth++) await converse(seed + nth);
  }, 300_000);

  async function converse(seed: number): Promise<void> {
    const random = seededRandom(seed);
    const pick = <T>(items: readonly T[]) => items[Math.floor(random() * items.length)] as T;
    const by = newAccount();
    const ticketId = await openTicket(cluster, by);
    const onAny = () => personAt(pick(cluster.urls()), by.token);
    const seen = async () => {
      const page = await onAny().list(ticketId);
      return { head: Number(page.headers.get('deskcord-head')), messages: page.body };
    };
    const snapshots = [await seen()];
    const alive: string[] = [];
    for (let step = 0; step < 60; step++) {
      const roll = random();
      const path = `/tickets/${ticketId}/messages/${pick(alive)}`;
      if (alive.length === 0 || roll < 0.5) {
        alive.push((await onAny().send(ticketId, `text ${step}`)).body.id);
      } else if (roll < 0.8) {
        const edited = await onAny().call('PATCH', path, { content: `edited ${step}` });
        expect(edited.status).toBe(200);
      } else {
        expect((await onAny().call('DELETE', path)).status).toBe(200);
        alive.splice(alive.indexOf(path.slice(-24)), 1);
      }
      if (random() < 0.2) snapshots.push(await seen());
    }
    const fresh = await seen();
    expect(fresh.head).toBe(60);
    for (const { head, messages } of snapshots) {
      const state = new Map(messages.map((message) => [message.id, message]));
      for (let after = head; ; ) {
        const page = await onAny().list(ticketId, `?after=${after}&limit=7`);
        for (const message of page.body) {
          expect(message.rev).toBeGreaterThan(after);
          after = message.rev;
          if (message.deleted) state.delete(message.id);
          else state.set(message.id, message);
        }
        if (page.body.length === 0) break;
      }
      const caughtUp = [...state.values()].sort((a, b) => a.seq - b.seq);
      expect({ seed, head, messages: caughtUp }).toEqual({ seed, head, messages: fresh.messages });
    }
  }

  test('16: when a close races sends on two nodes, then nothing stands behind the close and nothing accepted is missing', async () => {
    const recorder = new Recorder(chooseSeed(1600));
    const random = seededRandom(recorder.seed);
    for (let round = 0; round < size.closes; round++) {
      const by = newAccount();
      const ticketId = await openTicket(cluster, by);
      const readers = cluster.urls().map((url, index) => {
        const where = { urls: () => [url] };
        return new Reader({ name: `on ${index}`, by, ticketIds: [ticketId], where, random });
      });
      await Promise.all(readers.map((reader) => reader.live()));
      const later = () => new Promise((resolve) => setTimeout(resolve, random() * 15));
      const sends = Array.from({ length: 16 }, async (_, n) => {
        await later();
        const send = { ticketId, by, clientId: `m${n}` };
        return trySend(recorder, cluster.urls()[n % 2]!, send);
      });
      // On both nodes, or on one, of which the other then has only heard.
      const closers = cluster.urls().slice(0, 1 + (round % 2));
      const closes = closers.map(async (url) => {
        await later();
        return personAt(url, by.token).close(ticketId);
      });
      const closed = await Promise.all(closes);
      const { last_seq } = closed[0]!.body;
      await Promise.all(readers.map((reader) => reader.reaches(ticketId, last_seq)));
      const late = cluster
        .urls()
        .map((url, index) => trySend(recorder, url, { ticketId, by, clientId: `late ${index}` }));
      for (const { status } of await Promise.all(late)) expect(status).toBe(409);
      const sent = await Promise.all(sends);
      for (const { status } of closed) expect(status).toBe(200);
      expect(new Set(sent.map(({ status }) => status)).size).toBeLessThanOrEqual(2);
      for (const { status } of sent) expect([201, 409]).toContain(status);

      const log = (await cluster.readLogs(ticketId))[ticketId]!.sort((a, b) => a.seq - b.seq);
      const statuses = log.filter(({ client_id }) => client_id === null);
      expect(statuses).toEqual([log.at(-1)]);
      for (const { body } of closed) {
        expect(body).toMatchObject({ status: 'CLOSED', last_seq: log.length });
      }
      await Promise.all(readers.map((reader) => reader.reaches(ticketId, log.length)));
      for (const reader of readers) reader.close();
      const records = readers.flatMap((reader) => reader.records());
      const own = recorder.attempts.filter(({ ticket_id }) => ticket_id === ticketId);
      const part = Object.assign(new Recorder(recorder.seed), { attempts: own });
      part.judge({ [ticketId]: log }, records, { more: readers.flatMap((r) => r.findings) });
    }
  }, 180_000);
});
