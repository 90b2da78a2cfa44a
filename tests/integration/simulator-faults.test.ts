import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Client, GatewayIntentBits } from 'discord.js';
import { botOf, type Person, personOf } from '../../simulator/person.ts';
import { type RunningSimulator, startSimulator } from '../../simulator/server.ts';
import { eventually } from '../support/eventually.ts';
import { programArgs } from '../support/program.ts';

let sim: RunningSimulator;
let bot: Person;
let kim: Person;
let channel: string;

beforeEach(async () => {
  sim = await startSimulator();
  bot = botOf(sim);
  kim = personOf(sim, 'kim');
  channel = sim.state.channels.transcripts;
});
afterEach(() => sim.close());

async function control(method: string, path: string, body?: unknown) {
  const response = await fetch(`${sim.url}/__sim/${path}`, {
    method,
    headers: { 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  // biome-ignore lint/suspicious/noExplicitAny: the state has many shapes.
  return { status: response.status, body: (await response.json()) as any };
}

const POSTS = { method: 'POST', path: '/messages$' };
const written = () => sim.world().log(channel).size;

describe('faults of calls', () => {
  test('answer an error before the effect, as often as asked and after those let through', async () => {
    await control('POST', 'faults', { ...POSTS, kind: 'status', status: 503, times: 2, skip: 1 });
    const statuses = [];
    for (let n = 0; n < 4; n += 1) statuses.push((await bot.send(channel, `${n}`)).status);
    expect(statuses).toEqual([200, 503, 503, 200]);
    expect(written()).toBe(2);
  });

  test('answer an error after the effect: the message is there and was announced', async () => {
    const ear = await kim.listen();
    const body = { ...POSTS, kind: 'status', status: 500, when: 'after', times: 1 };
    await control('POST', 'faults', body);
    expect((await bot.send(channel, 'made')).status).toBe(500);
    expect(written()).toBe(1);
    await eventually(() => expect(ear.of('MESSAGE_CREATE')).toHaveLength(1));
    ear.close();
  });

  test('carry a JSON code of choice', async () => {
    const fault = { ...POSTS, kind: 'status', status: 403, code: 50001, message: 'Missing Access' };
    await control('POST', 'faults', fault);
    expect((await bot.send(channel, 'x')).body).toEqual({ message: 'Missing Access', code: 50001 });
  });

  test.each([
    ['before', 0],
    ['after', 1],
  ])('break the connection %s the effect', async (when, made) => {
    await control('POST', 'faults', { ...POSTS, kind: 'reset', when, times: 1 });
    await expect(bot.send(channel, 'x')).rejects.toThrow();
    expect(written()).toBe(made);
    expect((await bot.send(channel, 'y')).status).toBe(200);
  });

  test.each([
    ['before', 0],
    ['after', 1],
  ])('give no answer %s the effect', async (when, made) => {
    await control('POST', 'faults', { ...POSTS, kind: 'hang', when, times: 1 });
    const url = `${sim.apiUrl}/v10/channels/${channel}/messages`;
    const headers = {
      authorization: `Bot ${sim.state.bot.token}`,
      'content-type': 'application/json',
    };
    const body = JSON.stringify({ content: 'x' });
    const signal = AbortSignal.timeout(200);
    await expect(fetch(url, { method: 'POST', headers, body, signal })).rejects.toThrow();
    expect(written()).toBe(made);
    const { body: state } = await control('GET', 'state');
    expect(state.calls.at(-1)).toMatchObject({ method: 'POST', status: 0, fault: 'hang' });
  });

  test('begin an answer and never end it', async () => {
    await control('POST', 'faults', { ...POSTS, kind: 'stall', when: 'after', times: 1 });
    const url = `${sim.apiUrl}/v10/channels/${channel}/messages`;
    const headers = {
      authorization: `Bot ${sim.state.bot.token}`,
      'content-type': 'application/json',
    };
    const body = JSON.stringify({ content: 'x' });
    const signal = AbortSignal.timeout(400);
    const answer = await fetch(url, { method: 'POST', headers, body, signal });
    expect(answer.status).toBe(200);
    await expect(answer.text()).rejects.toThrow();
    expect(written()).toBe(1);
  });

  test('delay the answer', async () => {
    await control('POST', 'faults', { ...POSTS, kind: 'delay', ms: 120, when: 'after', times: 1 });
    const started = performance.now();
    const sending = bot.send(channel, 'x');
    await eventually(() => expect(written()).toBe(1));
    await sending;
    expect(performance.now() - started).toBeGreaterThan(110);
  });

  test('limit with headers of choice, or without the one that matters', async () => {
    const limit = { ...POSTS, kind: 'rate-limit', retry_after: 0.25, scope: 'shared', times: 1 };
    await control('POST', 'faults', limit);
    const shared = await bot.send(channel, 'x');
    expect(shared.status).toBe(429);
    expect(shared.headers.get('retry-after')).toBe('0.25');
    expect(shared.headers.get('x-ratelimit-scope')).toBe('shared');
    expect(shared.body).toMatchObject({ retry_after: 0.25, global: false });
    await control('POST', 'faults', { ...limit, scope: 'global', without_header: true });
    const global = await bot.send(channel, 'x');
    expect(global.headers.get('retry-after')).toBeNull();
    expect(global.headers.get('x-ratelimit-global')).toBe('true');
    expect((await control('GET', 'state')).body.invalidRequests).toBe(1);
  });

  test('delete a message before its author learns of it', async () => {
    await control('POST', 'faults', { ...POSTS, kind: 'delete-message', times: 1 });
    const { status, body } = await bot.send(channel, 'x');
    expect(status).toBe(200);
    expect((await bot.edit(body, 'y')).body.code).toBe(10008);
  });

  test('strike the one they are meant for, and no longer once cleared', async () => {
    await control('POST', 'faults', { ...POSTS, kind: 'status', status: 500, who: 'people' });
    expect((await bot.send(channel, 'x')).status).toBe(200);
    expect((await kim.send(channel, 'x')).status).toBe(500);
    const { body } = await control('DELETE', 'faults');
    expect(body.faults).toEqual([]);
    expect((await kim.send(channel, 'x')).status).toBe(200);
  });

  test('are refused when they are misspelt', async () => {
    expect((await control('POST', 'faults', { kind: 'nonsense' })).status).toBe(400);
    expect((await control('POST', 'faults', { kind: 'hang', pth: 'x' })).status).toBe(400);
    expect((await control('POST', 'faults', { kind: 'set', settings: { x: 1 } })).status).toBe(400);
  });
});

describe('limits', () => {
  test('are announced in headers, and the sixth message in five seconds is refused', async () => {
    const remaining = [];
    for (let n = 0; n < 5; n += 1) {
      const { headers } = await bot.send(channel, `${n}`);
      remaining.push(headers.get('x-ratelimit-remaining'));
    }
    expect(remaining).toEqual(['4', '3', '2', '1', '0']);
    const { status, headers, body } = await bot.send(channel, '5');
    expect(status).toBe(429);
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
    expect(Number(headers.get('x-ratelimit-reset-after'))).toBeLessThanOrEqual(5);
    expect(headers.get('x-ratelimit-scope')).toBe('user');
    expect(body).toMatchObject({ message: 'You are being rate limited.', global: false });
    expect((await bot.send(sim.state.channels.errors, 'elsewhere')).status).toBe(200);
    expect((await kim.send(channel, 'another one')).status).toBe(200);
  });

  test('over all routes are fifty a second for a bot', async () => {
    sim.settings.rateLimitFactor = 1;
    const ids = Object.values(sim.state.channels);
    const calls = Array.from({ length: 60 }, (_, n) => bot.call('GET', `/channels/${ids[n % 5]}`));
    const limited = (await Promise.all(calls)).filter((answer) => answer.status === 429);
    expect(limited.some((answer) => answer.body.global)).toBe(true);
  });
});

describe('identity', () => {
  test('is refused for bad tokens and for the wrong kind of token', async () => {
    const get = (authorization: string) =>
      fetch(`${sim.apiUrl}/v10/users/@me`, { headers: { authorization } });
    const { bot: account, people } = sim.state;
    for (const header of ['Bot nonsense', account.token, `Bot ${people.kim.token}`]) {
      const response = await get(header);
      expect([response.status, await response.json()]).toEqual([
        401,
        { message: '401: Unauthorized', code: 0 },
      ]);
    }
    expect((await get(people.kim.token)).status).toBe(200);
  });

  test('of the bot can be revoked and given back', async () => {
    const client = new Client({
      intents: [GatewayIntentBits.Guilds],
      rest: { api: sim.apiUrl, cdn: sim.url, version: '10' },
    });
    await client.login(sim.state.bot.token);
    const told: string[] = [];
    client.on('shardDisconnect', ({ code }) => told.push(`closed ${code}`));
    client.on('shardError', ({ message }) => told.push(message));
    await control('POST', 'faults', { kind: 'revoke-token' });
    expect((await bot.call('GET', '/users/@me')).status).toBe(401);
    await eventually(() => expect(told.length).toBeGreaterThan(0));
    await client.destroy();
    await control('POST', 'faults', { kind: 'restore-token' });
    expect((await bot.call('GET', '/users/@me')).status).toBe(200);
  });
});

describe('routes', () => {
  test('that are not there are 404, and with the wrong method 405', async () => {
    expect((await bot.call('GET', '/nowhere')).body).toEqual({
      message: '404: Not Found',
      code: 0,
    });
    expect((await bot.call('PUT', '/users/@me')).status).toBe(405);
    expect((await bot.call('GET', '/guilds/123456789012345678')).body.code).toBe(10004);
  });

  test('are open to pages of any origin', async () => {
    const url = `${sim.apiUrl}/v10/users/@me`;
    const preflight = await fetch(url, { method: 'OPTIONS' });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('access-control-allow-headers')).toContain('Authorization');
    expect((await fetch(url)).headers.get('access-control-allow-origin')).toBe('*');
  });
});

describe('the state', () => {
  test('lists people, messages with their nonces, and calls with who made them', async () => {
    await bot.send(channel, { content: 'x', nonce: 'n1' });
    const { body } = await control('GET', 'state');
    expect(body.people.kim.roles).toEqual([sim.state.roles.support]);
    expect(body.messages[channel]).toMatchObject([{ content: 'x', nonce: 'n1' }]);
    expect(body.calls.at(-1)).toMatchObject({
      method: 'POST',
      path: `/api/v10/channels/${channel}/messages`,
      status: 200,
      who: 'deskcord',
      body: { content: 'x', nonce: 'n1' },
    });
    expect((await control('GET', 'state?calls=0')).body.calls).toBeUndefined();
  });

  test('goes back to the seed, with settings and faults, and sessions end', async () => {
    const ear = await kim.listen();
    await bot.send(channel, 'x');
    await control('POST', 'faults', { kind: 'hang', path: 'nowhere' });
    await control('POST', 'faults', { kind: 'set', settings: { channelsPerCategory: 1 } });
    const before = (await control('GET', 'state')).body;
    await control('POST', 'reset');
    const after = (await control('GET', 'state')).body;
    expect(before.messages[channel]).toHaveLength(1);
    expect(after.messages[channel]).toBeUndefined();
    expect(after.calls).toEqual([]);
    expect(after.faults).toEqual([]);
    expect(after.settings.channelsPerCategory).toBe(50);
    expect(after.seed).toEqual(before.seed);
    expect(after.sessions).toEqual([]);
    ear.close();
  });
});

describe('started alone', () => {
  test('prints where it is in one line for programs, and ends when told', async () => {
    const child = spawn(process.execPath, programArgs('simulator/main.ts'), {
      env: { ...process.env, SIMULATOR_PORT: '0' },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const lines = createInterface({ input: child.stdout });
    let found = '';
    for await (const line of lines) {
      if (!line.startsWith('SIMULATOR ')) continue;
      found = line.slice('SIMULATOR '.length);
      break;
    }
    const { apiUrl, guildId } = JSON.parse(found);
    expect(guildId).toBe(sim.state.guildId);
    expect((await fetch(`${apiUrl}/v10/gateway`)).status).toBe(200);
    child.kill('SIGTERM');
    const [code] = await once(child, 'exit');
    expect(code).toBe(0);
  });
});
