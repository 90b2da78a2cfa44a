import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { type App, createApp } from '../../src/app.ts';
import type { AppContext } from '../../src/context.ts';
import { keepUnderLease } from '../../src/domain/consumers/under-lease.ts';
import {
  cancelWork,
  ensureWork,
  listGivenUpWork,
  runSchedule,
  scheduleWork,
  type WorkHandler,
} from '../../src/domain/schedule.ts';
import { createLog } from '../../src/infra/log.ts';
import { startWorker } from '../../src/worker-role.ts';
import { testConfig } from '../support/app.ts';
import { quickLease } from '../support/bridge.ts';
import { eventually } from '../support/eventually.ts';
import { laterBy } from '../support/uploads.ts';

const POLL_MS = 20;
let app: App;
let ctx: AppContext;
const running: { stop(): Promise<void> }[] = [];
beforeAll(async () => {
  const config = testConfig({ LOG_LEVEL: 'silent' });
  app = createApp(config, createLog(config), config.mongoUri as string);
  await app.ready;
  ctx = app.ctx;
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((each) => each.stop()));
  await ctx.db.due.collection.deleteMany({});
});
afterAll(async () => {
  await ctx.db.connection.db?.dropDatabase();
  await app.close();
});

/** A node that does what is due. */
function work(handlers: Record<string, WorkHandler>, on = ctx) {
  const lease = { lease: 'test-schedule', part: 'worker', times: quickLease };
  const node = keepUnderLease(on, lease, (held) => runSchedule(on, held, handlers, POLL_MS));
  running.push(node);
  return node;
}
const rows = () => ctx.db.due.find().lean();
const later = (ms: number) => ctx.clock.now() + ms;

test('work is done when it is due, once, with its data, and not before', async () => {
  const done: unknown[] = [];
  work({ note: { run: async (_ctx, { key, data }) => void done.push([key, data]) } });
  await scheduleWork(ctx, { kind: 'note', key: 'far', at: later(3_600_000) });
  await scheduleWork(ctx, { kind: 'note', key: 'near', at: later(100), data: { a: 1 } });
  await eventually(async () => expect(await rows()).toHaveLength(1));
  expect(done).toEqual([['near', { a: 1 }]]);
});

test('scheduled again it takes the other’s place; called off it is never done; ensured it keeps its time', async () => {
  const done: string[] = [];
  await scheduleWork(ctx, { kind: 'note', key: 'moved', at: later(0), data: 'old' });
  await scheduleWork(ctx, { kind: 'note', key: 'moved', at: later(50), data: 'new' });
  await scheduleWork(ctx, { kind: 'note', key: 'off', at: later(0), data: 'off' });
  await cancelWork(ctx, 'note', 'off');
  await ensureWork(ctx, { kind: 'note', key: 'moved', at: later(0), data: 'ensured' });
  work({ note: { run: async (_ctx, { data }) => void done.push(data as string) } });
  await eventually(async () => expect(await rows()).toEqual([]));
  expect(done).toEqual(['new']);
});

test('what is scheduled anew while it is being done is done again', async () => {
  const done: unknown[] = [];
  work({
    note: {
      async run(_ctx, { data }) {
        done.push(data);
        if (data === 1) await scheduleWork(ctx, { kind: 'note', key: 'k', at: later(0), data: 2 });
      },
    },
  });
  await scheduleWork(ctx, { kind: 'note', key: 'k', at: later(0), data: 1 });
  await eventually(async () => expect(await rows()).toEqual([]));
  expect(done).toEqual([1, 2]);
});

test('what fails is tried again and holds up nothing; given up it is reported and listed', async () => {
  const reported: unknown[] = [];
  const reports = { ...ctx.reports, report: (error: unknown) => void reported.push(error) };
  const tries = { bad: 0, good: 0 };
  const on = { ...ctx, reports };
  work(
    {
      bad: {
        maxTries: 2,
        async run() {
          tries.bad++;
          throw new Error('no luck');
        },
      },
      good: { run: async () => void tries.good++ },
    },
    on,
  );
  await scheduleWork(ctx, { kind: 'bad', key: 'k', at: later(-10) });
  for (let n = 0; n < 10; n++) {
    await scheduleWork(ctx, { kind: 'good', key: `${n}`, at: later(0) });
  }
  await eventually(async () => expect(await listGivenUpWork(ctx, 10)).toHaveLength(1));
  expect(await listGivenUpWork(ctx, 10)).toMatchObject([
    { kind: 'bad', tries: 2, problem: 'no luck' },
  ]);
  expect(tries).toEqual({ bad: 2, good: 10 });
  // It is written down first, and reported then.
  await eventually(() => expect(reported).toHaveLength(1));
});

test('of two nodes one works; when it goes the other takes over', async () => {
  const other = createApp(app.ctx.config, ctx.log, ctx.config.mongoUri as string);
  await other.ready;
  const done: string[] = [];
  const by = (name: string) => ({
    beat: {
      recurring: true as const,
      run: async () => ({ again: 10 * Math.sign(done.push(name)) }),
    },
  });
  const first = work(by('first'));
  await eventually(() => expect(done.length).toBeGreaterThan(3));
  const second = work(by('second'), other.ctx);
  await eventually(() => expect(done.length).toBeGreaterThan(10));
  expect(new Set(done)).toEqual(new Set(['first']));
  await first.stop();
  done.length = 0;
  await eventually(() => expect(done.length).toBeGreaterThan(3), { timeout: 10_000 });
  expect(new Set(done)).toEqual(new Set(['second']));
  await second.stop();
  await other.close();
});

test('a node that lost its lease ends nobody else’s run', async () => {
  let finish: () => void = () => undefined;
  const held = new Promise<undefined>((resolve) => {
    finish = () => resolve(undefined);
  });
  const node = work({ note: { run: () => held } });
  await scheduleWork(ctx, { kind: 'note', key: 'k', at: later(0) });
  await eventually(async () => expect((await rows())[0]?.fence).toBeGreaterThan(0));
  // Another has taken the work up meanwhile, under a newer lease.
  await ctx.db.due.collection.updateOne({}, { $set: { fence: 1000 } });
  finish();
  await node.stop();
  expect(await rows()).toHaveLength(1);
});

test('work is found through its index, however much is not due', async () => {
  const many = Array.from({ length: 3000 }, (_, n) => ({
    _id: `note ${n}`,
    kind: 'note',
    key: `${n}`,
    at: later(3_600_000 + n),
    tries: 0,
    problem: null,
    version: 'v',
    fence: 0,
  }));
  await ctx.db.due.collection.insertMany(many as never);
  const plan = await ctx.db.due.collection
    .find({ kind: { $in: ['note'] }, at: { $lte: later(0) } })
    .sort({ at: 1 })
    .limit(100)
    .explain('executionStats');
  expect(plan.executionStats.totalKeysExamined).toBeLessThan(5);
});

test('a worker collects files by itself and says on /readyz how it does', async () => {
  const worker = startWorker(laterBy(ctx, 0), quickLease);
  running.push(worker);
  await eventually(() => expect(ctx.health.report().parts.worker).toEqual({ state: 'ok' }));
  await eventually(async () => {
    const kinds = (await rows()).map(({ kind, at }) => [kind, (at ?? 0) > ctx.clock.now()]);
    for (const kind of ['adopt-files', 'collect-files']) expect(kinds).toContainEqual([kind, true]);
  });
});
