import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import type { Bridge } from '../../bot/bridge.ts';
import type { TicketContext } from '../../bot/commands/command.ts';
import { inTicketTurn } from '../../bot/commands/ticket-turn.ts';
import { createTickets } from '../../bot/mirrored-tickets.ts';
import { MOST_ALERTED, toggleAlert } from '../../bot/outbound/alerts/alerts.ts';
import { oid } from '../../src/domain/log/collections.ts';
import { claimTicket } from '../../src/domain/tickets/assign.ts';
import { createTicket } from '../../src/domain/tickets/create.ts';
import { agent, type Desk, openDesk, openTicket, say } from '../support/bridge.ts';
import { channelOf, discordPerson, fault, messagesIn, textsIn } from '../support/discord.ts';
import { botThatDies } from '../support/dying-bot.ts';
import { eventually } from '../support/eventually.ts';
import { commandsKnown, interactionsOf } from '../support/interactions.ts';

const patience = { timeout: 30_000 };
let desk: Desk;
let kim: ReturnType<typeof interactionsOf>;
let robin: ReturnType<typeof interactionsOf>;
let ids: Record<'kim' | 'robin', string>;

beforeAll(async () => {
  desk = await openDesk();
  kim = interactionsOf(desk.sim, discordPerson(desk.sim, 'kim'));
  robin = interactionsOf(desk.sim, discordPerson(desk.sim, 'robin'));
  ids = { kim: discordPerson(desk.sim, 'kim').id, robin: discordPerson(desk.sim, 'robin').id };
  await desk.bot();
  await commandsKnown(desk.sim);
});
afterAll(() => desk.end());
afterEach(() => desk.stopBots());

async function open() {
  const { id, number } = await openTicket(desk.ctx);
  return { id, channelId: (await channelOf(desk.sim, number)).id as string };
}

/** Says something to staff, and waits until it stands in the channel. */
async function write(
  ticket: { id: string; channelId: string },
  text: string,
  who = undefined as typeof agent | undefined,
) {
  await say(desk.ctx, ticket.id, text, who);
  const said = async () =>
    expect((await textsIn(desk.sim, ticket.channelId)).join('\n')).toContain(text);
  await eventually(said, patience);
}

/** The lines that name somebody, with whom they ping. */
const alerts = async (channelId: string) =>
  (await messagesIn(desk.sim, channelId))
    .filter(({ content }) => content.includes('has written'))
    .map(({ content, mentions }) => [content, ...mentions.map(({ id }) => id)]);
const line = (...who: (keyof typeof ids)[]) => {
  const people = who.map((name) => ids[name]);
  return [`-# ${people.map((id) => `<@${id}>`).join(' ')} the customer has written.`, ...people];
};
const hasAlerts = (channelId: string, expected: unknown[]) =>
  eventually(async () => expect(await alerts(channelId)).toEqual(expected), patience);

test('whoever asked is named with the next message of the customer, once, whoever has the ticket', async () => {
  await desk.bot();
  const ticket = await open();
  const { channelId } = ticket;
  await write(ticket, 'before anybody asked');
  for (const one of [kim, robin]) {
    expect((await one.run(channelId, 'alert')).content).toContain('You are named here');
  }
  await write(ticket, 'staff say this', agent);
  await claimTicket(desk.ctx, agent, ticket.id);
  await desk.stopBots();
  await desk.bot();
  await write(ticket, 'the first after it');
  await hasAlerts(channelId, [line('kim', 'robin')]);
  await write(ticket, 'the second after it');
  // On, off, and on for one of two.
  await kim.run(channelId, 'alert');
  await robin.run(channelId, 'alert');
  expect((await kim.run(channelId, 'alert')).content).toContain('You are not named');
  await write(ticket, 'the third');
  await hasAlerts(channelId, [line('kim', 'robin'), line('robin')]);
  await write(ticket, 'the fourth');
  await write(ticket, 'the end', agent);
  expect(await alerts(channelId)).toEqual([line('kim', 'robin'), line('robin')]);
}, 90_000);

test('a colleague who has opened a ticket is its customer', async () => {
  await desk.bot();
  const body = { topic: 'My laptop', description: 'It does not start.' };
  const { id, number } = (await createTicket(desk.ctx, agent, body)).ticket;
  const channelId = (await channelOf(desk.sim, number)).id as string;
  await kim.run(channelId, 'alert');
  await write({ id, channelId }, 'Another one asks', { ...agent, key: 'sue', id: 'sue' });
  expect(await alerts(channelId)).toEqual([]);
  await write({ id, channelId }, 'It is the battery', agent);
  await hasAlerts(channelId, [line('kim')]);
}, 60_000);

test('a bot killed between the message and the line that names them says both once', async () => {
  for (const [point, nth] of [
    ['after-post', 1],
    ['after-record', 1],
    ['before-post', 2],
    ['after-post', 2],
    ['after-record', 2],
  ] as const) {
    await desk.bot();
    const ticket = await open();
    await kim.run(ticket.channelId, 'alert');
    await desk.stopBots();
    const { died } = await botThatDies(desk, point, nth);
    await say(desk.ctx, ticket.id, 'hello');
    await died;
    await fault(desk.sim, { kind: 'forget-nonces' });
    await desk.bot();
    await write(ticket, 'once more');
    await hasAlerts(ticket.channelId, [line('kim')]);
    expect(await textsIn(desk.sim, ticket.channelId)).toEqual([
      '**Ana**: hello',
      line('kim')[0],
      '**Ana**: once more',
    ]);
    await desk.stopBots();
  }
}, 120_000);

test('a ticket that a bot has not loaded yet takes it, too', async () => {
  await desk.bot();
  const { id } = await open();
  await desk.stopBots();
  const mirrors = desk.ctx.db.mirrors.collection;
  const epoch = (await mirrors.findOne({ _id: oid(id) }))?.epoch;
  const tickets = createTickets(desk.ctx, epoch, 0);
  await tickets.loadChannels();
  expect(tickets.known(id)).toBeUndefined();
  const bridge = { tickets } as Bridge;
  const asked = { bridge, ticketId: id } as TicketContext;
  const is = await inTicketTurn(asked, (ticket) => toggleAlert(bridge, ticket, ids.kim));
  expect(is).toBe(true);
  const alerts = [{ id: ids.kim, after: expect.any(Number) }];
  expect(await mirrors.findOne({ _id: oid(id) })).toMatchObject({ alerts });
});

test(`at most ${MOST_ALERTED} wait for the next message, and whoever does may take it back`, async () => {
  await desk.bot();
  const ticket = await open();
  const { id, channelId } = ticket;
  await desk.stopBots();
  const others = Array.from({ length: MOST_ALERTED - 1 }, (_, n) => ({ id: `${n}`, after: 0 }));
  const waiting = [...others, { id: ids.kim, after: 0 }];
  const mirrors = desk.ctx.db.mirrors.collection;
  await mirrors.updateOne({ _id: oid(id) }, { $set: { alerts: waiting } });
  await desk.bot();
  await write(ticket, 'the bot is back', agent);
  const refused = await robin.run(channelId, 'alert');
  expect(refused.content).toContain(`${MOST_ALERTED} people wait for it here already`);
  expect((await mirrors.findOne({ _id: oid(id) }))?.alerts).toEqual(waiting);
  expect((await kim.run(channelId, 'alert')).content).toContain('You are not named');
  expect((await robin.run(channelId, 'alert')).content).toContain('You are named here');
  const now = (await mirrors.findOne({ _id: oid(id) }))?.alerts;
  expect(now).toEqual([...others, { id: ids.robin, after: expect.any(Number) }]);
}, 60_000);
