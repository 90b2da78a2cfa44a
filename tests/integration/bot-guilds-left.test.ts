import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import type { RunningSimulator } from '../../simulator/server.ts';
import { oid } from '../../src/domain/log/collections.ts';
import { closeTicket } from '../../src/domain/tickets/close.ts';
import { createTicket } from '../../src/domain/tickets/create.ts';
import { customer, type Desk, openDesk, say, setUpGuild } from '../support/bridge.ts';
import {
  channelOf,
  channelsOf,
  discordPerson,
  fault,
  messagesIn,
  stateOf,
  textsIn,
} from '../support/discord.ts';
import { eventually } from '../support/eventually.ts';
import { commandsKnown, interactionsOf } from '../support/interactions.ts';

const patience = { timeout: 20_000 };
const acme = { ...customer, key: 'acme|ana', partner: 'acme' };

type Other = RunningSimulator['state']['others'][number];

let desk: Desk;
let sim: RunningSimulator;
let one: string;
let left: Other;
let next: Other;

beforeAll(async () => {
  desk = await openDesk({ guilds: 3 }, ({ state }) => ({
    MORE_GUILDS: state.others.map(({ guildId }) => guildId).join(','),
    GUILD_ROUTES: `partner:acme=${state.others[0]?.guildId}`,
  }));
  ({ sim } = desk);
  one = sim.state.guildId;
  left = sim.state.others[0]!;
  next = sim.state.others[1]!;
  await setUpGuild(desk.ctx, left);
  await setUpGuild(desk.ctx, next);
});
afterAll(() => desk.end());
afterEach(() => desk.stopBots());

/** The desk without the guild that it left: its partner's tickets go to another now. */
async function botThatLeft() {
  await desk.stopBots();
  const { config } = desk.ctx;
  const routes = [{ by: 'partner', name: 'acme', guildIds: [next.guildId] }] as const;
  const discord = { ...config.discord, moreGuildIds: [next.guildId], routes } as never;
  return desk.bot({ ctx: { config: { ...config, discord } } });
}

const mirrorOf = (id: string) => desk.ctx.db.mirrors.collection.findOne({ _id: oid(id) });

/** A ticket with its channel in the guild that is left then, and all of it shown. */
async function ticketThere() {
  await desk.bot();
  const details = { topic: 'Crates', description: 'None came.' };
  const { ticket } = await createTicket(desk.ctx, acme, details);
  const channel = await channelOf(sim, ticket.number, left.guildId);
  await say(desk.ctx, ticket.id, 'hello', acme);
  await eventually(async () => expect(await textsIn(sim, channel.id)).toEqual(['**Ana**: hello']));
  return { ...ticket, channel };
}

const places = async (number: number) =>
  Promise.all(
    [one, left.guildId, next.guildId].map(
      async (guildId) => (await channelsOf(sim, number, guildId)).length,
    ),
  );

/** Whether a ticket's transcript, or a word of it, is where a guild keeps them. */
const isToldIn = async (channelId: string, id: string) =>
  JSON.stringify(await messagesIn(sim, channelId)).includes(id);

test('a parked ticket of a guild that the desk has left comes back where its rule says, and in no other', async () => {
  const ticket = await ticketThere();
  await desk.stopBots();
  await desk.ctx.db.mirrors.collection.updateOne(
    { _id: oid(ticket.id) },
    { $set: { parked: { at: 1, told: true }, channel_id: null } },
  );
  await botThatLeft();
  await say(desk.ctx, ticket.id, 'anybody?', acme);
  await eventually(
    async () => expect(await places(ticket.number)).not.toEqual([0, 1, 0]),
    patience,
  );
  expect(await places(ticket.number)).toEqual([0, 1, 1]);
  expect(await mirrorOf(ticket.id)).toMatchObject({ guild_id: next.guildId });
});

test('a ticket with a channel in a guild that the desk has left waits and says why, changes nothing there, and goes on when it is named again', async () => {
  const ticket = await ticketThere();
  await botThatLeft();
  await say(desk.ctx, ticket.id, 'anybody?', acme);
  await eventually(async () => {
    expect((await mirrorOf(ticket.id))?.problem).toContain(`name ${left.guildId} in MORE_GUILDS`);
  });
  // The way there in a list is the way to where it is.
  await commandsKnown(sim);
  const ada = interactionsOf(sim, discordPerson(sim, 'admin'));
  const { content } = await ada.run(sim.state.channels.errors, 'queue');
  expect(content).toContain(`https://discord.com/channels/${left.guildId}/${ticket.channel.id}`);
  const channel = await channelOf(sim, ticket.number, left.guildId);
  expect(channel.permission_overwrites).toEqual(ticket.channel.permission_overwrites);
  const { calls } = await stateOf(sim, '?messages=0');
  const changes = calls.filter(
    ({ method, path }: { method: string; path: string }) =>
      method === 'PATCH' && path.endsWith(`/channels/${ticket.channel.id}`),
  );
  expect(changes).toEqual([]);
  await closeTicket(desk.ctx, acme, ticket.id, { reason: 'thanks' });
  await desk.stopBots();
  await desk.bot();
  await eventually(async () => expect((await mirrorOf(ticket.id))?.state).toBe('done'), patience);
  expect(await places(ticket.number)).toEqual([0, 0, 0]);
  expect(await isToldIn(left.channels.transcripts, ticket.id)).toBe(true);
  expect(await isToldIn(sim.state.channels.transcripts, ticket.id)).toBe(false);
});

test('what is closed, and whose channel went with its guild, has its transcript where its rule says', async () => {
  const ticket = await ticketThere();
  await desk.stopBots();
  await fault(sim, { kind: 'remove-member', guild_id: left.guildId });
  await botThatLeft();
  await closeTicket(desk.ctx, acme, ticket.id, { reason: 'thanks' });
  await eventually(async () => expect((await mirrorOf(ticket.id))?.state).toBe('done'), patience);
  expect(await isToldIn(next.channels.transcripts, ticket.id)).toBe(true);
  expect(await isToldIn(sim.state.channels.transcripts, ticket.id)).toBe(false);
  await fault(sim, { kind: 'add-member', guild_id: left.guildId });
});

test('a channel that went with its guild is made again where its rule says, and in no other', async () => {
  const ticket = await ticketThere();
  await desk.stopBots();
  await fault(sim, { kind: 'remove-member', guild_id: left.guildId });
  await botThatLeft();
  await say(desk.ctx, ticket.id, 'anybody?', acme);
  await eventually(async () => {
    const [first, , other] = await places(ticket.number);
    expect([first, other]).not.toEqual([0, 0]);
  }, patience);
  const [first, , other] = await places(ticket.number);
  expect([first, other]).toEqual([0, 1]);
});
