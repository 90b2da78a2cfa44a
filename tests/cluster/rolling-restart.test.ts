import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ObjectId } from 'mongodb';
import { createDeskClient, type DeskClient } from '../../client/client.ts';
import type { RunningSimulator } from '../../simulator/server.ts';
import { channelOf, discordEnv, startDiscord, textsIn } from '../support/discord.ts';
import { eventually } from '../support/eventually.ts';
import type { Attempt } from '../support/history-checker.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { type Balancer, startBalancer } from './support/balancer.ts';
import { type Cluster, startCluster } from './support/cluster.ts';
import { chooseSeed, long, Recorder } from './support/history.ts';
import { startLoad } from './support/load.ts';
import { measure, report } from './support/measurements.ts';
import type { NodeProcess } from './support/node-process.ts';
import type { Account } from './support/writer.ts';

/** As much as one bot can say in Discord meanwhile. */
const size = long
  ? { rounds: 3, writers: 16, tickets: 8, rest: 1600, pause: 500 }
  : { rounds: 1, writers: 8, tickets: 4, rest: 400, pause: 150 };
const CLIENTS = 3;

interface EntryRow {
  _id: ObjectId;
  type: string;
  content?: string;
  of?: { id: ObjectId };
}

describe('three nodes, a bot, and clients behind a balancer', () => {
  let sim: RunningSimulator;
  let redis: TestRedis;
  let cluster: Cluster;
  let balancer: Balancer;
  let bot: NodeProcess;
  const clients: DeskClient[] = [];

  beforeAll(async () => {
    sim = await startDiscord();
    redis = await startRedis();
    const env = { SHUTDOWN_DELAY_MS: long ? '4000' : '1500' };
    cluster = await startCluster({ nodes: 3, redis: redis.url, env });
    balancer = await startBalancer(cluster);
    bot = await cluster.add('bot', { ROLES: 'bot', ...discordEnv(sim) });
  }, 120_000);
  afterAll(async () => {
    for (const client of clients) client.close();
    balancer?.close();
    await cluster?.close();
    await redis?.close();
    await sim?.close();
    report();
  }, 120_000);

  /** What stands in a ticket after all its entries, oldest first. */
  async function textsOf(ticketId: string): Promise<string[]> {
    const rows = cluster.client
      .db(cluster.database)
      .collection<EntryRow>('entries')
      .find({
        ticket_id: new ObjectId(ticketId),
        stream: 'public',
        type: { $ne: 'ticket_change' },
      })
      .sort({ seq: 1 });
    const texts = new Map<string, string>();
    for await (const { _id, type, content = '', of } of rows) {
      const id = (of?.id ?? _id).toHexString();
      if (type === 'delete') texts.delete(id);
      else texts.set(id, content);
    }
    return [...texts.values()];
  }

  /** A customer's client that writes down what it sends and what it is told. */
  async function openClient(recorder: Recorder, by: Account, ticketId: string) {
    const getToken = () => by.token;
    const client = createDeskClient({ url: balancer.url, getToken, transports: ['websocket'] });
    clients.push(client);
    const told: number[] = [];
    for (const name of ['message', 'edit_message', 'delete_message'] as const) {
      client.on(name, ({ rev }) => void told.push(rev));
    }
    client.connect();
    const ticket = client.openTicket(ticketId);
    await ticket.ready();
    const accepted: Promise<void>[] = [];
    return {
      told,
      ticket,
      says(text: string): void {
        const sent_at = performance.now();
        const sending = ticket.send(text);
        const { client_id } = sending;
        const attempt: Attempt = {
          ...{ ticket_id: ticketId, author_id: by.id, client_id, sent_at },
          outcome: 'unknown',
        };
        recorder.attempts.push(attempt);
        accepted.push(
          sending.accepted.then(({ seq }) => {
            Object.assign(attempt, { outcome: 'accepted', seq });
          }),
        );
      },
      allAccepted: () => Promise.all(accepted),
    };
  }

  async function restartServer(node: NodeProcess): Promise<void> {
    const url = node.url as string;
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
    const ended = node.terminate();
    // It says so to the balancer while it still answers everybody else.
    await eventually(async () => {
      const answers = await Promise.all(
        ['readyz', 'healthz'].map((name) => fetch(`${url}/${name}`)),
      );
      expect(answers.map(({ status }) => status)).toEqual([503, 200]);
    });
    expect(await ended).toBe(0);
    await node.start();
  }

  test('when every process is restarted one after the other under load, then each client and Discord have everything once, in order', async () => {
    const recorder = new Recorder(chooseSeed(510));
    const { writers, tickets, rest, rounds } = size;
    const load = await startLoad({ cluster, recorder, writers, tickets, rest });
    const talkers = await Promise.all(
      load.owners
        .slice(0, CLIENTS)
        .map((owner, index) => openClient(recorder, owner, load.ticketIds[index] as string)),
    );
    let talking = true;
    const talk = Promise.all(
      talkers.map(async ({ says }, index) => {
        for (let n = 1; talking; n++) {
          says(`client ${index} says ${n}`);
          await sleep(size.pause);
        }
      }),
    );
    const [first, ...others] = cluster.nodes.filter((node) => node !== bot);
    for (let round = 0; round < rounds; round++) {
      await restartServer(first as NodeProcess);
      expect(await bot.terminate()).toBe(0);
      await bot.start();
      for (const node of others) await restartServer(node);
    }
    talking = false;
    await talk;
    await Promise.all(talkers.map(({ allAccepted }) => allAccepted()));
    expect(load.readers.reduce((sum, { restartsTold }) => sum + restartsTold, 0)).toBeGreaterThan(
      0,
    );
    await load.finish();
    for (const [index, { ticket, told }] of talkers.entries()) {
      const wanted = await textsOf(load.ticketIds[index] as string);
      await eventually(
        () => {
          const shown = ticket.messages.map((row) =>
            row.state === 'sent' ? row.message.content : row.state,
          );
          expect(shown).toEqual(wanted);
        },
        { timeout: 20_000 },
      );
      expect(told).toEqual([...new Set(told)].sort((a, b) => a - b));
    }
    const start = performance.now();
    for (const id of load.ticketIds) {
      const wanted = await textsOf(id);
      const tickets = cluster.client.db(cluster.database).collection('tickets');
      const row = await tickets.findOne({ _id: new ObjectId(id) });
      const channel = await channelOf(sim, row?.number);
      await eventually(
        async () => {
          // Notes stand there, too, for the staff alone.
          const texts = (await textsIn(sim, channel.id)).filter((text) => !text.startsWith('📝'));
          expect(texts.map((text) => text.replace(/^\*\*.*?\*\*[^:]*: /, ''))).toEqual(wanted);
        },
        { timeout: long ? 240_000 : 60_000, every: 100 },
      );
    }
    measure('every process is restarted', 'until Discord has it all', performance.now() - start);
  }, 600_000);
});
