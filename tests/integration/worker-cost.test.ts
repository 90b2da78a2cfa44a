import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { searchTickets } from '../../src/domain/search/query.ts';
import { startWorker } from '../../src/worker-role.ts';
import { type RunningApp, startApp } from '../support/app.ts';
import { agent, openTicket, say } from '../support/bridge.ts';
import { eventually } from '../support/eventually.ts';

const TICKETS = 10;
const LINES = 20;

let app: RunningApp;
let worker: { stop(): Promise<void> };

beforeAll(async () => {
  // No look for what other processes wrote falls into what is counted, nor a renewal of a lease.
  app = await startApp({ SWEEP_INTERVAL_MS: '600000', RATE_LIMIT_FACTOR: '1000' });
  worker = startWorker(app.ctx, { ttlMs: 600_000, renewIntervalMs: 300_000 });
});
afterAll(async () => {
  await worker.stop();
  await app.stop();
});

const findable = (word: string) =>
  eventually(async () => {
    const { ids } = await searchTickets(app.ctx, { ...agent, role: 'ADMIN' }, word, { limit: 50 });
    expect(ids).toHaveLength(TICKETS);
  });
const caughtUp = (consumer: string, seq: number) =>
  eventually(async () => {
    const rows = await app.ctx.db.offsets.find({ consumer }).lean();
    const here = { seq, lagging: false };
    expect(rows).toEqual(Array.from({ length: TICKETS }, () => expect.objectContaining(here)));
  });

test('what is written to many tickets costs the worker hardly a read of the log, and few writes', async () => {
  const { ctx } = app;
  const tickets = [];
  for (let n = 0; n < TICKETS; n++) tickets.push(await openTicket(ctx));
  await Promise.all(tickets.map(({ id }) => say(ctx, id, 'first')));
  await findable('first');
  for (const name of ['search', 'sla']) await caughtUp(name, 1);
  const { db } = ctx.db.connection;
  await db?.command({ profile: 2 });
  for (let n = 1; n <= LINES; n++) {
    await Promise.all(tickets.map(({ id }) => say(ctx, id, n === LINES ? 'last' : `line ${n}`)));
  }
  for (const name of ['search', 'sla']) await caughtUp(name, LINES + 1);
  await db?.command({ profile: 0 });
  await findable('last');
  const rows = (await db?.collection('system.profile').find({}).toArray()) ?? [];
  const count = (collection: string, op: RegExp) =>
    rows.filter((row) => row.ns.endsWith(`.${collection}`) && op.test(row.op)).length;
  // But where a look for what the bus has not brought meets what it is just bringing.
  expect(count('entries', /query|getmore/)).toBeLessThanOrEqual(5);
  // The statistics look once in a while at what has changed.
  expect(count('tickets', /query|update/)).toBeLessThanOrEqual(5);
  expect(count('due', /update|remove/)).toBeLessThanOrEqual(5);
  // 200 lines: each ticket's in a few runs, and how far these have come once in two seconds.
  expect(count('search', /query|command/)).toBeLessThanOrEqual(20 + TICKETS);
  expect(count('search', /insert|update/)).toBeLessThanOrEqual(5 * TICKETS);
  expect(count('offsets', /update|insert/)).toBeLessThanOrEqual(8 * TICKETS);
}, 120_000);
