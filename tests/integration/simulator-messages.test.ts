import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { botOf, type Person, personOf } from '../../simulator/person.ts';
import { type RunningSimulator, startSimulator } from '../../simulator/server.ts';
import { eventually } from '../support/eventually.ts';

const _MIB = 1024 * 1024;

let sim: RunningSimulator;
let bot: Person;
let kim: Person;
let channel: string;

beforeAll(async () => {
  sim = await startSimulator({ settings: { rateLimitFactor: 0 } });
  bot = botOf(sim);
  kim = personOf(sim, 'kim');
});
beforeEach(async () => {
  const { body } = await bot.call('POST', `/guilds/${sim.state.guildId}/channels`, {
    name: 'room',
  });
  channel = body.id;
});
afterEach(() => sim.reset());
afterAll(() => sim.close());

function fault(body: unknown): Promise<Response> {
  const headers = { 'content-type': 'application/json' };
  const request = { method: 'POST', headers, body: JSON.stringify(body) };
  return fetch(`${sim.url}/__sim/faults`, request);
}

function row(...components: unknown[]) {
  return { type: 1, components };
}
function button(custom_id: string, more = {}) {
  return { type: 2, style: 1, label: 'Go', custom_id, ...more };
}
function codesIn(errors: unknown): string[] {
  const found = JSON.stringify(errors ?? {}).matchAll(/"code":"(\w+)"/g);
  return [...found].map((match) => match[1] ?? '');
}

describe('a message that breaks a rule', () => {
  const embed = (more: object) => ({ embeds: [{ description: 'x', ...more }] });
  const many = (n: number, one: (i: number) => unknown) =>
    Array.from({ length: n }, (_, i) => one(i));
  const table: [what: string, body: Record<string, unknown>, code: number, inner: string][] = [
    ['is empty', {}, 50006, ''],
    ['is only white space', { content: '  \n ' }, 50006, ''],
    ['is too long', { content: 'x'.repeat(2001) }, 50035, 'BASE_TYPE_MAX_LENGTH'],
    [
      'has too long a nonce',
      { content: 'x', nonce: 'n'.repeat(26) },
      50035,
      'BASE_TYPE_MAX_LENGTH',
    ],
    [
      'has eleven embeds',
      { embeds: many(11, () => ({ title: 't' })) },
      50035,
      'BASE_TYPE_MAX_LENGTH',
    ],
    ['has an empty embed', { embeds: [{}] }, 50035, 'BASE_TYPE_REQUIRED'],
    ['has too long a title', embed({ title: 'x'.repeat(257) }), 50035, 'BASE_TYPE_MAX_LENGTH'],
    [
      'has 26 embed fields',
      embed({ fields: many(26, () => ({ name: 'n', value: 'v' })) }),
      50035,
      'BASE_TYPE_MAX_LENGTH',
    ],
    ['has a field without value', embed({ fields: [{ name: 'n' }] }), 50035, 'BASE_TYPE_REQUIRED'],
    [
      'has over 6,000 characters of embeds',
      { embeds: many(2, () => ({ description: 'x'.repeat(3500) })) },
      50035,
      'MAX_EMBED_SIZE_EXCEEDED',
    ],
    ['has an embed link without scheme', embed({ url: 'nowhere' }), 50035, 'URL_TYPE_INVALID_URL'],
    [
      'has six rows',
      { components: many(6, (i) => row(button(`b${i}`))) },
      50035,
      'BASE_TYPE_MAX_LENGTH',
    ],
    [
      'has six buttons in a row',
      { components: [row(...many(6, (i) => button(`b${i}`)))] },
      50035,
      'COMPONENT_LAYOUT_WIDTH_EXCEEDED',
    ],
    [
      'uses a custom id twice',
      { components: [row(button('same'), button('same'))] },
      50035,
      'COMPONENT_CUSTOM_ID_DUPLICATED',
    ],
    [
      'has too long a custom id',
      { components: [row(button('x'.repeat(101)))] },
      50035,
      'BASE_TYPE_BAD_LENGTH',
    ],
    [
      'has too long a label',
      { components: [row(button('b', { label: 'x'.repeat(81) }))] },
      50035,
      'BASE_TYPE_MAX_LENGTH',
    ],
    [
      'has a button with both id and link',
      { components: [row(button('b', { url: 'https://example.com' }))] },
      50035,
      'BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE',
    ],
    [
      'has a text input outside a modal',
      { components: [row({ type: 4, custom_id: 'i', style: 1 })] },
      50035,
      'COMPONENT_TYPE_INVALID',
    ],
    [
      'has content beside Components V2',
      { content: 'x', flags: 32768, components: [{ type: 10, content: 'y' }] },
      50035,
      'MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2',
    ],
    [
      'parses users and lists them too',
      { content: 'x', allowed_mentions: { parse: ['users'], users: ['123456789012345678'] } },
      50035,
      'MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE',
    ],
    [
      'answers a message that is not there',
      { content: 'x', message_reference: { message_id: '123456789012345678' } },
      50035,
      'REPLIES_UNKNOWN_MESSAGE',
    ],
    [
      'names a file it does not bring',
      { content: 'x', attachments: [{ id: '0', filename: 'a' }] },
      50146,
      '',
    ],
    ['has a string of flags', { content: 'x', flags: 'many' }, 50035, 'NUMBER_TYPE_COERCE'],
  ];
  test.each(table)('that %s is refused', async (_what, body, code, inner) => {
    const { status, body: error } = await bot.send(channel, body);
    expect([status, error.code]).toEqual([400, code]);
    if (inner) expect(codesIn(error.errors)).toContain(inner);
    expect(sim.world().log(channel).size).toBe(0);
  });

  test('names the place of the fault', async () => {
    const { body } = await bot.send(channel, {
      embeds: [{ title: 'ok' }, { title: 'x'.repeat(300) }],
    });
    expect(body).toEqual({
      message: 'Invalid Form Body',
      code: 50035,
      errors: {
        embeds: {
          1: {
            title: {
              _errors: [
                { code: 'BASE_TYPE_MAX_LENGTH', message: 'Must be 256 or fewer in length.' },
              ],
            },
          },
        },
      },
    });
  });

  test('may have fields nobody knows, unless those are to be refused', async () => {
    const odd = { content: 'x', allowedMentions: { parse: [] } };
    expect((await bot.send(channel, odd)).status).toBe(200);
    sim.settings.refuseUnknownFields = true;
    const { body } = await bot.send(channel, odd);
    expect(body.errors.allowedMentions._errors[0].code).toBe('UNKNOWN_FIELD');
  });

  test('counts characters, not UTF-16 units, and trims what is around them', async () => {
    const { status, body } = await bot.send(channel, `  ${'😀'.repeat(2000)}\n`);
    expect(status).toBe(200);
    expect(body.content).toBe('😀'.repeat(2000));
  });
});

describe('a nonce that is enforced', () => {
  const message = { content: 'once', nonce: 'row-1', enforce_nonce: true };

  test('gives back the first message instead of making a second', async () => {
    const ear = await kim.listen();
    const first = await bot.send(channel, message);
    const second = await bot.send(channel, { ...message, content: 'twice' });
    expect(second.status).toBe(200);
    expect(second.body).toMatchObject({ id: first.body.id, content: 'once', nonce: 'row-1' });
    expect(sim.world().log(channel).size).toBe(1);
    await bot.send(channel, 'after');
    await eventually(() => {
      expect(ear.of('MESSAGE_CREATE').map((m) => m.content)).toEqual(['once', 'after']);
    });
    ear.close();
  });

  test('is another one for another author and in another channel', async () => {
    await bot.send(channel, message);
    await kim.send(channel, message);
    await bot.send(sim.state.channels.transcripts, message);
    expect(sim.world().log(channel).size).toBe(2);
  });

  test('is Unknown Message when the first one was deleted', async () => {
    const { body: first } = await bot.send(channel, message);
    await bot.delete(first);
    const { status, body } = await bot.send(channel, message);
    expect([status, body.code]).toEqual([404, 10008]);
  });

  test('is forgotten after its window and on demand', async () => {
    await bot.send(channel, message);
    await fault({ kind: 'forget-nonces' });
    await bot.send(channel, message);
    await fault({ kind: 'set', settings: { nonceWindowMs: 0 } });
    await new Promise((resolve) => setTimeout(resolve, 5));
    await bot.send(channel, message);
    expect(sim.world().log(channel).size).toBe(3);
  });

  test('is not in the message when it is fetched', async () => {
    const { body: sent } = await bot.send(channel, message);
    const { body } = await bot.call('GET', `/channels/${channel}/messages/${sent.id}`);
    expect(body.nonce).toBeUndefined();
  });
});

describe('mentions', () => {
  const content = () => `@everyone <@${sim.state.people.kim.id}> <@&${sim.state.roles.support}>`;

  test('ping all that the text names when nothing forbids it', async () => {
    const { body } = await bot.send(channel, content());
    expect(body.mention_everyone).toBe(true);
    expect(body.mentions).toMatchObject([{ id: sim.state.people.kim.id }]);
    expect(body.mention_roles).toEqual([sim.state.roles.support]);
  });

  test('ping nobody when parse is empty', async () => {
    const { body } = await bot.send(channel, {
      content: content(),
      allowed_mentions: { parse: [] },
    });
    expect([body.mention_everyone, body.mentions, body.mention_roles]).toEqual([false, [], []]);
  });

  test('ping no role and not everyone for people who may not', async () => {
    const { body } = await kim.send(channel, content());
    expect([body.mention_everyone, body.mention_roles]).toEqual([false, []]);
  });

  test('in a reply include its author, unless that is turned off', async () => {
    const { body: first } = await kim.send(channel, 'question');
    const reply = { content: 'answer', message_reference: { message_id: first.id } };
    const loud = await bot.send(channel, reply);
    const quiet = await bot.send(channel, { ...reply, allowed_mentions: { parse: [] } });
    expect(loud.body).toMatchObject({ type: 19, referenced_message: { id: first.id } });
    expect(loud.body.mentions).toHaveLength(1);
    expect(quiet.body.mentions).toHaveLength(0);
  });
});
