import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { type Answer, botOf, type Person, personOf } from '../../simulator/person.ts';
import type { RunningSimulator } from '../../simulator/server.ts';
import { fault, startDiscord } from '../support/discord.ts';

let sim: RunningSimulator;
let bot: Person;
let kim: Person;
let channel: string;

beforeAll(async () => {
  sim = await startDiscord();
  bot = botOf(sim);
  kim = personOf(sim, 'kim');
});
beforeEach(async () => {
  channel = (await create({ name: 'room' })).body.id;
});
afterEach(() => sim.reset());
afterAll(() => sim.close());

function create(body: Record<string, unknown>): Promise<Answer> {
  return bot.call('POST', `/guilds/${sim.state.guildId}/channels`, body);
}

function set(settings: Record<string, unknown>): Promise<void> {
  return fault(sim, { kind: 'set', settings });
}

const outcome = ({ status, body }: Answer) => [status, body?.code];

describe('the filter of harmful links', () => {
  beforeEach(() => set({ harmfulLinks: ['bad\\.example'] }));

  test.each([
    ['a text', { content: 'https://BAD.example/x' }],
    ['an embed', { embeds: [{ description: 'see bad.example' }] }],
    ['an embed’s field', { embeds: [{ fields: [{ name: 'n', value: 'bad.example' }] }] }],
  ])('refuses %s', async (_what, body) => {
    expect(outcome(await bot.send(channel, body))).toEqual([400, 240000]);
    expect(sim.world().log(channel).size).toBe(0);
  });

  test('refuses edits, which then change nothing, and lets other edits through', async () => {
    const { body: sent } = await bot.send(channel, 'one');
    expect(outcome(await bot.edit(sent, 'bad.example'))).toEqual([400, 240000]);
    expect(outcome(await bot.edit(sent, { embeds: [{ title: 'bad.example' }] }))[1]).toBe(240000);
    expect(sim.world().log(channel).get(sent.id)).toMatchObject({ content: 'one', embeds: [] });
    expect((await bot.edit(sent, 'two')).status).toBe(200);
  });

  test('refuses topics and names, of webhooks’ messages too', async () => {
    const topic = await bot.call('PATCH', `/channels/${channel}`, { topic: 'bad.example' });
    expect(outcome(topic)).toEqual([400, 240000]);
    expect(outcome(await create({ name: 'x', topic: 'bad.example' }))).toEqual([400, 240000]);
    const { id, token } = sim.state.errorsWebhook;
    const hooked = await bot.call('POST', `/webhooks/${id}/${token}`, { content: 'bad.example' });
    expect(outcome(hooked)).toEqual([400, 240000]);
  });
});

describe('AutoMod', () => {
  beforeEach(() => set({ autoMod: ['\\bdarn\\b'] }));

  test('blocks messages and edits with 200000, titles of threads with 200001', async () => {
    expect(outcome(await bot.send(channel, 'darn it'))).toEqual([400, 200000]);
    expect(outcome(await kim.send(channel, 'darn it'))).toEqual([400, 200000]);
    const { body: sent } = await bot.send(channel, 'fine');
    expect(outcome(await bot.edit(sent, 'darn'))).toEqual([400, 200000]);
    const thread = { name: 'Darn', type: 11 };
    const started = await bot.call('POST', `/channels/${channel}/threads`, thread);
    expect(outcome(started)).toEqual([400, 200001]);
  });

  test('passes over those who manage the server, webhooks, and bots when told to', async () => {
    expect((await personOf(sim, 'admin').send(channel, 'darn')).status).toBe(200);
    const { id, token } = sim.state.errorsWebhook;
    const hooked = await bot.call('POST', `/webhooks/${id}/${token}`, { content: 'darn' });
    expect(hooked.status).toBe(204);
    await set({ autoModBots: false });
    expect((await bot.send(channel, 'darn')).status).toBe(200);
  });
});

describe('a channel', () => {
  test('is refused for its name, though another name would do', async () => {
    await set({ refusedNames: ['^secret'] });
    const { status, body } = await create({ name: 'secret plans' });
    expect([status, body.code, Object.keys(body.errors)]).toEqual([400, 50035, ['name']]);
    const renamed = await bot.call('PATCH', `/channels/${channel}`, { name: 'secret' });
    expect(Object.keys(renamed.body.errors)).toEqual(['name']);
    expect((await create({ name: 'plans' })).status).toBe(201);
  });

  test.each([
    ['refuse', [400, 50035]],
    ['unknown-role', [404, 10011]],
  ])('naming an unknown role is answered as set: %s', async (unknownOverwrite, wanted) => {
    await set({ unknownOverwrite });
    const permission_overwrites = [{ id: '123456789012345678', type: 0, deny: '1024' }];
    expect(outcome(await create({ name: 'x', permission_overwrites }))).toEqual(wanted);
  });

  test.each([
    ['drop', 0],
    ['keep', 1],
  ])('naming an unknown role is made, where the settings say %s', async (unknownOverwrite, n) => {
    await set({ unknownOverwrite });
    const permission_overwrites = [{ id: '123456789012345678', type: 0, deny: '1024' }];
    const { status, body } = await create({ name: 'x', permission_overwrites });
    expect([status, body.permission_overwrites.length]).toEqual([201, n]);
  });

  test('finds no place in a category that was deleted, and none in one it may not manage', async () => {
    const { normal, urgent } = sim.state.channels;
    await bot.call('DELETE', `/channels/${normal}`);
    for (const answer of [
      await create({ name: 'x', parent_id: normal }),
      await bot.call('PATCH', `/channels/${channel}`, { parent_id: normal }),
    ]) {
      expect(outcome(answer)).toEqual([400, 50035]);
      expect(Object.keys(answer.body.errors)).toEqual(['parent_id']);
    }
    await denyBot(urgent, 1n << 4n);
    expect(outcome(await create({ name: 'x', parent_id: urgent }))).toEqual([403, 50013]);
  });

  test('that is gone is unknown to every call', async () => {
    await personOf(sim, 'admin').call('DELETE', `/channels/${channel}`);
    expect(outcome(await bot.send(channel, 'x'))).toEqual([404, 10003]);
    expect(outcome(await bot.upload(channel, { 'a.txt': 'a' }))).toEqual([404, 10003]);
    expect(outcome(await bot.call('DELETE', `/channels/${channel}`))).toEqual([404, 10003]);
  });

  test('is text or announcements, and nothing else becomes of it', async () => {
    const admin = personOf(sim, 'admin');
    const news = await admin.call('PATCH', `/channels/${channel}`, { type: 5 });
    expect(news.body.type).toBe(5);
    const group = await admin.call('PATCH', `/channels/${channel}`, { type: 4 });
    expect(outcome(group)).toEqual([400, 50035]);
  });
});

describe('a file', () => {
  test('beyond the limit is refused with 413, whatever else the message says', async () => {
    await set({ maxFileBytes: 10 });
    const refused = await bot.upload(channel, { 'a.txt': 'x'.repeat(11) }, { content: 'text' });
    expect(outcome(refused)).toEqual([413, 40005]);
    expect((await bot.upload(channel, { 'a.txt': 'x'.repeat(10) })).status).toBe(200);
  });
});

/** Takes permissions from the bot in one channel, by an overwrite for the bot itself. */
async function denyBot(where: string, bits: bigint): Promise<void> {
  const path = `/channels/${where}/permissions/${sim.state.bot.id}`;
  const body = { type: 1, deny: bits.toString() };
  expect((await personOf(sim, 'admin').call('PUT', path, body)).status).toBe(204);
}

describe('a permission the bot lacks in a channel', () => {
  const message = () => bot.send(channel, 'x');
  const edit = (change: object) => async () => {
    const own = sim.world().log(channel).all()[0];
    return bot.edit({ channel_id: channel, id: own?.id ?? '' }, { ...change });
  };
  const first = () => `/channels/${channel}/messages/${sim.world().log(channel).all()[0]?.id}`;
  const second = () => `/channels/${channel}/messages/${sim.world().log(channel).all()[1]?.id}`;
  const embeds = [{ title: 't' }];
  const poll = { question: { text: 'q' }, answers: [{ poll_media: { text: 'a' } }] };
  const table: [name: string, bit: bigint, call: () => Promise<Answer>, code: number][] = [
    ['View Channel, reading it', 10n, () => bot.call('GET', `/channels/${channel}`), 50001],
    ['View Channel, writing', 10n, message, 50001],
    ['View Channel, editing', 10n, edit({ content: 'y' }), 50001],
    ['View Channel, deleting it', 10n, () => bot.call('DELETE', `/channels/${channel}`), 50001],
    [
      'View Channel, reading on',
      10n,
      () => bot.call('GET', `/channels/${channel}/messages`),
      50001,
    ],
    ['Send Messages', 11n, message, 50013],
    ['Send Messages, typing', 11n, () => bot.call('POST', `/channels/${channel}/typing`), 50013],
    ['Attach Files', 15n, () => bot.upload(channel, { 'a.txt': 'a' }), 50013],
    ['Embed Links', 14n, () => bot.send(channel, { embeds }), 50013],
    ['Embed Links, editing', 14n, edit({ embeds }), 50013],
    ['Send Polls', 49n, () => bot.send(channel, { poll }), 50013],
    ['Manage Channels, deleting', 4n, () => bot.call('DELETE', `/channels/${channel}`), 50013],
    [
      'Manage Channels, renaming',
      4n,
      () => bot.call('PATCH', `/channels/${channel}`, { name: 'n' }),
      50013,
    ],
    ['Add Reactions', 6n, () => bot.call('PUT', `${first()}/reactions/✅/@me`), 50013],
    ['Read History, reacting', 16n, () => bot.call('PUT', `${first()}/reactions/✅/@me`), 50013],
    ['Read History, fetching one', 16n, () => bot.call('GET', first()), 50013],
    ['Manage Messages, deleting another’s', 13n, () => bot.call('DELETE', second()), 50013],
    [
      'Manage Messages, removing a reaction',
      13n,
      () => bot.call('DELETE', `${first()}/reactions/✅/${sim.state.people.kim.id}`),
      50013,
    ],
    [
      'Manage Roles',
      28n,
      () => bot.call('PUT', `/channels/${channel}/permissions/${sim.state.guildId}`, { type: 0 }),
      50013,
    ],
    [
      'Create Public Threads',
      35n,
      () => bot.call('POST', `/channels/${channel}/threads`, { name: 't', type: 11 }),
      50013,
    ],
    ['Manage Webhooks', 29n, () => bot.call('GET', `/channels/${channel}/webhooks`), 50013],
  ];
  test.each(table)('is missed by the call: %s', async (_name, bit, call, code) => {
    await bot.send(channel, 'own');
    await kim.send(channel, 'another’s');
    await denyBot(channel, 1n << bit);
    expect(outcome(await call())).toEqual([403, code]);
  });

  test('as a role loses it, is missed in every channel', async () => {
    const { guildId, roles } = sim.state;
    const admin = personOf(sim, 'admin');
    const everyone = BigInt(sim.world().roles.get(guildId)?.permissions ?? 0);
    const own = BigInt(sim.world().roles.get(roles.bot)?.permissions ?? 0);
    for (const [id, held] of [
      [guildId, everyone],
      [roles.bot, own],
    ] as const) {
      const permissions = (held & ~((1n << 15n) | (1n << 4n))).toString();
      await admin.call('PATCH', `/guilds/${guildId}/roles/${id}`, { permissions });
    }
    expect(outcome(await bot.upload(channel, { 'a.txt': 'a' }))).toEqual([403, 50013]);
    expect(outcome(await create({ name: 'x' }))).toEqual([403, 50013]);
    expect((await bot.send(channel, 'text alone')).status).toBe(200);
  });
});

describe('somebody who blocked the bot', () => {
  test('gets no reaction and no direct message from it until that is taken back', async () => {
    const { body: said } = await kim.send(channel, 'hello');
    const path = `/users/@me/relationships/${sim.state.bot.id}`;
    expect((await kim.call('PUT', path, { type: 2 })).status).toBe(204);
    expect(outcome(await bot.react(said, '✅'))).toEqual([403, 90001]);
    const recipient = { recipient_id: sim.state.people.kim.id };
    const { body: dm } = await bot.call('POST', '/users/@me/channels', recipient);
    expect(outcome(await bot.send(dm.id, 'psst'))).toEqual([403, 50007]);
    expect((await kim.call('DELETE', path)).status).toBe(204);
    expect((await bot.react(said, '✅')).status).toBe(204);
  });
});

describe('settings', () => {
  test.each([
    [{ harmfulLinks: ['('] }],
    [{ unknownOverwrite: 'perhaps' }],
    [{ alterations: [{ pattern: 'x' }] }],
    [{ eventOrder: 'never' }],
  ])('that mean nothing are refused: %j', async (settings) => {
    await expect(set(settings)).rejects.toThrow('UNKNOWN_SETTING');
  });
});
