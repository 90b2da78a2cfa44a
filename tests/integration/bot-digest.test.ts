import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { weekdays } from '../../src/contract/calendar.ts';
import type { Actor } from '../../src/domain/access/actor.ts';
import type { Digest } from '../../src/domain/digest/numbers.ts';
import { storeDigest } from '../../src/domain/digest/outbox.ts';
import { setDigestTime } from '../../src/domain/digest/settings.ts';
import { DIGEST, weeklyDigest } from '../../src/domain/digest/weekly.ts';
import { scheduleWork } from '../../src/domain/schedule.ts';
import { closeTicket } from '../../src/domain/tickets/close.ts';
import { rateTicket } from '../../src/domain/tickets/rate.ts';
import { startWorker } from '../../src/worker-role.ts';
import {
  agent,
  customer,
  type Desk,
  openDesk,
  openTicket,
  quickLease,
  say,
} from '../support/bridge.ts';
import { clearFaults, fault, messagesIn } from '../support/discord.ts';
import { botThatDies } from '../support/dying-bot.ts';
import { eventually } from '../support/eventually.ts';
import { operatorOf } from '../support/operator.ts';
import { laterBy } from '../support/uploads.ts';

const DAY = 24 * 3_600_000;
const WEEK = 7 * DAY;
const quick = { digestMs: 50 };
const patience = { timeout: 60_000 };
const admin: Actor = { ...agent, role: 'ADMIN' };
let desk: Desk;
const workers: { stop(): Promise<void> }[] = [];

beforeAll(async () => {
  desk = await openDesk();
});
afterAll(() => desk.end());
afterEach(async () => {
  await Promise.all(workers.splice(0).map((worker) => worker.stop()));
  await desk.stopBots();
  await clearFaults(desk.sim);
  await desk.ctx.db.settings.collection.deleteMany({ _id: /^digest/ } as never);
});

const digests = async () =>
  (await messagesIn(desk.sim, desk.sim.state.channels.transcripts)).filter(({ content }) =>
    content.includes('Weekly digest'),
  );
const due = (slot: number) =>
  digests().then((all) => all.filter(({ content }) => content.includes(`<t:${slot / 1000}:f>`)));
const isPosted = (slot: number) =>
  eventually(async () => {
    const row = await desk.ctx.db.settings.collection.findOne({ _id: 'digest-posted' } as never);
    expect(row?.value).toEqual({ slot, attempt: null });
    expect(await due(slot)).toHaveLength(1);
  }, patience);

/** Waits until Discord has refused something. */
const faultStrikes = () =>
  eventually(async () => {
    const answer = await fetch(`${desk.sim.url}/__sim/faults`);
    const { faults } = (await answer.json()) as { faults: { hits: number }[] };
    expect(faults[0]?.hits).toBeGreaterThan(0);
  }, patience);

/** The minute before this one, as a time of the week. */
function justNow() {
  const at = Math.floor(Date.now() / 60_000 - 1) * 60_000;
  const day = new Date(at);
  const name = weekdays[(day.getUTCDay() + 6) % 7];
  return { at, time: `${name} ${day.toISOString().slice(11, 16)}` };
}

let slots = 1_700_000_000_000;
/** A digest of nothing, of a slot of its own. */
function emptyDigest(): Digest {
  slots += WEEK;
  const rating = { count: 0, average: null };
  const none = {
    opened: 0,
    closed: 0,
    first_response: null,
    resolution: null,
    breaches: 0,
    rating,
  };
  const days = { from: '2026-11-16', to: '2026-11-22' };
  return { slot: slots, ...days, week: none, before: none, categories: [], agents: [] };
}

test('one week later the numbers stand in the log channel once, whoever looks for them and however late', async () => {
  const { ctx, sim } = desk;
  const [solved, , missed] = [
    await openTicket(ctx, { category: 'BILLING' }),
    await openTicket(ctx, { category: 'BILLING' }),
    await openTicket(ctx),
  ];
  await say(ctx, solved.id, 'It is on its way.', agent);
  await say(ctx, missed.id, 'Anybody?');
  await closeTicket(ctx, agent, solved.id, {});
  await rateTicket(ctx, customer, solved.id, { score: 4 });
  const { at, time } = justNow();
  await setDigestTime(ctx, admin, time);
  // Three weeks have gone by without anybody there to post anything.
  const data = { by: `${time} UTC`, slot: at - 2 * WEEK };
  await scheduleWork(ctx, { kind: DIGEST, key: '', at: 0, data });
  const other = await desk.another();
  for (const each of [ctx, other.ctx]) {
    workers.push(startWorker(laterBy(each, WEEK), quickLease));
    await desk.bot({ ...quick, ctx: each });
  }
  await isPosted(at + WEEK);
  const [post, ...more] = await digests();
  expect(more).toEqual([]);
  expect(post?.content.split('\n').slice(1, -1)).toEqual([
    'Opened: **3** (week before: 0)',
    'Closed: **1** (week before: 0)',
    'First answer, median: **0 min** (week before: —)',
    'Resolution, median: **0 min** (week before: —)',
    // Of the two that nobody has seen to, both promises are broken a week later.
    'Overdue: **4** (week before: 0)',
    'Satisfaction: **4.0 of 5 (1)** (week before: —)',
    'Busiest categories: BILLING 2, none 1',
    'Most tickets: Bob 1',
  ]);
  await Promise.all(workers.splice(0).map((worker) => worker.stop()));
  await desk.stopBots();
  workers.push(startWorker(laterBy(ctx, WEEK), quickLease));
  await desk.bot(quick);
  const doctor = await operatorOf(sim).run('doctor');
  expect(doctor.content).toContain(`**weekly digest**: ${time}, where transcripts are`);
  expect(await digests()).toHaveLength(1);
}, 120_000);

test('a bot that is killed while it posts a digest leaves it posted once', async () => {
  for (const point of ['before-post', 'after-post', 'after-record'] as const) {
    const digest = emptyDigest();
    await storeDigest(desk.ctx, digest);
    const { died } = await botThatDies(desk, point, 1, quick);
    await died;
    await fault(desk.sim, { kind: 'forget-nonces' });
    await desk.bot(quick);
    await isPosted(digest.slot);
    await desk.stopBots();
  }
}, 120_000);

test('what Discord refuses is not lost, and without a channel there is none, which /doctor says', async () => {
  const { ctx, sim } = desk;
  const digest = emptyDigest();
  await storeDigest(ctx, digest);
  const { discord } = desk.config;
  if (!discord) throw new Error('there is no Discord in this configuration');
  const config = { ...desk.config, discord: { ...discord, transcriptChannelId: undefined } };
  await desk.bot({ ...quick, ctx: { config } });
  const { content } = await operatorOf(sim).run('doctor');
  expect(content).toContain('**weekly digest**: off: there is no channel for transcripts');
  expect(await due(digest.slot)).toEqual([]);
  await desk.stopBots();
  const path = `${sim.state.channels.transcripts}/messages`;
  await fault(sim, { kind: 'status', method: 'POST', path, status: 403, who: 'bot' });
  await desk.bot(quick);
  await faultStrikes();
  await desk.stopBots();
  await clearFaults(sim);
  await desk.bot(quick);
  await isPosted(digest.slot);
}, 60_000);

test('what a channel has refused comes in the one that takes its place, though the bot sees the first no more', async () => {
  const { ctx, sim } = desk;
  const { discord } = desk.config;
  if (!discord) throw new Error('there is no Discord in this configuration');
  const digest = emptyDigest();
  await storeDigest(ctx, digest);
  const first = '1';
  const barred = { ...{ kind: 'status', path: `/channels/${first}/`, who: 'bot' }, status: 403 };
  await fault(sim, { ...barred, code: 50001 });
  const config = { ...desk.config, discord: { ...discord, transcriptChannelId: first } };
  await desk.bot({ ...quick, ctx: { config } });
  await faultStrikes();
  await desk.stopBots();
  await desk.bot(quick);
  await isPosted(digest.slot);
}, 60_000);

test('one that was not posted before the digest is switched off never comes, also when it is switched on', async () => {
  const { ctx } = desk;
  const [unposted, next] = [emptyDigest(), emptyDigest()];
  await storeDigest(ctx, unposted);
  await setDigestTime(ctx, admin, 'off');
  await desk.bot(quick);
  await eventually(async () => {
    const row = await ctx.db.settings.collection.findOne({ _id: 'digest-posted' } as never);
    expect(row?.value).toMatchObject({ slot: unposted.slot });
  }, patience);
  await setDigestTime(ctx, admin, 'mon 09:00');
  await storeDigest(ctx, next);
  await isPosted(next.slot);
  expect(await due(unposted.slot)).toEqual([]);
}, 60_000);

test('of a slot one digest is made; a new time counts from then on, and off makes none', async () => {
  const { ctx } = desk;
  const { at, time } = justNow();
  const { signal } = new AbortController();
  const run = (data: unknown, on = ctx) =>
    weeklyDigest[DIGEST]?.run(on, { data } as never, signal) as Promise<{ data?: unknown }>;
  const made = () => ctx.db.settings.collection.findOne({ _id: 'digest-made' } as never);
  const by = `${time} UTC`;
  await setDigestTime(ctx, admin, time);
  for (const before of [undefined, null, { by: 'mon 09:00 UTC', slot: 0 }]) {
    expect((await run(before)).data).toEqual({ by, slot: at });
  }
  expect(await made()).toBeNull();
  await setDigestTime(ctx, admin, 'off');
  expect((await run({ by, slot: at - WEEK })).data).toBeNull();
  expect(await made()).toBeNull();
  await setDigestTime(ctx, admin, time);
  workers.push(startWorker(ctx, quickLease));
  await eventually(async () => {
    await Promise.all([run({ by, slot: at - WEEK }), run({ by, slot: at - WEEK })]);
    expect(await made()).toMatchObject({ version: 1, value: { slot: at } });
  }, patience);
  // A process that was held up since an earlier week changes nothing.
  await storeDigest(ctx, { ...emptyDigest(), slot: at - WEEK });
  expect(await made()).toMatchObject({ version: 1, value: { slot: at } });
  const may = { ...agent, manages: true };
  await expect(setDigestTime(ctx, may, 'off')).rejects.toMatchObject({ code: 'FORBIDDEN' });
});
