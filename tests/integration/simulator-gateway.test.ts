import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { botOf, type Person, personOf } from '../../simulator/person.ts';
import { RawGateway } from '../../simulator/raw-gateway.ts';
import { type RunningSimulator, startSimulator } from '../../simulator/server.ts';
import { eventually } from '../support/eventually.ts';

const GUILDS = 1;
const GUILD_MESSAGES = 1 << 9;
const PRESENCES = 1 << 8;
const MESSAGE_CONTENT = 1 << 15;

let sim: RunningSimulator;
let bot: Person;
let kim: Person;
let channel: string;
let open: RawGateway[] = [];

beforeEach(async () => {
  sim = await startSimulator({ settings: { rateLimitFactor: 0 } });
  bot = botOf(sim);
  kim = personOf(sim, 'kim');
  channel = sim.state.channels.transcripts;
});
afterEach(async () => {
  for (const one of open) one.terminate();
  open = [];
  await sim.close();
});

async function connect(): Promise<RawGateway> {
  const gateway = new RawGateway(sim.gatewayUrl);
  open.push(gateway);
  await gateway.hear({ op: 10 });
  return gateway;
}

async function identify(intents: number, token = sim.state.bot.token): Promise<RawGateway> {
  const gateway = await connect();
  gateway.say(2, { token, intents, properties: {} });
  return gateway;
}

async function resume(sessionId: string, seq: number): Promise<RawGateway> {
  const gateway = await connect();
  gateway.say(6, { token: sim.state.bot.token, session_id: sessionId, seq });
  return gateway;
}

describe('a connection', () => {
  test('is told READY with its session, then the guild', async () => {
    const gateway = await identify(GUILDS);
    const ready = await gateway.hear({ t: 'READY' });
    expect(ready.d).toMatchObject({
      user: { id: sim.state.bot.id, bot: true },
      guilds: [{ id: sim.state.guildId, unavailable: true }],
      application: { id: sim.state.applicationId },
    });
    const guild = await gateway.hear({ t: 'GUILD_CREATE' });
    expect(guild.d.channels).toHaveLength(5);
    expect([ready.s, guild.s]).toEqual([1, 2]);
    gateway.say(1, 2);
    await gateway.hear({ op: 11 });
  });

  test.each<[string, number, (gateway: RawGateway) => void]>([
    ['says what is not JSON', 4002, (g) => g.sayRaw('{')],
    ['says more than 4,096 bytes', 4002, (g) => g.say(3, 'x'.repeat(5000))],
    ['speaks before it has identified', 4003, (g) => g.say(3, {})],
    ['brings a bad token', 4004, (g) => g.say(2, { token: 'bad', intents: 0, properties: {} })],
    [
      'asks for intents there are not',
      4013,
      (g) => g.say(2, { token: sim.state.bot.token, intents: 2 ** 30, properties: {} }),
    ],
    [
      'asks for an intent it was not granted',
      4014,
      (g) => g.say(2, { token: sim.state.bot.token, intents: PRESENCES, properties: {} }),
    ],
    [
      'says too much',
      4008,
      (g) => {
        for (let n = 0; n < 121; n += 1) g.say(1, null);
      },
    ],
  ])('that %s is closed with %i', async (_what, code, act) => {
    const gateway = await connect();
    act(gateway);
    expect(await gateway.closing()).toBe(code);
  });

  test('that identifies twice is closed with 4005, with an opcode unknown 4001', async () => {
    const twice = await identify(GUILDS);
    await twice.hear({ t: 'READY' });
    twice.say(2, { token: sim.state.bot.token, intents: 1, properties: {} });
    expect(await twice.closing()).toBe(4005);
    const strange = await identify(GUILDS);
    await strange.hear({ t: 'READY' });
    strange.say(99, {});
    expect(await strange.closing()).toBe(4001);
  });

  test('that sends no heartbeats is closed, and its session with it', async () => {
    sim.settings.heartbeatIntervalMs = 40;
    const gateway = await identify(GUILDS);
    const ready = await gateway.hear({ t: 'READY' });
    expect(await gateway.closing()).toBe(4009);
    const again = await resume(ready.d.session_id, 1);
    expect((await again.hear({ op: 9 })).d).toBe(false);
  });
});

describe('intents', () => {
  test('decide which events come', async () => {
    const [all, few] = [await identify(GUILDS | GUILD_MESSAGES), await identify(GUILDS)];
    await Promise.all([all, few].map((g) => g.hear({ t: 'GUILD_CREATE' })));
    await kim.send(channel, 'hi');
    await bot.call('POST', `/guilds/${sim.state.guildId}/channels`, { name: 'x' });
    await Promise.all([all, few].map((g) => g.hear({ t: 'CHANNEL_CREATE' })));
    expect(all.names()).toContain('MESSAGE_CREATE');
    expect(few.names()).not.toContain('MESSAGE_CREATE');
  });

  test('without message content leave messages empty, but not one’s own or those that name one', async () => {
    const gateway = await identify(GUILDS | GUILD_MESSAGES);
    await gateway.hear({ t: 'GUILD_CREATE' });
    await kim.upload(channel, { 'a.txt': 'a' }, { content: 'secret' });
    await bot.send(channel, 'own');
    await kim.send(channel, `<@${sim.state.bot.id}> hello`);
    await eventually(() => {
      const seen = gateway.payloads.filter((p) => p.t === 'MESSAGE_CREATE').map((p) => p.d);
      expect(seen.map((m) => m.content)).toEqual(['', 'own', `<@${sim.state.bot.id}> hello`]);
      expect(seen[0].attachments).toEqual([]);
    });
  });

  test('not granted hide content from REST as well', async () => {
    sim.settings.privilegedIntents = [];
    const { body } = await kim.send(channel, 'secret');
    const read = await bot.call('GET', `/channels/${channel}/messages/${body.id}`);
    expect(read.body.content).toBe('');
    const gateway = await identify(MESSAGE_CONTENT);
    expect(await gateway.closing()).toBe(4014);
  });

  test('do not show what happens in channels that are hidden', async () => {
    const ear = await personOf(sim, 'member').listen();
    await kim.send(channel, 'for staff');
    await bot.send(sim.state.channels.errors, 'for staff');
    const { body } = await bot.call('POST', `/guilds/${sim.state.guildId}/channels`, { name: 'x' });
    await bot.send(body.id, 'for all');
    await eventually(() => expect(ear.of('MESSAGE_CREATE')).toHaveLength(1));
    expect(ear.of('MESSAGE_CREATE')[0].content).toBe('for all');
    ear.close();
  });
});
