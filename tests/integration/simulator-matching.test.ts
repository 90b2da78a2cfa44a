import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { botOf, type Person, personOf } from '../../simulator/person.ts';
import type { RunningSimulator } from '../../simulator/server.ts';
import { fault, startDiscord } from '../support/discord.ts';

let sim: RunningSimulator;
let bot: Person;
let channel: string;

beforeAll(async () => {
  sim = await startDiscord();
  bot = botOf(sim);
  channel = sim.state.channels.transcripts;
});
afterEach(() => sim.reset());
afterAll(() => sim.close());

const refusal = { kind: 'status', status: 400, code: 240000, message: 'Blocked' };

function post(body: Record<string, unknown>) {
  return bot.send(channel, body);
}

describe('a fault that looks at the body', () => {
  test.each([
    ['content', { content: 'bad\\.example' }, { content: 'see\nhttps://bad.example' }],
    ['an embed', { embed: '^bad' }, { embeds: [{ fields: [{ name: 'n', value: 'bad' }] }] }],
    ['any text', { body: '^bad$' }, { content: 'x', embeds: [{ footer: { text: 'bad' } }] }],
    ['a part of any text', { contains: 'ba(d' }, { content: 'a ba(d one' }],
  ])('by %s strikes the call that has it and no other', async (_what, matcher, body) => {
    await fault(sim, { ...refusal, ...matcher });
    expect((await post({ content: 'good' })).status).toBe(200);
    const { status, body: error } = await post(body);
    expect([status, error]).toEqual([400, { message: 'Blocked', code: 240000 }]);
    expect(sim.world().log(channel).size).toBe(1);
  });

  test('by the name of a file leaves other files alone', async () => {
    await fault(sim, { kind: 'status', status: 413, code: 40005, file: '\\.exe$' });
    expect((await bot.upload(channel, { 'a.txt': 'a' })).status).toBe(200);
    const refused = await bot.upload(channel, { 'a.txt': 'a', 'b.exe': 'b' });
    expect([refused.status, refused.body.code]).toEqual([413, 40005]);
  });

  test('strikes edits, channels and answers of interactions as it strikes new messages', async () => {
    const { body: sent } = await post({ content: 'one' });
    await fault(sim, { ...refusal, body: 'bad' });
    expect((await bot.edit(sent, 'bad')).body.code).toBe(240000);
    const named = await bot.call('PATCH', `/channels/${channel}`, { topic: 'bad' });
    expect(named.body.code).toBe(240000);
    const path = '/interactions/123456789012345678/token/callback';
    const answered = await bot.call('POST', path, { type: 4, data: { content: 'bad' } });
    expect(answered.body.code).toBe(240000);
  });

  test('counts only the calls it is meant for, and may come after the effect', async () => {
    const after = { kind: 'status', status: 500, when: 'after', times: 1, skip: 1 };
    await fault(sim, { ...after, content: '^x' });
    const answers = [];
    for (const content of ['x1', 'y', 'x2', 'x3']) answers.push((await post({ content })).status);
    expect(answers).toEqual([200, 200, 500, 200]);
    expect(sim.world().log(channel).size).toBe(4);
  });

  test('limits by content, with a wait of its own', async () => {
    await fault(sim, { kind: 'rate-limit', retry_after: 900, content: 'slow', times: 1 });
    const { status, headers } = await post({ content: 'slow' });
    expect([status, headers.get('retry-after')]).toEqual([429, '900']);
    expect((await post({ content: 'slow' })).status).toBe(200);
  });

  test('may answer with a body of choice, JSON or the page of a proxy', async () => {
    await fault(sim, { kind: 'status', status: 400, answer: { odd: true }, content: 'json' });
    await fault(sim, { kind: 'status', status: 502, answer: '<h1>Bad</h1>', content: 'page' });
    expect((await post({ content: 'json' })).body).toEqual({ odd: true });
    const response = await fetch(`${sim.apiUrl}/v10/channels/${channel}/messages`, {
      method: 'POST',
      headers: {
        authorization: `Bot ${sim.state.bot.token}`,
        'content-type': 'application/json',
      },
      body: JSON.stringify({ content: 'page' }),
    });
    expect(response.headers.get('content-type')).toBe('text/html');
    expect([response.status, await response.text()]).toEqual([502, '<h1>Bad</h1>']);
  });

  test('is refused when its pattern is none', async () => {
    await expect(fault(sim, { ...refusal, content: '(' })).rejects.toThrow('INVALID_PATTERN');
  });

  test('leaves people alone when it is meant for the bot', async () => {
    await fault(sim, { ...refusal, content: 'bad', who: 'bot' });
    expect((await personOf(sim, 'kim').send(channel, 'bad')).status).toBe(200);
    expect((await post({ content: 'bad' })).status).toBe(400);
  });
});
