import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Types } from 'mongoose';
import { newRow } from '../../src/domain/search/postings.ts';
import { searchTickets } from '../../src/domain/search/query.ts';
import { type RunningApp, startApp } from '../support/app.ts';
import { agent } from '../support/bridge.ts';

/** Tickets that have one of two words or the other; every so many of them, both. */
const TICKETS = 24_000;
const BOTH_EVERY = 600;
/** Keys a call may look at: two for each candidate, and a first batch of each word. */
const MOST_KEYS = 2 * 2400 + 2 * 200 + 1000;

let app: RunningApp;
const idOf = (n: number) => n.toString(16).padStart(24, '0');

beforeAll(async () => {
  app = await startApp({ SWEEP_INTERVAL_MS: '600000' });
  const rows = Array.from({ length: TICKETS }, (_, n) => {
    const own = n % 3 === 0 ? 'rare' : 'common';
    const text = n % BOTH_EVERY === 0 ? 'common rare' : own;
    const log = { ticketId: idOf(n), stream: 'public' as const };
    return newRow({ log, block: 0, texts: new Map([['topic', { rev: 0, text }]]) });
  });
  await app.ctx.db.search.collection.insertMany(rows as never);
});
afterAll(() => app.stop());

async function keysOf(work: () => Promise<unknown>): Promise<number> {
  const { db } = app.ctx.db.connection;
  await db?.command({ profile: 2 });
  const from = new Date();
  await work();
  await db?.command({ profile: 0 });
  const rows = await db
    ?.collection('system.profile')
    .find({ ts: { $gte: from }, ns: /\.search$/ })
    .toArray();
  return (rows ?? []).reduce((sum, row) => sum + Number(row.keysExamined ?? 0), 0);
}

const find = (q: string, limit: number, before?: string) =>
  searchTickets(app.ctx, { ...agent, role: 'ADMIN' }, q, { limit, before });

test('two common words that seldom meet cost a bounded walk, and its pages have every ticket, newest first', async () => {
  const expected = Array.from({ length: TICKETS / BOTH_EVERY }, (_, n) => idOf(n * BOTH_EVERY))
    .reverse()
    .map((id) => new Types.ObjectId(id).toHexString());
  const found: string[] = [];
  let before: string | undefined;
  let calls = 0;
  do {
    const keys = await keysOf(async () => {
      const page = await find('common rare', 20, before);
      expect(page.ids.length).toBeLessThanOrEqual(20);
      found.push(...page.ids);
      before = page.next;
    });
    expect(keys).toBeLessThanOrEqual(MOST_KEYS);
    calls++;
  } while (before);
  expect(found).toEqual(expected);
  // It goes down the rarer of the two: 8,000 tickets, 2,400 a call.
  expect(calls).toBeLessThanOrEqual(5);
}, 120_000);

test('where the first tickets have enough of both, no more than these are looked at', async () => {
  const keys = await keysOf(() => find('common', 20));
  expect(keys).toBeLessThanOrEqual(201);
  expect((await find('rare common', 1)).ids).toEqual([idOf(TICKETS - BOTH_EVERY)]);
});
