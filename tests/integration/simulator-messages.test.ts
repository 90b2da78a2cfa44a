import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { botOf, type Person, personOf } from '../../simulator/person.ts';
import { type RunningSimulator, startSimulator } from '../../simulator/server.ts';
import { snowflakeAt } from '../../simulator/snowflake.ts';
import { eventually } from '../support/eventually.ts';

const MIB = 1024 * 1024;

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

describe('files', () => {
  test('are served from a signed link that expires, and a fetch gives a new one', async () => {
    const { body: sent } = await kim.upload(
      channel,
      { 'report 1.txt': 'data' },
      { content: 'see' },
    );
    const [file] = sent.attachments;
    expect(file).toMatchObject({ filename: 'report_1.txt', size: 4, title: 'report 1' });
    expect(file.url).toMatch(/\?ex=[0-9a-f]+&is=[0-9a-f]+&hm=[0-9a-f]{64}&$/);
    expect(await (await fetch(file.url)).text()).toBe('data');
    expect((await fetch(file.url.split('?')[0])).status).toBe(404);
    expect((await fetch(file.url.replace('hm=', 'hm=00'))).status).toBe(404);
    await fault({ kind: 'expire-attachments' });
    expect((await fetch(file.url)).status).toBe(404);
    const { body: again } = await kim.call('GET', `/channels/${channel}/messages/${sent.id}`);
    expect((await fetch(again.attachments[0].url)).status).toBe(200);
  });

  test('go with their message', async () => {
    const { body: sent } = await kim.upload(channel, { 'a.txt': 'data' });
    await kim.delete(sent);
    expect((await fetch(sent.attachments[0].url)).status).toBe(404);
  });

  test('stay in an edit when listed, and go when not', async () => {
    const { body: sent } = await kim.upload(channel, { 'a.txt': 'a', 'b.txt': 'b' });
    const [, keep] = sent.attachments;
    const { body: edited } = await kim.edit(sent, { attachments: [{ id: keep.id }] });
    expect(edited.attachments.map((a: { id: string }) => a.id)).toEqual([keep.id]);
    const { body: untouched } = await kim.edit(sent, { content: 'text' });
    expect(untouched.attachments).toHaveLength(1);
  });

  test('are refused beyond ten, beyond ten MiB each and 25 MiB together', async () => {
    const eleven = Object.fromEntries(Array.from({ length: 11 }, (_, n) => [`${n}.txt`, 'x']));
    expect((await kim.upload(channel, eleven)).body.code).toBe(30015);
    const large = await kim.upload(channel, { 'l.bin': new Uint8Array(10 * MIB + 1) });
    expect([large.status, large.body.code]).toEqual([413, 40005]);
    const part = new Uint8Array(9 * MIB);
    const whole = await kim.upload(channel, { 'a.bin': part, 'b.bin': part, 'c.bin': part });
    expect([whole.status, whole.body.code]).toEqual([413, 40005]);
    expect((await kim.upload(channel, { 'a.bin': new Uint8Array(10 * MIB) })).status).toBe(200);
  });
});

describe('editing and deleting', () => {
  test('other people’s messages: not edited at all, deleted by those who manage messages', async () => {
    const { body: sent } = await kim.send(channel, 'mine');
    const edit = await bot.edit(sent, 'yours');
    expect([edit.status, edit.body.code]).toEqual([403, 50005]);
    const robin = await personOf(sim, 'robin').delete(sent);
    expect([robin.status, robin.body.code]).toEqual([403, 50013]);
    expect((await bot.delete(sent)).status).toBe(204);
    expect((await bot.delete(sent)).body.code).toBe(10008);
  });

  test('many at once takes 2 to 100 fresh ids without duplicates', async () => {
    const path = `/channels/${channel}/messages/bulk-delete`;
    const ids: string[] = [];
    for (const text of ['a', 'b', 'c']) ids.push((await kim.send(channel, text)).body.id);
    const bulk = (messages: string[]) => bot.call('POST', path, { messages });
    const [id = ''] = ids;
    const old = snowflakeAt(Date.now() - 15 * 24 * 3600 * 1000);
    expect((await bulk(ids.slice(0, 1))).body.code).toBe(50016);
    expect((await bulk([id, id])).body.code).toBe(50035);
    expect((await bulk([id, old])).body.code).toBe(50034);
    expect(sim.world().log(channel).size).toBe(3);
    const ear = await kim.listen();
    expect((await bulk(ids.slice(0, 2))).status).toBe(204);
    await eventually(() => {
      expect(ear.of('MESSAGE_DELETE_BULK')[0]?.ids).toEqual(ids.slice(0, 2));
    });
    expect(sim.world().log(channel).size).toBe(1);
    ear.close();
  });
});

describe('pins and reactions', () => {
  test('are kept, listed and told', async () => {
    const { body: sent } = await kim.send(channel, 'keep');
    const ear = await kim.listen();
    expect((await bot.call('PUT', `/channels/${channel}/pins/${sent.id}`)).status).toBe(204);
    const { body: pins } = await bot.call('GET', `/channels/${channel}/messages/pins`);
    expect(pins.items[0].message).toMatchObject({ id: sent.id, pinned: true });
    await eventually(() => expect(ear.of('CHANNEL_PINS_UPDATE')).toHaveLength(1));
    await bot.react(sent, '✅');
    await kim.react(sent, '✅');
    const { body: message } = await bot.call('GET', `/channels/${channel}/messages/${sent.id}`);
    expect(message.reactions).toMatchObject([{ emoji: { name: '✅' }, count: 2 }]);
    expect((await bot.react(sent, 'nonsense')).body.code).toBe(10014);
    ear.close();
  });
});

describe('history', () => {
  test('refuses pages beyond a hundred and ids that are none', async () => {
    const list = (query: string) => bot.call('GET', `/channels/${channel}/messages?${query}`);
    expect((await list('limit=101')).body.code).toBe(50035);
    expect((await list('limit=0')).body.code).toBe(50035);
    expect((await list('before=abc')).body.errors.before._errors[0].message).toBe(
      'Value "abc" is not snowflake.',
    );
    const wrong = await bot.call('GET', '/channels/abc/messages');
    expect(wrong.body.errors.channel_id._errors[0].code).toBe('NUMBER_TYPE_COERCE');
  });

  test('pages before, after and around an id, newest first', async () => {
    const ids: string[] = [];
    for (let n = 0; n < 6; n += 1) ids.push((await kim.send(channel, `${n}`)).body.id);
    const list = async (query: string) => {
      const { body } = await bot.call('GET', `/channels/${channel}/messages?${query}`);
      return body.map((m: { content: string }) => m.content).join('');
    };
    expect(await list('limit=2')).toBe('54');
    expect(await list(`before=${ids[3]}&limit=2`)).toBe('21');
    expect(await list(`after=${ids[2]}&limit=2`)).toBe('43');
    expect(await list(`around=${ids[2]}&limit=3`)).toBe('321');
    expect(await list('after=0')).toBe('543210');
  });
});
