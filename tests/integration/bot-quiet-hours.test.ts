import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { weekdays } from '../../src/contract/calendar.ts';
import type { Actor } from '../../src/domain/access/actor.ts';
import { changeAgent } from '../../src/domain/agents/agents.ts';
import { setCalendar } from '../../src/domain/calendar/calendar.ts';
import { oid } from '../../src/domain/log/collections.ts';
import { claimTicket } from '../../src/domain/tickets/assign.ts';
import { updateTicket } from '../../src/domain/tickets/update.ts';
import { agent, type Desk, openDesk, openTicket, say } from '../support/bridge.ts';
import { channelOf, discordPerson, fault, messagesIn, textsIn } from '../support/discord.ts';
import { botThatDies } from '../support/dying-bot.ts';
import { eventually } from '../support/eventually.ts';

const patience = { timeout: 30_000 };
const quick = { callMs: 50 };
const admin: Actor = { ...agent, role: 'ADMIN' };
let desk: Desk;
let kim: string;

beforeAll(async () => {
  desk = await openDesk({}, { QUIET_HOURS: 'true' });
  kim = discordPerson(desk.sim, 'kim').id;
  const actor: Actor = { ...agent, key: `staff|discord|${kim}`, id: kim, origin: 'discord' };
  await changeAgent(desk.ctx, actor, { on_call: true });
});
afterAll(() => desk.end());
afterEach(() => desk.stopBots());

/** Nobody works at this hour, but in two days. */
function closeDesk() {
  const day = (new Date().getUTCDay() + 1) % 7;
  const hours = weekdays.map((name, nth) => [name, nth === day ? [['09:00', '17:00']] : []]);
  const weekly = Object.fromEntries(hours);
  return setCalendar(desk.ctx, admin, { timezone: 'UTC', weekly, holidays: [] });
}
const openDoors = () => setCalendar(desk.ctx, admin, null);

async function open(overrides: object = {}) {
  const ticket = await openTicket(desk.ctx, overrides);
  await say(desk.ctx, ticket.id, 'hello');
  const { id } = await channelOf(desk.sim, ticket.number);
  const said = async () => expect((await textsIn(desk.sim, id)).at(-1)).toContain('hello');
  await eventually(said, patience);
  return { id: ticket.id, number: ticket.number, channelId: id as string };
}

/** The lines of calls in a channel, with whom they ping. */
const calls = async (channelId: string) =>
  (await messagesIn(desk.sim, channelId))
    .filter(({ content }) => /on call|is called/.test(content))
    .map(({ content, mentions }) => [content, ...mentions.map(({ id }) => id)]);
const held = [
  expect.stringMatching(
    /^-# Nobody is called outside the working hours before <t:\d+:f>, unless it becomes urgent\.$/,
  ),
];
const called = () => [`-# <@${kim}> You are on call: a new ticket.`, kim];
const hasCalls = (channelId: string, expected: unknown[]) =>
  eventually(async () => expect(await calls(channelId)).toEqual(expected), patience);

test('outside the working hours nobody is called but by what is urgent, and all when they begin', async () => {
  const { ctx } = desk;
  await closeDesk();
  await desk.bot(quick);
  const [calm, taken, raised, urgent] = [
    await open(),
    await open(),
    await open(),
    await open({ issue_level: 'URGENT' }),
  ];
  expect(await calls(urgent.channelId)).toEqual([called()]);
  for (const { channelId } of [calm, taken, raised]) expect(await calls(channelId)).toEqual([held]);
  await updateTicket(ctx, admin, raised.id, { issue_level: 'CRITICAL' });
  await hasCalls(raised.channelId, [held, called()]);
  await claimTicket(ctx, agent, taken.id);
  // Another bot takes it up where the first has left it.
  await desk.stopBots();
  await desk.bot(quick);
  await openDoors();
  await hasCalls(calm.channelId, [held, called()]);
  await eventually(async () => {
    const mirror = await ctx.db.mirrors.collection.findOne({ _id: oid(taken.id) });
    expect(mirror?.steps).toEqual(expect.not.arrayContaining(['on-call', 'on-call-held']));
  }, patience);
  expect(await calls(taken.channelId)).toEqual([held]);
  const after = await open();
  expect(await calls(after.channelId)).toEqual([called()]);
}, 90_000);

test('a bot killed while it holds a call back, or makes up for it, says either once', async () => {
  for (const point of ['before-post', 'after-post'] as const) {
    await closeDesk();
    // The card's post is the first.
    const first = await botThatDies(desk, point, 2, quick);
    const ticket = await openTicket(desk.ctx);
    await first.died;
    await fault(desk.sim, { kind: 'forget-nonces' });
    await desk.bot(quick);
    const { id } = await channelOf(desk.sim, ticket.number);
    await hasCalls(id, [held]);
    await desk.stopBots();
    await openDoors();
    const second = await botThatDies(desk, point, 1, quick);
    await second.died;
    await fault(desk.sim, { kind: 'forget-nonces' });
    await desk.bot(quick);
    await say(desk.ctx, ticket.id, 'hello');
    const said = async () => expect((await textsIn(desk.sim, id)).at(-1)).toContain('hello');
    await eventually(said, patience);
    expect(await calls(id)).toEqual([held, called()]);
    await desk.stopBots();
  }
}, 120_000);

test('a call that is held back outlives its channel', async () => {
  const { ctx, sim } = desk;
  await closeDesk();
  await desk.bot(quick);
  const [free, taken] = [await open(), await open()];
  await claimTicket(ctx, agent, taken.id);
  const remade = async ({ id, number, channelId }: typeof free) => {
    await discordPerson(sim, 'admin').call('DELETE', `/channels/${channelId}`);
    await say(ctx, id, 'still there?');
    const other = await eventually(async () => {
      const channel = await channelOf(sim, number);
      expect(channel.id).not.toBe(channelId);
      return channel.id as string;
    }, patience);
    await hasCalls(other, [held]);
    return other;
  };
  const again = [await remade(free), await remade(taken)] as const;
  await openDoors();
  await hasCalls(again[0], [held, called()]);
  await eventually(async () => {
    const mirror = await ctx.db.mirrors.collection.findOne({ _id: oid(taken.id) });
    expect(mirror?.steps).toEqual(expect.not.arrayContaining(['on-call', 'on-call-held']));
  }, patience);
  expect(await calls(again[1])).toEqual([held]);
}, 90_000);
