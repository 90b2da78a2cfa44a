import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { WebSocket } from 'ws';
import { botOf, type Person, personOf } from '../../simulator/person.ts';
import { type RunningSimulator, startSimulator } from '../../simulator/server.ts';
import { eventually } from '../support/eventually.ts';

const GUILDS = 1;
const GUILD_MESSAGES = 1 << 9;
const PRESENCES = 1 << 8;
const MESSAGE_CONTENT = 1 << 15;

interface Payload {
  op: number;
  t: string | null;
  s: number | null;
  // biome-ignore lint/suspicious/noExplicitAny: the payload of any event.
  d: any;
}

/** A socket that says only what a test tells it to. */
class RawGateway {
  readonly payloads: Payload[] = [];
  closedWith: number | undefined;
  private readonly socket: WebSocket;

  constructor(url: string, query = '?v=10&encoding=json') {
    this.socket = new WebSocket(`${url}/${query}`);
    this.socket.on('message', (raw) => this.payloads.push(JSON.parse(String(raw))));
    this.socket.on('close', (code) => {
      this.closedWith = code;
    });
    this.socket.on('error', () => {});
    open.push(this);
  }

  say(op: number, d: unknown): void {
    this.socket.send(JSON.stringify({ op, d }));
  }

  sayRaw(text: string): void {
    this.socket.send(text);
  }

  /** Waits for the first payload of this kind. */
  hear(wanted: { op?: number; t?: string }): Promise<Payload> {
    return eventually(() => {
      const found = this.payloads.find(
        (p) => p.op === (wanted.op ?? 0) && (!wanted.t || p.t === wanted.t),
      );
      if (!found) throw new Error(`Nothing yet of ${JSON.stringify(wanted)}`);
      return found;
    });
  }

  closes(code: number): Promise<void> {
    return eventually(() => expect(this.closedWith).toBe(code));
  }

  names(): (string | null)[] {
    return this.payloads.filter((p) => p.op === 0).map((p) => p.t);
  }

  close(code = 4000): void {
    this.socket.close(code);
  }

  terminate(): void {
    this.socket.terminate();
  }
}

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

function fault(body: unknown): Promise<Response> {
  const headers = { 'content-type': 'application/json' };
  const request = { method: 'POST', headers, body: JSON.stringify(body) };
  return fetch(`${sim.url}/__sim/faults`, request);
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
    await gateway.closes(code);
  });

  test('that identifies twice is closed with 4005, with an opcode unknown 4001', async () => {
    const twice = await identify(GUILDS);
    await twice.hear({ t: 'READY' });
    twice.say(2, { token: sim.state.bot.token, intents: 1, properties: {} });
    await twice.closes(4005);
    const strange = await identify(GUILDS);
    await strange.hear({ t: 'READY' });
    strange.say(99, {});
    await strange.closes(4001);
  });

  test('that sends no heartbeats is closed, and its session with it', async () => {
    sim.settings.heartbeatIntervalMs = 40;
    const gateway = await identify(GUILDS);
    const ready = await gateway.hear({ t: 'READY' });
    await gateway.closes(4009);
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
    await gateway.closes(4014);
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

describe('a session', () => {
  async function lost(): Promise<{ id: string; seq: number }> {
    const gateway = await identify(GUILDS | GUILD_MESSAGES | MESSAGE_CONTENT);
    const ready = await gateway.hear({ t: 'READY' });
    const { s } = await gateway.hear({ t: 'GUILD_CREATE' });
    await fault({ kind: 'gateway-drop' });
    await eventually(() => expect(gateway.closedWith).toBeDefined());
    return { id: ready.d.session_id, seq: s ?? 0 };
  }

  test('that is resumed gets what it missed, in order, once', async () => {
    const { id, seq } = await lost();
    for (const text of ['one', 'two', 'three']) await kim.send(channel, text);
    const gateway = await resume(id, seq);
    await gateway.hear({ t: 'RESUMED' });
    expect(gateway.names()).toEqual([
      'MESSAGE_CREATE',
      'MESSAGE_CREATE',
      'MESSAGE_CREATE',
      'RESUMED',
    ]);
    expect(gateway.payloads.slice(1, 4).map((p) => p.d.content)).toEqual(['one', 'two', 'three']);
    expect(gateway.payloads.slice(1).map((p) => p.s)).toEqual([3, 4, 5, 6]);
    await kim.send(channel, 'four');
    await eventually(() => expect(gateway.payloads.at(-1)?.d.content).toBe('four'));
  });

  test('cannot be resumed when it is unknown, refused, outgrown, or too old', async () => {
    expect((await (await resume('nonsense', 1)).hear({ op: 9 })).d).toBe(false);
    const refused = await lost();
    await fault({ kind: 'gateway-refuse-resume' });
    expect((await (await resume(refused.id, refused.seq)).hear({ op: 9 })).d).toBe(false);
    sim.settings.sessionBuffer = 2;
    const outgrown = await lost();
    for (const text of ['one', 'two', 'three']) await kim.send(channel, text);
    expect((await (await resume(outgrown.id, outgrown.seq)).hear({ op: 9 })).d).toBe(false);
    sim.settings.sessionLifetimeMs = 0;
    const old = await lost();
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect((await (await resume(old.id, old.seq)).hear({ op: 9 })).d).toBe(false);
  });

  test('ends when its client closes it with 1000', async () => {
    const gateway = await identify(GUILDS);
    const ready = await gateway.hear({ t: 'READY' });
    gateway.close(1000);
    await gateway.closes(1000);
    const again = await resume(ready.d.session_id, 1);
    expect((await again.hear({ op: 9 })).d).toBe(false);
  });

  test('from the future is closed with 4007', async () => {
    const { id } = await lost();
    await (await resume(id, 99)).closes(4007);
  });
});

describe('gateway faults', () => {
  const ALL = GUILDS | GUILD_MESSAGES | MESSAGE_CONTENT;

  test('drop with a code, ask to reconnect, and invalidate', async () => {
    const first = await identify(ALL);
    await first.hear({ t: 'READY' });
    await fault({ kind: 'gateway-reconnect', who: 'bot' });
    await first.hear({ op: 7 });
    await fault({ kind: 'gateway-drop', code: 4000 });
    await first.closes(4000);
    const second = await identify(ALL);
    const ready = await second.hear({ t: 'READY' });
    await fault({ kind: 'gateway-invalidate', resumable: true });
    expect((await second.hear({ op: 9 })).d).toBe(true);
    await (await resume(ready.d.session_id, 2)).hear({ t: 'RESUMED' });
  });

  test('refuse connections for a while', async () => {
    await fault({ kind: 'gateway-refuse', ms: 150 });
    const refused = new RawGateway(sim.gatewayUrl);
    await eventually(() => expect(refused.closedWith).toBe(1006));
    await eventually(async () => {
      const later = new RawGateway(sim.gatewayUrl);
      await eventually(() => expect(later.payloads).toHaveLength(1), { timeout: 50 });
    });
  });

  test('lose events for good, double them, and fall silent', async () => {
    const gateway = await identify(ALL);
    await gateway.hear({ t: 'GUILD_CREATE' });
    await fault({ kind: 'gateway-lose', ms: 60_000, events: ['MESSAGE_CREATE'] });
    await kim.send(channel, 'lost');
    await fetch(`${sim.url}/__sim/faults`, { method: 'DELETE' });
    await fault({ kind: 'gateway-duplicate', times: 1 });
    await kim.send(channel, 'twice');
    await kim.send(channel, 'once');
    const contents = () =>
      gateway.payloads.filter((p) => p.t === 'MESSAGE_CREATE').map((p) => p.d.content);
    await eventually(() => expect(contents()).toEqual(['twice', 'twice', 'once']));
    await fault({ kind: 'gateway-silence', ms: 60_000 });
    const before = gateway.payloads.length;
    gateway.say(1, null);
    await kim.send(channel, 'unheard');
    await fault({ kind: 'gateway-drop', code: 4000 });
    await gateway.closes(4000);
    expect(gateway.payloads).toHaveLength(before);
  });
});
