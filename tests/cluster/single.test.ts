import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { RunningSimulator } from '../../simulator/server.ts';
import type { TicketView } from '../../src/contract/tickets.ts';
import { SECRET } from '../support/app.ts';
import { channelOf, discordEnv, startDiscord, textsIn } from '../support/discord.ts';
import { eventually } from '../support/eventually.ts';
import { personAt } from '../support/people.ts';
import { seededRandom } from '../support/random.ts';
import { makeDataDir } from '../support/temp-dir.ts';
import { chooseSeed, Recorder, type StoredLogs } from './support/history.ts';
import { measure, report } from './support/measurements.ts';
import { createNode, type NodeProcess } from './support/node-process.ts';
import { newAccount, sendUntilAnswered, trySend } from './support/writer.ts';

const SENDS = 100;

/** What `npm start` runs: server, bot and MongoDB in one process and its child. */
describe('one process with the embedded MongoDB', () => {
  let sim: RunningSimulator;
  let directory: string;
  let node: NodeProcess;

  beforeAll(async () => {
    sim = await startDiscord();
    directory = await makeDataDir('embedded');
    node = createNode('single', directory, {
      DATA_DIR: directory,
      JWT_SECRET_KEY: SECRET,
      WEB_SERVER_PORT: '0',
      HOST: '127.0.0.1',
      RATE_LIMIT_FACTOR: '1000',
      MAX_OPEN_TICKETS_PER_USER: '100000',
      ...discordEnv(sim),
    });
    await node.start();
  }, 120_000);
  afterAll(async () => {
    await node?.terminate();
    await sim?.close();
    await rm(directory, { recursive: true, force: true });
    report();
  }, 120_000);

  test('when it is killed with -9 in the middle of a hundred sends and started again, then every accepted one is there once, on both sides', async () => {
    const recorder = new Recorder(chooseSeed(390));
    const random = seededRandom(recorder.seed);
    const where = { urls: () => (node.url ? [node.url] : []) };
    const by = newAccount();
    const ticket: TicketView = await personAt(node.url!, by.token).createTicket();
    const channel = await eventually(() => channelOf(sim, ticket.number), { timeout: 20_000 });
    const sendNth = (n: number) => ({ ticketId: ticket.id, by, clientId: `m${n}` });

    const killAfter = 30 + Math.floor(random() * 40);
    let answered = 0;
    let next = 0;
    let killed: Promise<void> | undefined;
    const sender = async () => {
      while (next < SENDS) {
        const url = where.urls()[0] ?? 'http://127.0.0.1:1';
        const { outcome } = await trySend(recorder, url, sendNth(++next));
        if (outcome === 'accepted' && ++answered >= killAfter) killed ??= node.kill();
      }
    };
    await Promise.all(Array.from({ length: 10 }, sender));
    await killed;
    const before = recorder.attempts.filter(({ outcome }) => outcome === 'accepted').length;
    expect(before).toBeGreaterThanOrEqual(killAfter);
    expect(before).toBeLessThan(SENDS);

    const start = performance.now();
    await node.start();
    measure('everything is killed', 'until it serves again', performance.now() - start);
    const read = async (): Promise<StoredLogs> => {
      const { body } = await personAt(node.url!, by.token).list(ticket.id);
      const entries = body.map(({ seq, client_id, id }) => ({ seq, client_id, id }));
      return { [ticket.id]: entries.map((entry) => ({ ...entry, author_id: by.id })) };
    };
    const context = { logTails: () => node.logs().slice(-3000) };
    recorder.judge(await read(), [], context);
    // What nobody answered for is sent again, as a client does.
    for (let n = 1; n <= SENDS; n++) await sendUntilAnswered(recorder, where, sendNth(n), random);
    const logs = await read();
    recorder.judge(logs, [], context);
    const log = logs[ticket.id]!.sort((a, b) => a.seq - b.seq);
    expect(log).toHaveLength(SENDS);
    // The killed bot's lease has to run out first.
    await eventually(
      async () => expect((await textsIn(sim, channel.id)).length).toBeGreaterThanOrEqual(SENDS),
      { timeout: 60_000, every: 100 },
    );
    measure('everything is killed', 'until Discord has it all', performance.now() - start);
    expect(await textsIn(sim, channel.id)).toEqual(
      log.map(({ client_id }) => `**Ana**: ${client_id}`),
    );
  }, 120_000);
});
