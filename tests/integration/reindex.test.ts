import { spawn } from 'node:child_process';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { generateDesk } from '../../bench/generator/desk.ts';
import { rarestRank, wordOfRank } from '../../bench/generator/desk-text.ts';
import { type App, createApp } from '../../src/app.ts';
import type { AppContext } from '../../src/context.ts';
import { type FoundTickets, searchTickets } from '../../src/domain/search/query.ts';
import { reindexSearch } from '../../src/domain/search/reindex.ts';
import { fold } from '../../src/domain/search/words.ts';
import { createLog } from '../../src/infra/log.ts';
import { startWorker } from '../../src/worker-role.ts';
import { testConfig } from '../support/app.ts';
import { agent, openTicket, quickLease, say } from '../support/bridge.ts';
import { eventually } from '../support/eventually.ts';
import { programArgs, root } from '../support/program.ts';
import { processEnv } from '../support/server-process.ts';

const TICKETS = 500;

let app: App;
let ctx: AppContext;
const ends: (() => Promise<void>)[] = [];

beforeAll(async () => {
  const config = testConfig({ LOG_LEVEL: 'silent', SWEEP_INTERVAL_MS: '200' });
  app = createApp(config, createLog(config), config.mongoUri as string);
  await app.ready;
  ctx = app.ctx;
  await generateDesk(ctx.db, { tickets: TICKETS, messages: 2000 });
}, 120_000);
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});
afterAll(async () => {
  await ctx.db.connection.db?.dropDatabase();
  await app.close();
});

/** `npm run reindex` as a process of its own. */
function spawnReindex(args: string[] = [], env: Record<string, string> = {}) {
  const child = spawn(process.execPath, [...programArgs('src/reindex.ts'), ...args], {
    cwd: `${root}/tests`,
    env: processEnv({ DB_NAME: ctx.config.dbName, ROLES: undefined, ...env }),
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let output = '';
  child.stderr.on('data', (data) => {
    output += data;
  });
  const exited = new Promise<number | string>((resolve) => {
    child.once('close', (code, signal) => resolve(code ?? signal ?? 'unknown'));
  });
  const end = async () => {
    child.kill('SIGKILL');
    await exited;
  };
  ends.push(end);
  return { output: () => output, exited, end, stop: () => child.kill('SIGTERM') };
}

test('whoever asks it for something, help for example, is told what it does, and nothing is thrown away', async () => {
  for (const asked of ['--help', '12']) {
    const run = spawnReindex([asked]);
    expect([asked, await run.exited]).toEqual([asked, 2]);
    expect(run.output()).toContain('Throws the search index away and makes it again');
    expect(run.output()).not.toContain('lease');
  }
}, 30_000);

test('while it waits for a MongoDB that is away it ends when it is told to', async () => {
  const run = spawnReindex([], { MONGO_URI: 'mongodb://127.0.0.1:1/?replicaSet=rs0' });
  const later = setTimeout(() => run.stop(), 3000);
  expect(await run.exited).toBe(1);
  clearTimeout(later);
  expect(run.output()).toContain('stopped');
}, 30_000);

const reindex = () => reindexSearch(ctx, { stop: new AbortController().signal });

/** Every ticket that has a word, by looking at all there is: what the index has to find. */
async function scan(word: string): Promise<string[]> {
  const has = (text: string) =>
    fold(text)
      .split(/[^\p{L}\p{N}]+/u)
      .includes(word);
  const found = new Set<string>();
  for (const { _id, topic, description } of await ctx.db.tickets.find().lean()) {
    if (has(topic) || has(description)) found.add(String(_id));
  }
  const rows = await ctx.db.entries.collection.find().sort({ seq: 1 }).toArray();
  const texts = new Map<string, { ticket: string; content: string }>();
  for (const { _id, ticket_id, type, content, of } of rows as never as Record<string, never>[]) {
    if (type === 'ticket_change') continue;
    const id = String((of as { id: unknown } | undefined)?.id ?? _id);
    texts.set(id, { ticket: String(ticket_id), content: type === 'delete' ? '' : (content ?? '') });
  }
  for (const { ticket, content } of texts.values()) if (has(content)) found.add(ticket);
  return [...found].sort().reverse();
}

async function findAll(q: string): Promise<string[]> {
  const ids: string[] = [];
  let before: string | undefined;
  for (;;) {
    const page: FoundTickets = await searchTickets(ctx, agent, q, { before, limit: 100 });
    ids.push(...page.ids);
    before = page.next;
    if (!before) return ids;
  }
}

const words = [0, 50, 1000, 5000, rarestRank].map(wordOfRank);
async function expectComplete() {
  for (const word of words) expect([word, await findAll(word)]).toEqual([word, await scan(word)]);
}

test('a desk that was there before is indexed by the worker, and each word is found in all its tickets', async () => {
  const worker = startWorker(ctx, quickLease);
  ends.push(() => worker.stop());
  const isDone = async () => (await ctx.db.watermarks.findById('search-reindex').lean())?.complete;
  await eventually(
    async () => {
      expect(await isDone()).toBe(true);
    },
    { timeout: 100_000 },
  );
  await expectComplete();
}, 120_000);

test('a reindex takes out what is wrong, and brings back what is missing', async () => {
  const { collection } = ctx.db.search;
  await collection.deleteMany({ _id: { $regex: /[0-7] \d+$/ } } as never);
  const stray = { words: ['stray'], stream: 'public', texts: {}, version: null };
  const gone = '5f0000000000000000000000';
  const { _id } = (await ctx.db.tickets.findOne().lean()) as never as {
    _id: { toString(): string };
  };
  await collection.insertMany([
    { _id: `${gone} 0`, ticket: gone, ...stray },
    { _id: `${_id} 99`, ticket: _id, ...stray },
  ] as never);
  expect(await reindex()).toBe(true);
  expect(await collection.countDocuments({ words: 'stray' })).toBe(0);
  await expectComplete();
}, 120_000);

test('a reindex beside a worker and writers loses nothing, and leaves no old word', async () => {
  const worker = startWorker(ctx, quickLease);
  ends.push(() => worker.stop());
  const tickets = await Promise.all(Array.from({ length: 10 }, () => openTicket(ctx)));
  let isOver = false;
  const written: [string, string][] = [];
  const write = async () => {
    for (let n = 0; !isOver && n < 100; n++) {
      const { id } = tickets[n % tickets.length] as { id: string };
      const word = `written${n}`;
      await say(ctx, id, `${word} once`);
      written.push([id, word]);
    }
  };
  const writing = write();
  for (let n = 0; n < 2; n++) await reindex();
  isOver = true;
  await writing;
  for (const [id, word] of written) {
    await eventually(async () => expect(await findAll(word)).toEqual([id]));
  }
  await expectComplete();
}, 120_000);

test('a reindex that is killed goes on where it stood, with its progress told', async () => {
  await ctx.db.search.collection.deleteMany({});
  const first = spawnReindex();
  const walked = async () => (await ctx.db.watermarks.findById('search-reindex').lean())?.walked;
  await eventually(
    async () => {
      const row = await ctx.db.watermarks.findById('search-reindex').lean();
      expect(row).toMatchObject({ complete: false, walked: expect.anything() });
    },
    { timeout: 60_000 },
  );
  await first.end();
  const at = await walked();
  const done = await ctx.db.tickets.collection.countDocuments({ _id: { $lte: at } } as never);
  expect(done).toBeLessThan(TICKETS);
  await ctx.db.leases.collection.updateOne({ _id: 'search-reindex' } as never, {
    $set: { until: 0 },
  });
  const second = spawnReindex();
  expect(await second.exited).toBe(0);
  expect(second.output()).toMatch(new RegExp(`^${done} of \\d+ tickets, \\d+ %$`, 'm'));
  expect(second.output()).toMatch(/, 100 %\nthe index is complete\n$/);
  await expectComplete();
}, 180_000);
