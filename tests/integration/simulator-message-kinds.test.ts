import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { Client, GatewayIntentBits, type Message } from 'discord.js';
import { botOf, type Person, personOf } from '../../simulator/person.ts';
import type { RunningSimulator } from '../../simulator/server.ts';
import { fault, startDiscord } from '../support/discord.ts';
import { eventually } from '../support/eventually.ts';

let sim: RunningSimulator;
let client: Client<true>;
let bot: Person;
let kim: Person;
let channel: string;
let heard: Message[];

beforeAll(async () => {
  sim = await startDiscord();
  bot = botOf(sim);
  kim = personOf(sim, 'kim');
});
beforeEach(async () => {
  channel = sim.state.channels.transcripts;
  heard = [];
  const { Guilds, GuildMessages, MessageContent } = GatewayIntentBits;
  client = new Client({
    intents: [Guilds, GuildMessages, MessageContent],
    rest: { api: sim.apiUrl, version: '10' },
  });
  client.on('messageCreate', (message) => heard.push(message));
  await client.login(sim.state.bot.token);
});
afterEach(async () => {
  await client.destroy();
  sim.reset();
});
afterAll(() => sim.close());

/** The message discord.js was told of last. */
function told(): Promise<Message> {
  return eventually(() => {
    const message = heard.at(-1);
    if (!message) throw new Error('nothing was heard');
    return message;
  });
}

const poll = {
  question: { text: 'Which?' },
  answers: [{ poll_media: { text: 'This' } }, { poll_media: { text: 'That' } }],
  duration: 1,
};

describe('a sticker', () => {
  test.each([
    ['alone', ''],
    ['with text', 'this one'],
  ])('%s comes as the message’s sticker', async (_how, content) => {
    const sent = await kim.send(channel, { content, sticker_ids: [sim.state.sticker] });
    expect(sent.status).toBe(200);
    const message = await told();
    expect(message.content).toBe(content);
    expect(message.stickers.map((one) => one.name)).toEqual(['Wave']);
  });

  test('that is not there is refused', async () => {
    const { body } = await kim.send(channel, { sticker_ids: ['123456789012345678'] });
    expect(body.code).toBe(50081);
  });
});

describe('a poll', () => {
  test('comes with its question and answers, ends and leaves its result', async () => {
    const { body: sent } = await kim.send(channel, { poll });
    const message = await told();
    expect(message.content).toBe('');
    expect(message.poll?.question.text).toBe('Which?');
    expect(message.poll?.answers.map((one) => one.text)).toEqual(['This', 'That']);
    expect((await kim.edit(sent, 'changed')).body.code).toBe(520003);
    const path = `/channels/${channel}/polls/${sent.id}/expire`;
    expect((await bot.call('POST', path)).body.code).toBe(50005);
    expect((await kim.call('POST', path)).body.poll.results.is_finalized).toBe(true);
    expect((await kim.call('POST', path)).body.code).toBe(520001);
    await eventually(() => expect(heard.at(-1)?.type).toBe(46));
  });

  test('without answers is refused at its place', async () => {
    const { body } = await kim.send(channel, { poll: { ...poll, answers: [] } });
    expect(body.errors.poll.answers._errors[0].code).toBe('BASE_TYPE_BAD_LENGTH');
  });
});

describe('a forward', () => {
  const forward = (from: { channel_id: string; id: string }, more = {}) => ({
    message_reference: { type: 1, channel_id: from.channel_id, message_id: from.id },
    ...more,
  });

  test('shows the message as it was, with files of its own, in an empty message', async () => {
    const { body: first } = await kim.upload(channel, { 'a.txt': 'abc' }, { content: 'original' });
    const { errors } = sim.state.channels;
    const { status, body: sent } = await kim.send(errors, forward(first));
    expect(status).toBe(200);
    await kim.delete(first);
    const message = await eventually(async () => {
      const last = await told();
      expect(last.id).toBe(sent.id);
      return last;
    });
    expect([message.content, message.flags.has('HasSnapshot')]).toEqual(['', true]);
    expect(message.reference).toMatchObject({ type: 1, messageId: first.id });
    const snapshot = message.messageSnapshots.first();
    expect(snapshot?.content).toBe('original');
    const file = snapshot?.attachments.first();
    expect(await (await fetch(file?.url ?? '')).text()).toBe('abc');
  });

  test('is refused with text of its own, of what is not there and of what is hidden', async () => {
    const { body: first } = await kim.send(channel, 'original');
    expect((await kim.send(channel, forward(first, { content: 'look' }))).body.code).toBe(50035);
    const gone = { channel_id: channel, id: '123456789012345678' };
    expect((await kim.send(channel, forward(gone))).body.code).toBe(50035);
    const outsider = personOf(sim, 'member');
    const { body: open } = await bot.call('POST', `/guilds/${sim.state.guildId}/channels`, {
      name: 'open',
    });
    expect((await outsider.send(open.id, forward(first))).body.code).toBe(50001);
  });
});

describe('a voice message', () => {
  const VOICE = 8192;
  const attachments = [{ id: '0', duration_secs: 1.5, waveform: 'AAAA' }];

  test('is one audio file with its length, and nothing else', async () => {
    const files = { 'voice-message.ogg': 'sound' };
    const sent = await kim.upload(channel, files, { flags: VOICE, attachments });
    expect(sent.status).toBe(200);
    const message = await told();
    expect(message.flags.has('IsVoiceMessage')).toBe(true);
    expect(message.attachments.first()).toMatchObject({ duration: 1.5, waveform: 'AAAA' });
    expect((await kim.edit(sent.body, 'words')).body.code).toBe(50162);
    const talk = { flags: VOICE, attachments, content: 'words' };
    expect((await kim.upload(channel, files, talk)).body.code).toBe(50159);
    expect((await kim.send(channel, { flags: VOICE })).body.code).toBe(50160);
    expect((await kim.upload(channel, files, { flags: VOICE })).body.code).toBe(50161);
  });
});

describe('a reply', () => {
  test('shows what it answers, and null once that is deleted', async () => {
    const { body: asked } = await bot.send(channel, 'Is it blue?');
    const { body: sent } = await kim.send(channel, {
      content: 'Yes',
      message_reference: { message_id: asked.id },
    });
    expect(sent.referenced_message).toMatchObject({ id: asked.id, content: 'Is it blue?' });
    await bot.delete(asked);
    const { body: later } = await bot.call('GET', `/channels/${channel}/messages/${sent.id}`);
    expect(later).toMatchObject({ type: 19, referenced_message: null });
    expect(later.message_reference.message_id).toBe(asked.id);
  });

  test('does not answer what Discord itself wrote', async () => {
    const { body: sent } = await bot.send(channel, 'pin me');
    await bot.call('PUT', `/channels/${channel}/messages/pins/${sent.id}`);
    const notice = sim.world().log(channel).all().at(-1);
    const { body } = await kim.send(channel, {
      content: 'x',
      message_reference: { message_id: notice?.id },
    });
    expect(JSON.stringify(body.errors)).toContain('REPLIES_CANNOT_REPLY_TO_SYSTEM_MESSAGE');
  });
});

describe('the name of a file', () => {
  test.each([
    ['résumé – 文書 №1.txt', 'rsum___1.txt', 'résumé – 文書 №1'],
    ['😀.png', '.png', '😀'],
    ['plain.txt', 'plain.txt', undefined],
  ])('%s is kept as %s, with what it was as title', async (name, filename, title) => {
    const { body } = await kim.upload(channel, { [name]: 'x' });
    expect(body.attachments[0].filename).toBe(filename);
    expect(body.attachments[0].title).toBe(title);
  });
});

describe('text that Discord alters', () => {
  test('is stored altered, and told and fetched so', async () => {
    const alterations = [
      { pattern: '[\\u200b\\u202e]', with: '' },
      { pattern: '’', with: "'" },
    ];
    await fault(sim, { kind: 'set', settings: { alterations } });
    const { body } = await bot.send(channel, 'it’s\u200b \u202ehere');
    expect(body.content).toBe("it's here");
    expect((await told()).content).toBe("it's here");
    expect((await bot.edit(body, 'it’s gone')).body.content).toBe("it's gone");
    expect((await bot.send(channel, '\u200b')).body.code).toBe(50006);
  });

  test('never holds null characters or halves of characters, and is trimmed', async () => {
    expect((await bot.send(channel, ' a\0b\ud83dc ')).body.content).toBe('abc');
  });

  test('keeps the markup of times, of guild pages and of what is gone', async () => {
    const { body: role } = await bot.call('POST', `/guilds/${sim.state.guildId}/roles`, {
      name: 'Short',
      mentionable: true,
    });
    const gone = `<@&${role.id}> <#123456789012345678> <@123456789012345679>`;
    const content = `<t:1893456000:F> <id:customize> ${gone}`;
    expect((await kim.send(channel, content)).body.mention_roles).toEqual([role.id]);
    await bot.call('DELETE', `/guilds/${sim.state.guildId}/roles/${role.id}`);
    const { body } = await kim.send(channel, content);
    expect(body).toMatchObject({ content, mentions: [], mention_roles: [] });
  });
});

describe('an edit', () => {
  test('of text and files at once may leave nothing, one of the text alone may not', async () => {
    const { body: sent } = await kim.upload(channel, { 'a.txt': 'a' }, { content: 'text' });
    const { body: plain } = await kim.send(channel, 'text');
    expect((await kim.edit(plain, { content: '' })).body.code).toBe(50006);
    for (const message of [sent, plain]) {
      const { status, body } = await kim.edit(message, { content: '', attachments: [] });
      expect([status, body.content, body.attachments]).toEqual([200, '', []]);
    }
  });

  test('that hides previews is none: the time of the last edit stays', async () => {
    const { body: sent } = await kim.send(channel, 'see https://example.com/');
    const ear = await kim.listen();
    await eventually(() => {
      expect(sim.world().log(channel).get(sent.id)?.embeds).toHaveLength(1);
    });
    await bot.edit(sent, { flags: 4 });
    await eventually(() => {
      expect(ear.of('MESSAGE_UPDATE').at(-1)).toMatchObject({
        content: 'see https://example.com/',
        embeds: [],
        flags: 4,
        edited_timestamp: null,
      });
    });
    ear.close();
  });
});

describe('a proxy bot', () => {
  test.each([
    ['delete', ['MESSAGE_DELETE', 'MESSAGE_CREATE']],
    ['post', ['MESSAGE_CREATE', 'MESSAGE_DELETE']],
  ])('repeats a message by webhook, and can %s first', async (first, order) => {
    const { body: said } = await kim.upload(channel, { 'a.txt': 'abc' }, { content: 'K: I will' });
    const ear = await kim.listen();
    const place = { channel_id: channel, message_id: said.id };
    await fault(sim, { kind: 'proxy-message', ...place, content: 'I will', name: 'Kay', first });
    await eventually(() => expect(ear.events.slice(-2).map((one) => one.t)).toEqual(order));
    const [copy] = ear.of('MESSAGE_CREATE');
    expect(copy).toMatchObject({ content: 'I will', author: { username: 'Kay', bot: true } });
    expect(copy.webhook_id).toBe(copy.author.id);
    expect(await (await fetch(copy.attachments[0].url)).text()).toBe('abc');
    expect(sim.world().log(channel).size).toBe(1);
    ear.close();
  });
});

describe('a thread of a channel', () => {
  test('holds messages of its own, which the bot is told of', async () => {
    const { body: top } = await kim.send(channel, 'topic');
    const path = `/channels/${channel}/messages/${top.id}/threads`;
    const { body: thread } = await kim.call('POST', path, { name: 'Aside' });
    await kim.send(thread.id, 'between us');
    await eventually(() => {
      const last = heard.at(-1);
      expect(last).toMatchObject({ content: 'between us', channelId: thread.id });
      expect(last?.channel.isThread() && last.channel.parentId).toBe(channel);
    });
  });
});
