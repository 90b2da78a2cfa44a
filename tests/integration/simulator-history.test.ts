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

  test('may fail to download, like any call', async () => {
    const { body: sent } = await kim.upload(channel, { 'a.txt': 'data' });
    await fault({ kind: 'status', status: 503, path: '^/attachments/', times: 1 });
    const { url } = sent.attachments[0];
    expect((await fetch(url)).status).toBe(503);
    expect((await fetch(url)).status).toBe(200);
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
