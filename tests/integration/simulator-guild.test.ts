import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { Client, Events, GatewayIntentBits, Partials, type TextChannel } from 'discord.js';
import { botOf, type Person, personOf } from '../../simulator/person.ts';
import type { RunningSimulator } from '../../simulator/server.ts';
import { clearFaults, fault, startDiscord } from '../support/discord.ts';
import { eventually } from '../support/eventually.ts';

let sim: RunningSimulator;
let client: Client<true>;
let bot: Person;
let kim: Person;
let admin: Person;
let channel: string;
let heard: string[];

const NAMES = [
  Events.GuildUnavailable,
  Events.GuildAvailable,
  Events.GuildDelete,
  Events.GuildCreate,
  Events.MessageCreate,
  Events.MessageReactionAdd,
  Events.MessageReactionRemove,
  Events.ThreadCreate,
  Events.ThreadUpdate,
  Events.ThreadDelete,
  Events.ThreadListSync,
  Events.GuildMemberRemove,
  Events.GuildRoleDelete,
] as const;

beforeAll(async () => {
  sim = await startDiscord();
  bot = botOf(sim);
  kim = personOf(sim, 'kim');
  admin = personOf(sim, 'admin');
});
beforeEach(async () => {
  channel = sim.state.channels.transcripts;
  heard = [];
  const { Guilds, GuildMembers, GuildMessages, GuildMessageReactions } = GatewayIntentBits;
  client = new Client({
    intents: [Guilds, GuildMembers, GuildMessages, GuildMessageReactions],
    partials: [Partials.Message, Partials.Reaction, Partials.User],
    rest: { api: sim.apiUrl, version: '10' },
  });
  const ready = new Promise((resolve) => client.once(Events.ClientReady, resolve));
  await client.login(sim.state.bot.token);
  await ready;
  for (const name of NAMES) client.on(name, () => heard.push(name));
});
afterEach(async () => {
  await client.destroy();
  sim.reset();
});
afterAll(() => sim.close());

function hears(...names: string[]): Promise<void> {
  return eventually(() => expect(heard).toEqual(names));
}

describe('a server out of order', () => {
  test('is unavailable to its members, who hear nothing of it until it is back', async () => {
    await fault(sim, { kind: 'guild-unavailable' });
    await hears('guildUnavailable');
    expect(client.guilds.cache.get(sim.state.guildId)?.available).toBe(false);
    await kim.send(channel, 'lost to the gateway');
    await fault(sim, { kind: 'guild-available' });
    await hears('guildUnavailable', 'guildAvailable');
    expect(client.guilds.cache.get(sim.state.guildId)?.available).toBe(true);
    await kim.send(channel, 'heard');
    await hears('guildUnavailable', 'guildAvailable', 'messageCreate');
    expect((await bot.call('GET', `/channels/${channel}/messages`)).body).toHaveLength(2);
  });

  test('comes back by itself after a time, and with the faults cleared', async () => {
    await fault(sim, { kind: 'guild-unavailable', ms: 30 });
    await hears('guildUnavailable', 'guildAvailable');
    await fault(sim, { kind: 'guild-unavailable' });
    await clearFaults(sim);
    await hears('guildUnavailable', 'guildAvailable', 'guildUnavailable', 'guildAvailable');
  });

  test('is named but not described to those who identify meanwhile', async () => {
    await fault(sim, { kind: 'guild-unavailable' });
    const ear = await kim.listen();
    await kim.send(channel, 'x');
    expect(ear.of('READY')[0].guilds).toEqual([{ id: sim.state.guildId, unavailable: true }]);
    expect(ear.of('GUILD_CREATE')).toHaveLength(0);
    await fault(sim, { kind: 'guild-available' });
    await eventually(() => expect(ear.of('GUILD_CREATE')).toHaveLength(1));
    expect(ear.of('MESSAGE_CREATE')).toHaveLength(0);
    ear.close();
  });
});

describe('a bot that is sent away', () => {
  const { guildId, bot: account } = { guildId: () => sim.state.guildId, bot: () => sim.state.bot };

  test.each([
    ['kicked', 'DELETE', 'members'],
    ['banned', 'PUT', 'bans'],
  ])(
    'and %s loses the server and its role, and may do nothing in it',
    async (_how, method, what) => {
      const path = `/guilds/${guildId()}/${what}/${account().id}`;
      expect((await kim.call(method, path)).body.code).toBe(50013);
      expect((await admin.call(method, path)).status).toBe(204);
      await eventually(() => expect(heard).toContain('guildDelete'));
      expect(client.guilds.cache.size).toBe(0);
      expect((await bot.send(channel, 'x')).body.code).toBe(50001);
      expect((await bot.call('GET', `/guilds/${guildId()}/channels`)).body.code).toBe(50001);
      expect(sim.world().roles.has(sim.state.roles.bot)).toBe(false);
    },
  );

  test('is told of the server again when it is invited back, with a new role', async () => {
    const before = sim.state.roles.bot;
    await fault(sim, { kind: 'remove-member' });
    await eventually(() => expect(heard).toContain('guildDelete'));
    await fault(sim, { kind: 'add-member' });
    await eventually(() => expect(heard).toContain('guildCreate'));
    const { body } = await bot.call('GET', `/guilds/${guildId()}/members/${account().id}`);
    expect(body.roles).toHaveLength(1);
    expect(body.roles).not.toContain(before);
    const open = { name: 'open' };
    expect((await bot.call('POST', `/guilds/${guildId()}/channels`, open)).status).toBe(201);
  });

  test('may leave by itself, and comes back from a ban only once it is lifted', async () => {
    expect((await bot.call('DELETE', `/users/@me/guilds/${guildId()}`)).status).toBe(204);
    await eventually(() => expect(heard).toContain('guildDelete'));
    const path = `/guilds/${guildId()}/bans/${account().id}`;
    expect((await admin.call('PUT', path)).status).toBe(204);
    await expect(fault(sim, { kind: 'add-member' })).rejects.toThrow('40007');
    expect((await admin.call('DELETE', path)).status).toBe(204);
    await fault(sim, { kind: 'add-member' });
    await eventually(() => expect(heard).toContain('guildCreate'));
  });
});

test('somebody of the staff who leaves is told to those who asked for members', async () => {
  await fault(sim, { kind: 'remove-member', who: sim.state.people.robin.id });
  await hears('guildMemberRemove');
  expect((await personOf(sim, 'robin').send(channel, 'x')).body.code).toBe(50001);
});

test('reactions are told as they come and go', async () => {
  const { body: sent } = await bot.send(channel, 'x');
  await kim.react(sent, '👍');
  const path = `/channels/${channel}/messages/${sent.id}/reactions`;
  await kim.call('DELETE', `${path}/${encodeURIComponent('👍')}/@me`);
  await hears('messageCreate', 'messageReactionAdd', 'messageReactionRemove');
});

describe('threads', () => {
  async function start(): Promise<string> {
    const body = { name: 'Aside', type: 11 };
    return (await kim.call('POST', `/channels/${channel}/threads`, body)).body.id;
  }

  test('are told as they are made, archived by time, woken by a message and deleted', async () => {
    const id = await start();
    await hears('threadCreate');
    await fault(sim, { kind: 'archive-threads', channel_id: channel });
    await hears('threadCreate', 'threadUpdate');
    const thread = (client.channels.cache.get(channel) as TextChannel).threads.cache.get(id);
    expect(thread?.archived).toBe(true);
    expect((await kim.send(id, 'awake')).status).toBe(200);
    await eventually(() => expect(thread?.archived).toBe(false));
    await admin.call('DELETE', `/channels/${id}`);
    await eventually(() => expect(heard.at(-1)).toBe('threadDelete'));
  });

  test('of a channel that was hidden are told at once when it is shown', async () => {
    await start();
    await hears('threadCreate');
    const path = `/channels/${channel}/permissions/${sim.state.bot.id}`;
    await admin.call('PUT', path, { type: 1, deny: '1024' });
    await admin.call('DELETE', path);
    await eventually(() => expect(heard).toContain('threadListSync'));
  });

  test('take in others by those alone who may write in them, who then hear of a private one', async () => {
    const body = { name: 'Quiet', type: 12 };
    const { body: thread } = await bot.call('POST', `/channels/${channel}/threads`, body);
    const { kim: person, robin } = sim.state.people;
    const ear = await kim.listen();
    const add = (id: string) => `/channels/${thread.id}/thread-members/${id}`;
    expect((await bot.call('PUT', add(person.id))).status).toBe(204);
    await eventually(() => expect(ear.of('THREAD_CREATE')).toMatchObject([{ id: thread.id }]));
    const deny = { type: 1, deny: (1n << 38n).toString() };
    await admin.call('PUT', `/channels/${channel}/permissions/${person.id}`, deny);
    expect((await kim.call('PUT', add(robin.id))).body.code).toBe(50013);
    ear.close();
  });

  test('that are archived refuse edits and reactions', async () => {
    const id = await start();
    const { body: said } = await kim.send(id, 'x');
    await fault(sim, { kind: 'archive-threads', channel_id: id });
    expect((await kim.edit(said, 'y')).body.code).toBe(50083);
    expect((await kim.react(said, '👍')).body.code).toBe(50083);
  });
});
