import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { deleteTicket } from '../../src/domain/erasure/delete-ticket.ts';
import { openPractice } from '../../src/domain/practice/practice.ts';
import { isPractice } from '../../src/domain/practice/practice-key.ts';
import { slaWork } from '../../src/domain/sla/watch.ts';
import { closeTicket } from '../../src/domain/tickets/close.ts';
import { getTicket } from '../../src/domain/tickets/read.ts';
import { startWorker } from '../../src/worker-role.ts';
import { agent, customer, type Desk, openDesk, openTicket } from '../support/bridge.ts';
import { channelOf, discordPerson, marksOn, messagesIn, textsIn } from '../support/discord.ts';
import { eventually } from '../support/eventually.ts';
import { commandsKnown, interactionsOf } from '../support/interactions.ts';
import { laterBy } from '../support/uploads.ts';

const patience = { timeout: 30_000 };
const HOUR = 3_600_000;
let desk: Desk;
let worker: ReturnType<typeof startWorker>;
let person: ReturnType<typeof discordPerson>;
let kim: ReturnType<typeof interactionsOf>;
let nowhere: string;

beforeAll(async () => {
  desk = await openDesk({}, { AUTO_ASSIGN: 'least_loaded' });
  worker = startWorker(desk.ctx);
  await desk.bot();
  person = discordPerson(desk.sim, 'kim');
  kim = interactionsOf(desk.sim, person);
  nowhere = desk.sim.state.channels.transcripts;
  await commandsKnown(desk.sim);
});
afterAll(async () => {
  await worker.stop();
  await desk.end();
});

const ofPat = async (channelId: string) =>
  (await textsIn(desk.sim, channelId)).filter((text) => text.startsWith('**Pat (practice)**'));

test('a ticket for practice has a customer who reads and answers, and is closed like any other', async () => {
  const told = await kim.run(nowhere, 'practice');
  const channelId = /<#(\d+)>/.exec(told.content)?.[1] as string;
  expect(channelId).toBeDefined();
  const again = await kim.run(nowhere, 'practice');
  expect(again.content).toContain(`You have one open already: <#${channelId}>`);
  await person.write(channelId, '// a note alone is answered by nobody');
  for (const [nth, wanted] of ['in a depot', 'The order is 1042', 'can be closed'].entries()) {
    const { id } = await person.write(channelId, `Hello ${nth}`);
    await eventually(async () => {
      expect(await ofPat(channelId)).toHaveLength(nth + 1);
      expect(await marksOn(desk.sim, channelId, id)).toEqual(['✅', '👁️']);
    }, patience);
    expect((await ofPat(channelId)).at(-1)).toContain(wanted);
  }
  // Nothing is left to say, however much is written.
  const { id } = await person.write(channelId, 'Anything else?');
  await eventually(
    async () => expect(await marksOn(desk.sim, channelId, id)).toEqual(['✅', '👁️']),
    patience,
  );
  expect(await ofPat(channelId)).toHaveLength(3);
  await kim.run(channelId, 'close', { reason: 'practised' });
  const isGone = async () => expect(await messagesIn(desk.sim, channelId)).toEqual([]);
  await eventually(isGone, { timeout: 60_000 });
}, 120_000);

test('nobody is warned, called or given it, and no number counts it', async () => {
  const ticket = await openPractice(desk.ctx, agent);
  expect(await openPractice(desk.ctx, agent)).toEqual({ ...ticket, isNew: false });
  const real = await openTicket(desk.ctx, { topic: 'Real' });
  const { signal } = new AbortController();
  const late = laterBy(desk.ctx, 100 * HOUR);
  for (const { id } of [ticket, real]) await slaWork.sla?.run(late, { key: id } as never, signal);
  const channel = await channelOf(desk.sim, real.number);
  const called = async (id: string) =>
    (await textsIn(desk.sim, id)).filter((text) => text.includes('<@&'));
  await eventually(async () => expect(await called(channel.id)).toHaveLength(1), patience);
  const practised = await channelOf(desk.sim, ticket.number);
  expect(await called(practised.id)).toEqual([]);
  const owners = (await desk.ctx.db.tickets.find().lean()).map(({ owner }) => owner);
  expect(owners.some(isPractice)).toBe(true);
  await eventually(async () => {
    const days = await desk.ctx.db.statistics.find().lean();
    const counted = days.reduce((sum, { count }) => sum + count, 0);
    expect(counted).toBe(owners.filter((owner) => !isPractice(owner)).length);
  }, patience);
  expect(await getTicket(desk.ctx, customer, real.id)).toBeDefined();
  await expect(getTicket(desk.ctx, customer, ticket.id)).rejects.toMatchObject({
    code: 'NOT_FOUND',
  });
  await expect(openPractice(desk.ctx, customer)).rejects.toMatchObject({ code: 'FORBIDDEN' });
}, 60_000);

test('another one is opened where an earlier one was deleted', async () => {
  const admin = { ...agent, role: 'ADMIN' as const };
  const who = { ...agent, key: 'staff||practised', id: 'practised' };
  const used: string[] = [];
  for (let nth = 0; nth < 3; nth++) {
    const { id } = await openPractice(desk.ctx, who);
    await closeTicket(desk.ctx, admin, id, {});
    used.push(id);
  }
  await deleteTicket(desk.ctx, admin, used[0] as string);
  const two = await Promise.all([openPractice(desk.ctx, who), openPractice(desk.ctx, who)]);
  expect(new Set(two.map(({ id }) => id)).size).toBe(1);
  expect(await getTicket(desk.ctx, admin, two[0].id)).toMatchObject({ status: 'OPEN' });
});
