import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type Desk, openDesk, openTicket, say } from '../support/bridge.ts';
import { channelOf, textsIn } from '../support/discord.ts';
import { eventually } from '../support/eventually.ts';

const LINES = 20;

let desk: Desk;

beforeAll(async () => {
  // No look for what other processes wrote falls into what is counted.
  desk = await openDesk({}, { SWEEP_INTERVAL_MS: '600000' });
});
afterAll(() => desk.end());

test('a line to Discord costs one read before it is posted and two writes after it', async () => {
  const { ctx, sim } = desk;
  // Nor does a renewal of the lease, or a look into the channels.
  await desk.bot({ lease: { ttlMs: 600_000, renewIntervalMs: 300_000 }, catchUpMs: 3_600_000 });
  const ticket = await openTicket(ctx);
  const channel = await channelOf(sim, ticket.number);
  const linesAre = (count: number) =>
    eventually(async () => expect(await textsIn(sim, channel.id)).toHaveLength(count));
  await say(ctx, ticket.id, 'first');
  await linesAre(1);
  const { db } = ctx.db.connection;
  await db?.command({ profile: 2 });
  for (let n = 0; n < LINES; n++) {
    await say(ctx, ticket.id, `line ${n}`);
    await linesAre(n + 2);
  }
  await db?.command({ profile: 0 });
  const rows = (await db?.collection('system.profile').find({}).toArray()) ?? [];
  const count = (collection: string, op: RegExp) =>
    rows.filter((row) => row.ns.endsWith(`.${collection}`) && op.test(row.op)).length;
  const read = /query|command|getmore/;
  expect(count('mirrors', /update/)).toBeLessThanOrEqual(LINES + 1);
  expect(count('posts', /update/)).toBeLessThanOrEqual(LINES + 1);
  expect(count('leases', read)).toBeLessThanOrEqual(LINES + 1);
  expect(count('mirrors', read)).toBe(0);
  expect(count('posts', read)).toBe(0);
  // What the log itself reads is not the bridge's; it looks the ticket up no more.
  expect(count('tickets', read) + count('entries', read)).toBeLessThanOrEqual(2);
}, 120_000);
