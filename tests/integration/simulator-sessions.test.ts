import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { botOf, type Person, personOf } from '../../simulator/person.ts';
import { RawGateway } from '../../simulator/raw-gateway.ts';
import { type RunningSimulator, startSimulator } from '../../simulator/server.ts';
import { eventually } from '../support/eventually.ts';

const GUILDS = 1;
const GUILD_MESSAGES = 1 << 9;
const _PRESENCES = 1 << 8;
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

function fault(body: unknown): Promise<Response> {
  const headers = { 'content-type': 'application/json' };
  const request = { method: 'POST', headers, body: JSON.stringify(body) };
  return fetch(`${sim.url}/__sim/faults`, request);
}

describe('a session', () => {
  async function lost(): Promise<{ id: string; seq: number }> {
    const gateway = await identify(GUILDS | GUILD_MESSAGES | MESSAGE_CONTENT);
    const ready = await gateway.hear({ t: 'READY' });
    const { s } = await gateway.hear({ t: 'GUILD_CREATE' });
    await fault({ kind: 'gateway-drop' });
    await gateway.closing();
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
    expect(await gateway.closing()).toBe(1000);
    const again = await resume(ready.d.session_id, 1);
    expect((await again.hear({ op: 9 })).d).toBe(false);
  });

  test('from the future is closed with 4007', async () => {
    const { id } = await lost();
    expect(await (await resume(id, 99)).closing()).toBe(4007);
  });
});

describe('the order of events', () => {
  test.each([
    ['before', 1],
    ['after', 0],
  ] as const)('is %s the answer of their call when so set', async (eventOrder, seen) => {
    sim.settings.eventOrder = eventOrder;
    const ear = await kim.listen();
    await fault({ kind: 'delay', ms: 300, when: 'after', path: '/messages$', times: 1 });
    const sending = bot.send(channel, 'x');
    await eventually(() => expect(sim.world().log(channel).size).toBe(1));
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(ear.of('MESSAGE_CREATE')).toHaveLength(seen);
    await sending;
    await eventually(() => expect(ear.of('MESSAGE_CREATE')).toHaveLength(1));
    ear.close();
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
    expect(await first.closing()).toBe(4000);
    const second = await identify(ALL);
    const ready = await second.hear({ t: 'READY' });
    await fault({ kind: 'gateway-invalidate', resumable: true });
    expect((await second.hear({ op: 9 })).d).toBe(true);
    await (await resume(ready.d.session_id, 2)).hear({ t: 'RESUMED' });
  });

  test('refuse connections for a while', async () => {
    await fault({ kind: 'gateway-refuse', ms: 150 });
    const refused = new RawGateway(sim.gatewayUrl);
    expect(await refused.closing()).toBe(1006);
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
    expect(await gateway.closing()).toBe(4000);
    expect(gateway.payloads).toHaveLength(before);
  });
});
