import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { ON_CALL_MAX } from '../../src/contract/agents.ts';
import type { Actor } from '../../src/domain/access/actor.ts';
import { changeAgent } from '../../src/domain/agents/agents.ts';
import { createLinkCode, redeemLinkCode } from '../../src/domain/agents/link.ts';
import { slaWork } from '../../src/domain/sla/watch.ts';
import { closeTicket } from '../../src/domain/tickets/close.ts';
import { reopenTicket } from '../../src/domain/tickets/status.ts';
import { agent, customer, type Desk, openDesk, openTicket, say } from '../support/bridge.ts';
import { channelOf, channelsOf, discordPerson, messagesIn, textsIn } from '../support/discord.ts';
import { botThatDies } from '../support/dying-bot.ts';
import { eventually } from '../support/eventually.ts';
import { commandsKnown, interactionsOf } from '../support/interactions.ts';
import { laterBy } from '../support/uploads.ts';

const HOUR = 3_600_000;
const NEW = 'You are on call: a new ticket.';
const AGAIN = 'You are on call: this ticket is open again.';
let desk: Desk;
let kim: ReturnType<typeof interactionsOf>;
let robin: ReturnType<typeof interactionsOf>;
let ids: Record<'kim' | 'robin', string>;
let nowhere: string;

beforeAll(async () => {
  desk = await openDesk();
  kim = interactionsOf(desk.sim, discordPerson(desk.sim, 'kim'));
  robin = interactionsOf(desk.sim, discordPerson(desk.sim, 'robin'));
  ids = { kim: discordPerson(desk.sim, 'kim').id, robin: discordPerson(desk.sim, 'robin').id };
  nowhere = desk.sim.state.channels.transcripts;
});
afterAll(() => desk.end());
afterEach(async () => {
  await desk.ctx.db.connection.db?.collection('agents').deleteMany({});
  await desk.stopBots();
});

const kimOf = (): Actor => ({
  ...agent,
  key: `staff|discord|${ids.kim}`,
  id: ids.kim,
  origin: 'discord',
});
const people = (...who: (keyof typeof ids)[]) => who.map((name) => `<@${ids[name]}>`).join(' ');

/** Who was named in a ticket's channel, in order, by the text and by what it really pings. */
async function calls(channelId: string) {
  const found = (await messagesIn(desk.sim, channelId)).filter(({ content }) =>
    /<@\d|on call/.test(content),
  );
  return found.map(({ content, mentions }) => [content, mentions.map(({ id }) => id).sort()]);
}

/** Opens a ticket, and waits until a message of its customer's stands in its channel. */
async function open() {
  const ticket = await openTicket(desk.ctx);
  await say(desk.ctx, ticket.id, 'hello');
  const { id } = await channelOf(desk.sim, ticket.number);
  const said = async () => expect((await textsIn(desk.sim, id)).at(-1)).toContain('hello');
  await eventually(said, { timeout: 30_000 });
  return { ticket, channelId: id as string };
}

test('who is on call is named once by every new ticket that they fit, and nobody else is', async () => {
  const bot = await desk.bot();
  await commandsKnown(desk.sim);
  const before = await open();
  expect((await kim.run(nowhere, 'on-call')).content).toBe('Nobody is on call.');
  expect((await kim.run(nowhere, 'on-call', { on: true })).content).toContain('You are on call');
  expect((await robin.run(nowhere, 'on-call')).content).toBe('On call: Kim.');
  const { ticket, channelId } = await open();
  expect(await calls(channelId)).toEqual([[`-# ${people('kim')} ${NEW}`, [ids.kim]]]);
  expect(await calls(before.channelId)).toEqual([]);
  // Somebody who is away, and another bot, change nothing of what has been said.
  await robin.run(nowhere, 'on-call', { on: true });
  await robin.run(nowhere, 'away', { away: true });
  await bot.stop();
  await desk.bot();
  const next = await open();
  expect(await calls(next.channelId)).toEqual([[`-# ${people('kim')} ${NEW}`, [ids.kim]]]);
  expect(await calls(channelId)).toHaveLength(1);
  await kim.run(nowhere, 'on-call', { on: false });
  const last = await open();
  expect(await calls(last.channelId)).toEqual([]);
  // Opened again, it calls whoever is on call then.
  await robin.run(nowhere, 'away', { away: false });
  await closeTicket(desk.ctx, agent, ticket.id, {});
  const gone = async () => expect(await channelsOf(desk.sim, ticket.number)).toEqual([]);
  await eventually(gone, { timeout: 30_000 });
  await reopenTicket(desk.ctx, agent, ticket.id, undefined);
  const again = await channelOf(desk.sim, ticket.number);
  const expected = [[`-# ${people('robin')} ${AGAIN}`, [ids.robin]]];
  await eventually(async () => expect(await calls(again.id)).toEqual(expected), {
    timeout: 30_000,
  });
}, 120_000);

test('a bot that is killed before it has written down that it called calls nobody twice', async () => {
  await changeAgent(desk.ctx, kimOf(), { on_call: true });
  for (const name of ['after-post', 'before-post'] as const) {
    // The card's post is the first.
    const { died } = await botThatDies(desk, name, 2);
    const ticket = await openTicket(desk.ctx);
    await died;
    await desk.bot();
    await say(desk.ctx, ticket.id, 'hello');
    const { id } = await channelOf(desk.sim, ticket.number);
    const said = async () => expect((await textsIn(desk.sim, id)).at(-1)).toContain('hello');
    await eventually(said, { timeout: 30_000 });
    expect(await calls(id)).toEqual([[`-# ${people('kim')} ${NEW}`, [ids.kim]]]);
    await desk.stopBots();
  }
}, 120_000);

test('an overdue ticket names those on call who fit the role that it calls', async () => {
  await desk.bot();
  const { ticket, channelId } = await open();
  await changeAgent(desk.ctx, kimOf(), { on_call: true, skills: ['TECHNICAL'] });
  const { signal } = new AbortController();
  await slaWork.sla?.run(laterBy(desk.ctx, 8 * HOUR), { key: ticket.id } as never, signal);
  const role = desk.config.discord?.roles.TECHNICAL;
  const text = `-# <@&${role}> ${people('kim')} The first answer of this ticket is overdue.`;
  await eventually(async () => expect(await calls(channelId)).toEqual([[text, [ids.kim]]]), {
    timeout: 30_000,
  });
});

test(`at most ${ON_CALL_MAX} are on call, and whoever is one of them may say so again`, async () => {
  const person = (n: number): Actor => ({ ...agent, key: `staff||agent${n}`, id: `agent${n}` });
  for (let n = 1; n <= ON_CALL_MAX; n++) {
    await changeAgent(desk.ctx, person(n), { on_call: true });
  }
  const next = person(ON_CALL_MAX + 1);
  await expect(changeAgent(desk.ctx, next, { on_call: true })).rejects.toMatchObject({
    code: 'CONFLICT',
  });
  expect(await changeAgent(desk.ctx, person(1), { on_call: true })).toMatchObject({
    on_call: true,
  });
  await changeAgent(desk.ctx, person(2), { on_call: false });
  expect(await changeAgent(desk.ctx, next, { on_call: true })).toMatchObject({ on_call: true });
  await expect(changeAgent(desk.ctx, customer, { on_call: true })).rejects.toMatchObject({
    code: 'FORBIDDEN',
  });
});

test('of several at once for the last place one gets it', async () => {
  const person = (n: number): Actor => ({ ...agent, key: `staff||late${n}`, id: `late${n}` });
  await desk.ctx.db.agents.collection.updateMany({}, { $set: { on_call: false } });
  for (let n = 1; n < ON_CALL_MAX; n++) await changeAgent(desk.ctx, person(n), { on_call: true });
  const other = await desk.another();
  const late = Array.from({ length: 8 }, (_, n) => person(ON_CALL_MAX + n));
  for (const one of late) await changeAgent(desk.ctx, one, { away: false });
  const tries = late.map((one, n) =>
    changeAgent((n % 2 ? other : desk).ctx, one, { on_call: true }),
  );
  const ends = await Promise.allSettled(tries);
  expect(ends.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
});

test('/on-call and /away leave what Discord says somebody is fit for', async () => {
  await desk.bot();
  await commandsKnown(desk.sim);
  // The bot hears of commands from here on.
  await open();
  const person = discordPerson(desk.sim, 'developer');
  const command = interactionsOf(desk.sim, person);
  const fitFor = async () => {
    const row = await desk.ctx.db.agents.collection.findOne({ 'discord.id': person.id });
    return row?.discord.skills;
  };
  await command.run(nowhere, 'agents');
  await eventually(async () => expect(await fitFor()).toEqual(['TECHNICAL']));
  await command.run(nowhere, 'on-call', { on: true });
  expect(await fitFor()).toEqual(['TECHNICAL']);
  await command.run(nowhere, 'away', { away: true });
  expect(await fitFor()).toEqual(['TECHNICAL']);
});

test('who is on call in Discord still is once joined with their web identity', async () => {
  await changeAgent(desk.ctx, kimOf(), { on_call: true });
  const { code } = await createLinkCode(desk.ctx, agent);
  await redeemLinkCode(desk.ctx, kimOf(), code, []);
  expect(await changeAgent(desk.ctx, agent, { away: false })).toMatchObject({ on_call: true });
});
