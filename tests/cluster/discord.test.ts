import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { APIMessage } from 'discord.js';
import type { RunningSimulator } from '../../simulator/server.ts';
import type { TicketView } from '../../src/contract/tickets.ts';
import type { FailpointName } from '../../src/infra/failpoints.ts';
import {
  channelOf,
  channelsOf,
  clearFaults,
  discordEnv,
  discordPerson,
  fault,
  messagesIn,
  startDiscord,
  textsIn,
} from '../support/discord.ts';
import { eventually } from '../support/eventually.ts';
import type { ReceivedEvent } from '../support/history-checker.ts';
import { personAt } from '../support/people.ts';
import { seededRandom } from '../support/random.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { type Cluster, startCluster } from './support/cluster.ts';
import { isNote, writeNotes } from './support/discord-notes.ts';
import { chooseSeed, long, Recorder } from './support/history.ts';
import { measure, report } from './support/measurements.ts';
import type { NodeProcess } from './support/node-process.ts';
import { Reader } from './support/reader.ts';
import { newAccount, sendUntilAnswered } from './support/writer.ts';

const isMarked = ({ reactions }: APIMessage) =>
  reactions?.some(({ emoji }) => emoji.name === '✅') === true;

const MISSED = 250;
const TALK_MS = long ? 120_000 : 6000;

/** A server, and bots beside it, as processes of their own; Discord is the simulator. */
describe('the bridge to Discord', () => {
  let sim: RunningSimulator;
  let redis: TestRedis;
  let cluster: Cluster;
  let kim: ReturnType<typeof discordPerson>;
  let bots = 0;

  beforeAll(async () => {
    sim = await startDiscord();
    kim = discordPerson(sim, 'kim');
    redis = await startRedis();
    cluster = await startCluster({ nodes: 1, redis: redis.url });
  });
  afterEach(async () => {
    await clearFaults(sim);
    for (const bot of cluster.nodes.splice(1)) await bot.kill();
    await freeLease();
  });
  afterAll(async () => {
    await cluster?.close();
    await redis?.close();
    await sim?.close();
    report();
  });

  const startBot = (env: Record<string, string> = {}): Promise<NodeProcess> =>
    cluster.add(`bot-${++bots}`, { ROLES: 'bot', ...discordEnv(sim), ...env });

  /** A dead bot's lease runs out after 15 s; only the test of two bots waits for that. */
  const freeLease = () =>
    cluster.client
      .db(cluster.database)
      .collection('leases')
      .updateMany({}, { $set: { until: 0 } });

  async function replaceBy(bot: NodeProcess, env: Record<string, string> = {}) {
    await bot.kill();
    await freeLease();
    return startBot(env);
  }

  /** A ticket with its customer on the web and Kim in its channel. */
  async function openTalk(seed: number) {
    const recorder = new Recorder(chooseSeed(seed));
    const random = seededRandom(recorder.seed);
    const by = newAccount();
    const ticket: TicketView = await personAt(cluster.urls()[0]!, by.token).createTicket();
    const reader = new Reader({ name: 'Ana', by, ticketIds: [ticket.id], where: cluster, random });
    const channel = () => eventually(() => channelOf(sim, ticket.number), { timeout: 30_000 });
    const fromWeb: string[] = [];
    const fromDiscord: string[] = [];
    const writtenIds: string[] = [];

    const says = async (text: string) => {
      const send = { ticketId: ticket.id, by, clientId: text };
      await sendUntilAnswered(recorder, cluster, send, random);
      fromWeb.push(text);
    };
    const kimSays = async (text: string) => {
      const { id } = await kim.write((await channel()).id, text);
      fromDiscord.push(text);
      writtenIds.push(id);
    };
    const texts = async () => {
      const all = await textsIn(sim, (await channel()).id);
      return all.filter((text) => !text.startsWith('-#') && !isNote(text));
    };
    const notes = writeNotes({
      ...{ recorder, cluster, kim, random, ticketId: ticket.id },
      channelId: async () => (await channel()).id,
      texts: async () => textsIn(sim, (await channel()).id),
    });

    /** Nothing is marked as taken in that is not stored. */
    const expectMarksTrue = async () => {
      const stored = (await cluster.readLogs(ticket.id))[ticket.id] ?? [];
      const marked = (await kim.messages((await channel()).id)).filter(isMarked);
      const ids = stored.map(({ client_id }) => client_id);
      expect(ids).toEqual(expect.arrayContaining(marked.map(({ id }) => id)));
    };

    /** Waits until both sides have everything; then nothing is twice, and each is in order. */
    const settle = async (timeout = 40_000) => {
      const count = fromWeb.length + fromDiscord.length;
      const stored = async () => (await cluster.readLogs(ticket.id))[ticket.id] ?? [];
      const hasAll = async () => {
        // Not the entries of the ticket itself.
        expect((await stored()).filter(({ id }) => id).length).toBeGreaterThanOrEqual(count);
        expect((await texts()).length).toBeGreaterThanOrEqual(count);
      };
      // However long the backlog: only when nothing more comes has something been lost.
      const progress = async () => (await texts()).length;
      await eventually(hasAll, { timeout, every: 100, progress });
      const log = (await stored()).sort((a, b) => a.seq - b.seq);
      const inDiscord = await texts();
      const spoken = inDiscord.filter((text) => text.startsWith('**Ana**: '));
      expect(spoken).toEqual(fromWeb.map((text) => `**Ana**: ${text}`));
      expect(inDiscord.filter((text) => !text.startsWith('**Ana**: '))).toEqual(fromDiscord);
      const takenIn = log.filter(({ client_id }) => writtenIds.includes(client_id ?? ''));
      expect(takenIn.map(({ client_id }) => client_id)).toEqual(writtenIds);
      for (const { author_id, client_id } of takenIn) {
        recorder.attempts.push({
          ticket_id: ticket.id,
          author_id: author_id as string,
          client_id: client_id as string,
          sent_at: 0,
          outcome: 'unknown',
        });
      }
      await reader.reaches(ticket.id, log.length, timeout).catch(() => undefined);
      // On the wire a client id is its own author's business; the message's id tells as much.
      const named = (event: ReceivedEvent) => {
        const client_id = event.client_id ?? log[event.seq - 1]?.client_id ?? null;
        return { ...event, client_id };
      };
      const records = reader
        .records()
        .map((record) => ({ ...record, events: record.events.map(named) }));
      const noted = await notes.settle(timeout);
      const logs = { [ticket.id]: log, [notes.log]: noted.entries };
      recorder.judge(logs, [...records, ...noted.records], {
        more: [...reader.findings, ...noted.findings],
        logTails: cluster.logTails,
      });
      await eventually(async () => {
        const own = (await kim.messages((await channel()).id)).filter(({ id }) =>
          writtenIds.includes(id),
        );
        const unmarked = own.filter((message) => !isMarked(message));
        expect(unmarked.map(({ content }) => content)).toEqual([]);
      });
      reader.close();
    };
    return { ticket, random, reader, channel, says, kimSays, notes, expectMarksTrue, settle };
  }

  const points: FailpointName[] = [
    'before-post',
    'after-post',
    'after-record',
    'before-inbound-commit',
    'after-inbound-commit',
  ];

  test('18: when one bot after the other is killed, each at another point, then both sides have everything once, in order', async () => {
    const talk = await openTalk(1800);
    let n = 0;
    for (const point of points) {
      for (const pass of long ? [1, 2, 3, 5] : [3]) {
        const doomed = await startBot({ DESKCORD_FAILPOINT: `${point}:${pass}` });
        await talk.channel();
        for (const until = Date.now() + 30_000; doomed.running && Date.now() < until; ) {
          await talk.says(`web ${++n}`);
          await talk.kimSays(`discord ${++n}`);
          await talk.notes.inDiscord(`remark ${++n}`);
          await talk.notes.elsewhere(`note ${++n}`);
          await sleep(50);
        }
        expect({ point, ...doomed.exit }).toEqual({ point, code: null, signal: 'SIGKILL' });
        await talk.expectMarksTrue();
        // As if it had been away for longer than Discord remembers what it was sent.
        if (point === 'after-post') await fault(sim, { kind: 'forget-nonces' });
        await freeLease();
      }
    }
    await startBot();
    await talk.settle(60_000);
  }, 300_000);

  test('18: when one bot after the other is killed while it closes, then the last one ends the closing, once', async () => {
    const bot = await startBot();
    const talk = await openTalk(1850);
    await talk.channel();
    await talk.says('thank you');
    await replaceBy(bot, { DESKCORD_FAILPOINT: 'before-close-step:2' });
    const { ticket } = talk;
    const url = `${cluster.urls()[0]}/api/v1/tickets/${ticket.id}/close`;
    const headers = { authorization: `Bearer ${newAccount('AGENT').token}` };
    expect((await fetch(url, { method: 'POST', headers })).status).toBe(200);
    for (const next of ['after-close-step:1', undefined]) {
      const doomed = cluster.nodes.at(-1)!;
      await doomed.ended();
      expect(doomed.exit?.signal).toBe('SIGKILL');
      await fault(sim, { kind: 'forget-nonces' });
      await freeLease();
      await startBot(next ? { DESKCORD_FAILPOINT: next } : {});
    }
    await eventually(async () => expect(await channelsOf(sim, ticket.number)).toEqual([]), {
      timeout: 30_000,
    });
    const posted = await messagesIn(sim, sim.state.channels.transcripts);
    const own = posted.filter(({ embeds }) => embeds[0]?.footer?.text === `Ticket ${ticket.id}`);
    expect(own).toHaveLength(1);
    talk.reader.close();
    talk.notes.close();
  }, 120_000);

  test(
    'when the bot is killed with -9 at random in a conversation both ways, then nothing is missing and nothing twice',
    async () => {
      let bot = await startBot();
      const talk = await openTalk(1860);
      await talk.channel();
      let n = 0;
      let talking = true;
      const web = async () => {
        while (talking) {
          await talk.says(`web ${++n}`);
          await sleep(talk.random() * 120);
        }
      };
      const discord = async () => {
        while (talking) {
          await talk.kimSays(`discord ${++n}`);
          await sleep(talk.random() * 120);
        }
      };
      const notes = async () => {
        while (talking) {
          await talk.notes.inDiscord(`remark ${++n}`);
          await talk.notes.elsewhere(`note ${++n}`);
          await sleep(talk.random() * 120);
        }
      };
      const all = Promise.all([web(), discord(), notes()]);
      for (const until = Date.now() + TALK_MS; Date.now() < until; ) {
        await sleep(500 + talk.random() * 1500);
        bot = await replaceBy(bot);
      }
      talking = false;
      await all;
      for (let round = 1; round <= 3; round++) {
        await talk.notes.inDiscord(`remark ${++n}`);
        await talk.notes.agrees(60_000);
        const killed = sleep(talk.random() * 300).then(() => replaceBy(bot));
        await talk.notes.changeKnown(`round ${round}`, () => sleep(talk.random() * 300));
        bot = await killed;
      }
      await talk.settle(60_000);
    },
    TALK_MS + 400_000,
  );

  test('19: when the bot is frozen past its lease, then the second takes over, and the first, woken, does nothing twice', async () => {
    // After its attempt is written down, before it looks at its lease: the card, web 1, web 2.
    const first = await startBot({ DESKCORD_FAILPOINT: 'before-post:3:SIGSTOP' });
    await startBot();
    const talk = await openTalk(1900);
    await talk.says('web 1');
    await talk.says('web 2');
    await eventually(() => expect(first.frozen).toBe(true), { timeout: 20_000 });
    const start = performance.now();
    const { id } = await talk.channel();
    for (let n = 3; n <= 6; n++) {
      await talk.says(`web ${n}`);
      await talk.kimSays(`discord ${n}`);
    }
    await eventually(async () => expect(await textsIn(sim, id)).toContain('**Ana**: web 6'), {
      timeout: 40_000,
      every: 100,
    });
    measure('the bot is frozen', 'until the other one posts', performance.now() - start);
    first.wake();
    for (let n = 7; n <= 10; n++) {
      await talk.says(`web ${n}`);
      await talk.kimSays(`discord ${n}`);
      await sleep(100);
    }
    await sleep(500);
    await talk.settle();
    expect(first.running).toBe(true);
  }, 120_000);

  test('20: when 250 messages are written while no bot is there, then all come in order, are marked and said', async () => {
    const bot = await startBot();
    const talk = await openTalk(2000);
    const { id } = await talk.channel();
    await talk.kimSays('before');
    await talk.says('web before');
    // What was taken in before the gap is not recovered after it.
    await eventually(async () => expect((await kim.messages(id)).filter(isMarked)).toHaveLength(1));
    await bot.kill();
    for (let n = 1; n <= MISSED; n++) await talk.kimSays(`missed ${n}`);
    await freeLease();
    const start = performance.now();
    await startBot();
    await eventually(
      async () => {
        const [note] = (await textsIn(sim, id)).filter((text) => text.includes('recovered'));
        expect(note).toBe(`-# ${MISSED} messages were recovered after a gap.`);
      },
      { timeout: 60_000, every: 100 },
    );
    measure('250 messages while no bot is there', 'until all are there', performance.now() - start);
    await fault(sim, { kind: 'gateway-invalidate', who: 'bot' });
    await talk.kimSays('after the session was lost');
    await talk.settle(60_000);
  }, 150_000);
});
