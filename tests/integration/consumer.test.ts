import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { Timestamp } from 'mongodb';
import { type App, createApp } from '../../src/app.ts';
import type { AppContext } from '../../src/context.ts';
import { type Consumer, runConsumer } from '../../src/domain/consumers/consumer.ts';
import { dismissDeadLetter, listDeadLetters } from '../../src/domain/consumers/dead-letters.ts';
import type { Entry } from '../../src/domain/log/entry.ts';
import { createLog } from '../../src/infra/log.ts';
import { testConfig } from '../support/app.ts';
import { openTicket, quickLease, say } from '../support/bridge.ts';
import { eventually } from '../support/eventually.ts';

let app: App;
let ctx: AppContext;
let seen: Entry[];
const nodes: { stop(): Promise<void> }[] = [];
const apps: App[] = [];

async function another(): Promise<App> {
  const config = app?.ctx.config ?? testConfig({ LOG_LEVEL: 'silent', SWEEP_INTERVAL_MS: '200' });
  const made = createApp(config, createLog(config), config.mongoUri as string);
  await made.ready;
  apps.push(made);
  return made;
}
beforeAll(async () => {
  app = await another();
  ctx = app.ctx;
});
beforeEach(() => {
  seen = [];
});
afterEach(async () => {
  await Promise.all(nodes.splice(0).map((each) => each.stop()));
});
afterAll(async () => {
  await ctx.db.connection.db?.dropDatabase();
  for (const each of apps) await each.close();
});

/** Entries so far are of years ago: the newest are always looked at again, as they may be late. */
function makeOld() {
  const stored = new Timestamp({ t: 1_700_000_000, i: 1 });
  return ctx.db.entries.collection.updateMany({}, { $set: { stored } } as never);
}

let names = 0;
function consumer(overrides: Partial<Consumer> = {}): Consumer {
  return {
    name: `test-${++names}`,
    streams: ['public'],
    begins: 'at_the_beginning',
    handle: async (_ctx, entry) => void seen.push(entry),
    ...overrides,
  };
}
function run(what: Consumer, on = ctx) {
  const node = runConsumer(on, what, { lease: quickLease, advanceMs: 100 });
  nodes.push(node);
  return node;
}
const seqsOf = (ticketId: string) =>
  seen.filter(({ ticket_id }) => ticket_id === ticketId).map(({ seq }) => seq);
const reaches = (ticketId: string, seqs: number[]) =>
  eventually(() => expect(seqsOf(ticketId)).toEqual(seqs), { timeout: 15_000 });

test('it sees what was there and what comes, in the order of each log, once', async () => {
  const [one, two] = [await openTicket(ctx), await openTicket(ctx)];
  for (let n = 0; n < 3; n++) await say(ctx, one.id, `before ${n}`);
  run(consumer());
  await reaches(one.id, [1, 2, 3]);
  await Promise.all([say(ctx, one.id, 'after'), say(ctx, two.id, 'first')]);
  await reaches(one.id, [1, 2, 3, 4]);
  await reaches(two.id, [1]);
});

test('many entries of a log come in batches that end where the consumer asks for it', async () => {
  await makeOld();
  const batches: Entry[][] = [];
  const handleBatch = async (_ctx: AppContext, entries: readonly Entry[]) => {
    batches.push([...entries]);
    seen.push(...entries);
  };
  run(consumer({ begins: 'now', batchOf: 32, gatherMs: 2000, handleBatch }));
  await eventually(() =>
    expect(ctx.health.report().parts[`consumer-test-${names}`]?.state).toBe('ok'),
  );
  const { id } = await openTicket(ctx);
  const seqs = Array.from({ length: 130 }, (_, nth) => nth + 1);
  await Promise.all(seqs.map((seq) => say(ctx, id, `message ${seq}`)));
  await reaches(id, seqs);
  const ends = batches
    .filter(([first]) => first?.ticket_id === id)
    .map((entries) => entries.at(-1)?.seq as number);
  // A page has a hundred: the last of its batches that is whole ends there.
  expect(ends.at(-1)).toBe(130);
  expect(ends.slice(0, -1).filter((end) => end % 32 !== 0)).toEqual([]);
  expect(ends.length).toBeLessThanOrEqual(4);
});

test('one that begins now sees nothing of before, also of a log it meets later', async () => {
  const old = await openTicket(ctx);
  await say(ctx, old.id, 'long ago');
  // Further back than the newest entries that may still be on their way.
  await ctx.db.entries.collection.updateMany({}, [{ $set: { stored: { $toLong: 0 } } }] as never);
  await ctx.db.entries.collection.updateMany({}, {
    $set: { stored: new (await import('mongodb')).Timestamp({ t: 1_700_000_000, i: 1 }) },
  } as never);
  run(consumer({ begins: 'now' }));
  await eventually(() =>
    expect(ctx.health.report().parts[`consumer-test-${names}`]?.state).toBe('ok'),
  );
  await eventually(async () => {
    expect(await ctx.db.watermarks.findById(`test-${names}`).lean()).toMatchObject({
      complete: true,
    });
  });
  await say(ctx, old.id, 'new');
  await reaches(old.id, [2]);
});

test('what was written while nobody ran is found by the next, from the watermark and not from all logs', async () => {
  const quiet = await openTicket(ctx);
  await say(ctx, quiet.id, 'old');
  const what = consumer();
  const first = run(what);
  await reaches(quiet.id, [1]);
  await makeOld();
  const mark = async () => (await ctx.db.watermarks.findById(what.name).lean())?.stored;
  const begun = await mark();
  await eventually(async () => expect((await mark())?.greaterThan(begun as never)).toBe(true), {
    timeout: 20_000,
  });
  await first.stop();
  const busy = await openTicket(ctx);
  await say(ctx, busy.id, 'meanwhile');
  seen = [];
  let claims = 0;
  const other = await another();
  const store = {
    ...other.ctx.store,
    readHead: (log: Parameters<AppContext['store']['readHead']>[0]) => {
      if (log.ticketId === quiet.id) claims++;
      return other.ctx.store.readHead(log);
    },
  };
  run(what, { ...other.ctx, store });
  await reaches(busy.id, [1]);
  expect([seqsOf(quiet.id), claims]).toEqual([[], 0]);
}, 120_000);

test('an entry that keeps failing is buried, reported and listed, and those behind it go on', async () => {
  const [bad, good] = [await openTicket(ctx), await openTicket(ctx)];
  const reported: unknown[] = [];
  const reports = { ...ctx.reports, report: (error: unknown) => void reported.push(error) };
  let tries = 0;
  const what = consumer({
    maxTries: 3,
    async handle(_ctx, entry) {
      if (entry.ticket_id === bad.id && entry.seq === 2) {
        tries++;
        throw new Error('cannot be');
      }
      seen.push(entry);
    },
  });
  for (let n = 0; n < 3; n++) await say(ctx, bad.id, `${n}`);
  run(what, { ...ctx, reports });
  await say(ctx, good.id, 'x');
  await reaches(good.id, [1]);
  await reaches(bad.id, [1, 3]);
  expect(tries).toBe(3);
  expect(reported).toHaveLength(1);
  const log = { ticketId: bad.id, stream: 'public' as const };
  expect(await listDeadLetters(ctx, what.name, 10)).toEqual([
    {
      consumer: what.name,
      log,
      seq: 2,
      reason: 'cannot be',
      tries: 3,
      at: expect.any(Number),
    },
  ]);
  await dismissDeadLetter(ctx, { consumer: what.name, log, seq: 2 });
  expect(await listDeadLetters(ctx, what.name, 10)).toEqual([]);
});

test('what passes by itself is waited for, and nothing is skipped', async () => {
  const ticket = await openTicket(ctx);
  let left = 4;
  run(
    consumer({
      maxTries: 2,
      isTransient: (error) => (error as Error).message === 'away',
      async handle(_ctx, entry) {
        if (entry.ticket_id === ticket.id && left-- > 0) throw new Error('away');
        seen.push(entry);
      },
    }),
  );
  await say(ctx, ticket.id, 'x');
  await reaches(ticket.id, [1]);
});

test('of two nodes one works, and a frozen one that wakes writes no offset any more', async () => {
  const ticket = await openTicket(ctx);
  const what = consumer();
  run(what);
  await say(ctx, ticket.id, '1');
  await reaches(ticket.id, [1]);
  const other = await another();
  run(what, other.ctx);
  await say(ctx, ticket.id, '2');
  await reaches(ticket.id, [1, 2]);
  const offset = () => ctx.db.offsets.findById(`${what.name} ${ticket.id}`).lean();
  await eventually(async () => expect(await offset()).toMatchObject({ seq: 2 }));
  // A newer lease has written the offset.
  await ctx.db.offsets.collection.updateMany({ consumer: what.name }, { $set: { fence: 1000 } });
  await say(ctx, ticket.id, '3');
  await eventually(() => expect(seqsOf(ticket.id)).toContain(3));
  expect(await offset()).toMatchObject({ seq: 2, fence: 1000 });
});

test('what a consumer skips moves its offset on, and everything else still comes in its order', async () => {
  const ticket = await openTicket(ctx);
  const what = consumer({ skips: (entry) => 'content' in entry && entry.content === 'skip' });
  run(what);
  await say(ctx, ticket.id, 'first');
  await reaches(ticket.id, [1]);
  const offset = () => ctx.db.offsets.findById(`${what.name} ${ticket.id}`).lean();
  await eventually(async () => expect(await offset()).toMatchObject({ seq: 1, lagging: false }));
  for (let n = 0; n < 3; n++) await say(ctx, ticket.id, 'skip');
  await eventually(async () => expect(await offset()).toMatchObject({ seq: 4, lagging: false }));
  expect(seqsOf(ticket.id)).toEqual([1]);
  for (const text of ['second', 'skip', 'third']) await say(ctx, ticket.id, text);
  await eventually(() => expect(seqsOf(ticket.id)).toContain(7));
  expect(seqsOf(ticket.id).filter((seq) => seq !== 6)).toEqual([1, 5, 7]);
});

test('what the bus did not bring is read from the log, wherever the hole is', async () => {
  const ticket = await openTicket(ctx);
  // A node of its own hears nothing of what this one writes, but by the poll.
  const other = await another();
  const what = consumer();
  run(what, other.ctx);
  await say(ctx, ticket.id, '1');
  await reaches(ticket.id, [1]);
  await say(ctx, ticket.id, '2');
  await say(other.ctx, ticket.id, '3');
  await say(ctx, ticket.id, '4');
  await say(other.ctx, ticket.id, '5');
  await reaches(ticket.id, [1, 2, 3, 4, 5]);
});

test('a process that is killed before it has written its offsets is followed by one that does these again', async () => {
  const ticket = await openTicket(ctx);
  const what = consumer();
  const dying = await another();
  // Its writes of offsets are lost.
  const lost = { ...dying.ctx.db, offsets: ctx.db.deadLetters } as unknown as AppContext['db'];
  const first = run(what, { ...dying.ctx, db: lost });
  await say(dying.ctx, ticket.id, '1');
  await reaches(ticket.id, [1]);
  await first.stop();
  expect(await ctx.db.offsets.findById(`${what.name} ${ticket.id}`).lean()).toBeNull();
  run(what);
  await reaches(ticket.id, [1, 1]);
  await eventually(async () =>
    expect(await ctx.db.offsets.findById(`${what.name} ${ticket.id}`).lean()).toMatchObject({
      seq: 1,
      lagging: false,
    }),
  );
});

test('one that is far behind says so where readiness is asked, until it has caught up', async () => {
  const [one, two] = [await openTicket(ctx), await openTicket(ctx)];
  for (const { id } of [one, two]) await say(ctx, id, 'an hour ago');
  await ctx.db.entries.collection.updateMany({}, { $inc: { at: -3_600_000 } } as never);
  let release: () => void = () => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  const what = consumer({
    async handle(_ctx, entry) {
      if (entry.ticket_id === two.id) await held;
      seen.push(entry);
    },
  });
  run(what);
  const part = () => ctx.health.report().parts[`consumer-${what.name}`];
  await eventually(() => expect(part()?.state).toBe('degraded'));
  expect(part()?.reason).toMatch(/^it is \d+ s behind$/);
  release();
  await reaches(two.id, [1]);
  await eventually(() => expect(part()?.state).toBe('ok'));
});
