import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { Client, Events, GatewayIntentBits } from 'discord.js';
import { botOf, type Person, personOf } from '../../simulator/person.ts';
import type { RunningSimulator } from '../../simulator/server.ts';
import { clearFaults, fault, startDiscord, stateOf } from '../support/discord.ts';
import { eventually } from '../support/eventually.ts';

let sim: RunningSimulator;
let client: Client<true>;
let bot: Person;
let kim: Person;
let first: string;
let second: RunningSimulator['state']['others'][number];

beforeAll(async () => {
  sim = await startDiscord({ guilds: 2 });
  bot = botOf(sim);
  kim = personOf(sim, 'kim');
  first = sim.state.guildId;
  second = sim.state.others[0]!;
});
beforeEach(async () => {
  const { Guilds, GuildMessages } = GatewayIntentBits;
  client = new Client({
    intents: [Guilds, GuildMessages],
    rest: { api: sim.apiUrl, version: '10' },
  });
  const ready = new Promise((resolve) => client.once(Events.ClientReady, resolve));
  await client.login(sim.state.bot.token);
  await ready;
});
afterEach(async () => {
  await client.destroy();
  await clearFaults(sim);
  sim.reset();
});
afterAll(() => sim.close());

test('a bot in two servers is told of both, each with channels and roles of its own', async () => {
  expect([...client.guilds.cache.keys()].sort()).toEqual([first, second.guildId].sort());
  const guild = client.guilds.cache.get(second.guildId);
  expect(guild?.name).toBe('Deskcord Support 2');
  expect([...(guild?.channels.cache.keys() ?? [])].sort()).toEqual(
    Object.values(second.channels).sort(),
  );
  expect([...(guild?.roles.cache.keys() ?? [])].sort()).toEqual(Object.values(second.roles).sort());
  const { body } = await bot.call('GET', '/users/@me/guilds');
  expect(body.map(({ id }: { id: string }) => id)).toEqual([first, second.guildId]);
});

test('each server has room of its own for channels, and categories of the other are none of its own', async () => {
  await fault(sim, { kind: 'set', settings: { channelsPerGuild: 6 } });
  const make = (guildId: string, more = {}) =>
    bot.call('POST', `/guilds/${guildId}/channels`, { name: 'one', ...more });
  expect((await make(first)).status).toBe(201);
  expect((await make(first)).body.code).toBe(30013);
  const made = await make(second.guildId);
  expect([made.status, made.body.guild_id]).toEqual([201, second.guildId]);
  await clearFaults(sim);
  expect((await make(first, { parent_id: second.channels.normal })).body.code).toBe(50035);
  const listed = await bot.call('GET', `/guilds/${second.guildId}/channels`);
  expect(listed.body).toHaveLength(6);
  expect((await stateOf(sim, `?guild=${second.guildId}`)).channels).toHaveLength(6);
});

test('what is said in a server is an event of that server, and a command is registered in one alone', async () => {
  const heard: (string | null)[] = [];
  client.on(Events.MessageCreate, ({ guildId }) => heard.push(guildId));
  await kim.send(second.channels.errors, 'here');
  await eventually(() => expect(heard).toEqual([second.guildId]));
  const route = (guildId: string) => `/applications/${sim.state.bot.id}/guilds/${guildId}/commands`;
  await bot.call('PUT', route(second.guildId), [{ name: 'hello', description: 'Says so' }]);
  expect((await bot.call('GET', route(first))).body).toEqual([]);
  const used = new Promise((resolve) => {
    client.on(Events.InteractionCreate, ({ guildId }) => resolve(guildId));
  });
  expect((await kim.command(sim.state.channels.errors, 'hello')).status).toBe(404);
  expect((await kim.command(second.channels.errors, 'hello')).status).toBe(204);
  expect(await used).toBe(second.guildId);
});

test('removed from one server, the bot is still in the other; out of order is one alone, too', async () => {
  const left: string[] = [];
  client.on(Events.GuildDelete, ({ id }) => left.push(id));
  await fault(sim, { kind: 'remove-member', guild_id: second.guildId });
  await eventually(() => expect(left).toEqual([second.guildId]));
  expect((await bot.call('GET', `/channels/${second.channels.errors}`)).body.code).toBe(50001);
  expect((await bot.call('GET', `/channels/${sim.state.channels.errors}`)).status).toBe(200);
  await fault(sim, { kind: 'guild-unavailable', guild_id: first });
  await eventually(() => expect(client.guilds.cache.get(first)?.available).toBe(false));
  await fault(sim, { kind: 'add-member', guild_id: second.guildId });
  await eventually(() => expect(client.guilds.cache.get(second.guildId)?.available).toBe(true));
});
