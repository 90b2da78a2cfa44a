import { setTimeout as hold } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import type { RunningSimulator } from '../../simulator/server.ts';
import type { MessageView } from '../../src/contract/messages.ts';
import type { TicketView } from '../../src/contract/tickets.ts';
import { findFreePort } from '../../src/infra/embedded-mongo/launch.ts';
import { ensureBuilt } from '../../src/prepare.mjs';
import {
  channelOf,
  type DiscordPerson,
  discordEnv,
  discordPerson,
  startDiscord,
  textsIn,
} from '../support/discord.ts';
import { eventually } from '../support/eventually.ts';
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts';
import { judgeHistory } from '../support/history-checker.ts';
import { freshDatabaseName } from '../support/mongo.ts';
import { mintToken, personAt } from '../support/people.ts';
import { seededRandom } from '../support/random.ts';
import { type ServerProcess, spawnServer } from '../support/server-process.ts';
import { openBrowser } from './browser.ts';
import { type PartnerSite, servePartner } from './partner-site.ts';
import { findTwice, historyOf, readPage } from './promise-witness.ts';
import { openChat, visit, write } from './widget-desk.ts';

const long = process.env.DESKCORD_FAULTS === 'long';
const ROUNDS = long ? 15 : 1;
const PATIENCE = { timeout: 60_000, every: 100 };

let browser: Browser;
let sim: RunningSimulator;
let agent: DiscordPerson;
let proxy: FaultProxy;
let site: PartnerSite;
let server: ServerProcess;
let startServer: () => Promise<void>;

beforeAll(async () => {
  await ensureBuilt();
  sim = await startDiscord();
  agent = discordPerson(sim, 'kim');
  const port = await findFreePort();
  proxy = await startFaultProxy({ target: { port } });
  const env = {
    ...discordEnv(sim),
    DB_NAME: freshDatabaseName(),
    WEB_SERVER_PORT: String(port),
    PUBLIC_URL: `http://127.0.0.1:${proxy.port}`,
  };
  startServer = async () => {
    server = spawnServer(env);
    await server.listening;
  };
  await startServer();
  site = await servePartner(`http://127.0.0.1:${proxy.port}`);
  browser = await openBrowser();
}, 240_000);

afterAll(async () => {
  await browser?.close();
  await site?.close();
  await proxy?.close();
  await server?.kill();
  await sim?.close();
}, 120_000);

/** A customer in the widget and an agent in Discord, who write whatever happens. */
class Talk {
  page!: Page;
  readonly context: BrowserContext;
  readonly customer = { author: 'customer', texts: [] as string[] };
  readonly staff = { author: 'staff', texts: [] as string[] };
  channelId = '';
  ticketId = '';

  constructor(context: BrowserContext) {
    this.context = context;
  }

  get field() {
    return this.page.getByLabel('Your message');
  }

  /** What is typed stays typed, whatever `meanwhile` does, and can be sent after it. */
  async type(meanwhile: () => Promise<void> = async () => {}): Promise<void> {
    const text = `customer ${this.customer.texts.length + 1}`;
    await this.field.fill(text);
    await meanwhile();
    await eventually(async () => expect(await this.field.inputValue()).toBe(text), PATIENCE);
    this.customer.texts.push(text);
    await this.page.getByRole('button', { name: 'Send', exact: true }).click();
  }

  async answer(): Promise<void> {
    const text = `staff ${this.staff.texts.length + 1}`;
    this.staff.texts.push(text);
    await agent.write(this.channelId, text);
  }

  async both(): Promise<void> {
    await this.type();
    await this.answer();
    await this.type();
    expect(await findTwice(this.page)).toEqual([]);
  }
}

/** Each fault lasts for as long as its work; what is written in it must not suffer. */
const faults: Record<string, (talk: Talk) => Promise<void>> = {
  'cut connections': async (talk) => {
    await talk.type(async () => proxy.resetAll());
    await talk.both();
    proxy.resetAll();
  },
  'answers that are lost': async (talk) => {
    proxy.dropReplies({ times: 2 });
    await talk.both();
    await hold(500);
    proxy.clear();
  },
  'a slow line': async (talk) => {
    proxy.setFault([
      { type: 'latency', ms: 300, jitter: 300 },
      { type: 'bandwidth', bytesPerSecond: 20_000 },
    ]);
    await talk.both();
    await talk.both();
    await hold(1000);
    proxy.clear();
  },
  'a line that swallows': async (talk) => {
    proxy.setFault({ type: 'blackHole' });
    await talk.both();
    await hold(2000);
    proxy.clear();
  },
  'no network': async (talk) => {
    await talk.context.setOffline(true);
    // Sockets that are open stay so without this.
    proxy.resetAll();
    await talk.both();
    await talk.context.setOffline(false);
  },
  'a reload': async (talk) => {
    await talk.type();
    await talk.type(async () => void (await talk.page.reload()));
    await talk.answer();
  },
  'a tab closed and opened anew': async (talk) => {
    await talk.type();
    await talk.type(async () => {
      await talk.page.close();
      talk.page = await talk.context.newPage();
      await talk.page.goto(site.url);
      await openChat(talk.page);
      await talk.page.getByRole('button', { name: /My fern is unwell/ }).click();
    });
    await talk.answer();
  },
  'a sleep': async (talk) => {
    const session = await talk.context.newCDPSession(talk.page);
    await talk.type(async () => {
      await session.send('Page.setWebLifecycleState', { state: 'frozen' });
      proxy.resetAll();
      await talk.answer();
      await hold(1000);
      await session.send('Page.setWebLifecycleState', { state: 'active' });
    });
    await session.detach();
  },
  'server and bot killed': async (talk) => {
    await talk.type(() => server.kill());
    await talk.both();
    await startServer();
    await talk.both();
  },
};

function shuffle<T>(items: T[], random: () => number): T[] {
  return items
    .map((item) => [random(), item] as const)
    .sort(([a], [b]) => a - b)
    .map(([, item]) => item);
}

/** All messages of the ticket, oldest first, as the server has them. */
async function readLog(ticketId: string): Promise<MessageView[]> {
  const staff = personAt(site.host, mintToken({ id: 'kim', role: 'ADMIN' }));
  let all: MessageView[] = [];
  for (;;) {
    const before = all[0] ? `&before=${all[0].seq}` : '';
    const { body } = await staff.list(ticketId, `?limit=100${before}`);
    if (body.length === 0) return all;
    all = [...body, ...all];
  }
}

/** The conversation begins: a ticket, with a channel in Discord. */
async function begin(): Promise<Talk> {
  const { page, context } = await visit(browser, site.url);
  const talk = new Talk(context);
  talk.page = page;
  await openChat(page);
  await write(page, 'My fern is unwell');
  const staff = personAt(site.host, mintToken({ id: 'kim', role: 'ADMIN' }));
  const ticket = await eventually(async () => {
    const { body } = await staff.call<TicketView[]>('GET', '/tickets');
    if (!body[0]) throw new Error('there is no ticket yet');
    return body[0];
  }, PATIENCE);
  talk.ticketId = ticket.id;
  talk.channelId = (await channelOf(sim, ticket.number)).id;
  return talk;
}

test('while line, page, server and bot fail in turn and both sides write, everything accepted stands once and in order on both sides, and nothing typed is lost', async () => {
  const seed = Number(process.env.DESKCORD_SEED ?? (long ? Date.now() % 2 ** 31 : 11));
  if (long) console.log(`seed ${seed}: DESKCORD_SEED=${seed} replays it`);
  const random = seededRandom(seed);
  const talk = await begin();
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, run] of shuffle(Object.entries(faults), random)) {
      await run(talk).catch((error) => {
        throw new Error(`in "${name}", round ${round}, seed ${seed}: ${error.message}`);
      });
      proxy.clear();
    }
  }
  const { customer, staff, page, ticketId, channelId } = talk;
  const count = customer.texts.length + staff.texts.length;
  await eventually(async () => {
    expect(await page.locator('.row.sending, .row.failed').count()).toBe(0);
    expect((await readPage(page)).length).toBe(count + 1);
    expect((await textsIn(sim, channelId)).length).toBe(count);
  }, PATIENCE).catch(() => undefined);
  const [opening, ...inPage] = await readPage(page);
  const inDiscord = (await textsIn(sim, channelId)).map((text) => text.replace(/^.*?: /s, ''));
  const history = historyOf({
    ...{ ticketId, written: [customer, staff], stored: await readLog(ticketId) },
    seen: { 'the customer’s page': inPage },
  });
  expect(judgeHistory(history)).toEqual([]);
  expect(opening).toBe('My fern is unwell');
  const inOrder = (texts: string[], own: string[]) => texts.filter((text) => own.includes(text));
  expect(inOrder(inDiscord, customer.texts)).toEqual(customer.texts);
  expect(inOrder(inDiscord, staff.texts)).toEqual(staff.texts);
  expect(await talk.field.inputValue()).toBe('');
}, 1_200_000);
