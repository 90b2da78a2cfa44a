import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import type { APIMessage } from 'discord.js';
import { download, ForeignLink } from '../../bot/inbound/download.ts';
import type { DomainEvent } from '../../src/domain/events.ts';
import { sendMessage } from '../../src/domain/messages/send.ts';
import { customer, type Desk, openDesk, openTicket, say, seen } from '../support/bridge.ts';
import {
  channelOf,
  type DiscordPerson,
  discordPerson,
  fault,
  marksOn,
  messagesIn,
  textsIn,
} from '../support/discord.ts';
import { eventually } from '../support/eventually.ts';

let desk: Desk;
let kim: DiscordPerson;
let ticket: Awaited<ReturnType<typeof openTicket>>;
let channelId: string;
const events: DomainEvent[] = [];

beforeAll(async () => {
  desk = await openDesk();
  await desk.bot();
  desk.ctx.bus.subscribe((event) => events.push(event));
  kim = discordPerson(desk.sim, 'kim');
});
afterAll(() => desk.end());
beforeEach(async () => {
  ticket = await openTicket(desk.ctx);
  channelId = (await channelOf(desk.sim, ticket.number)).id;
});

const contents = async () => (await seen(desk.ctx, ticket.id)).map(({ content }) => content);
const contentsAre = (wanted: string[]) =>
  eventually(async () => expect(await contents()).toEqual(wanted));
const marked = (id: string, wanted: string[]) =>
  eventually(async () => expect(await marksOn(desk.sim, channelId, id)).toEqual(wanted));
const told = (text: string) =>
  eventually(async () => {
    const lines = (await textsIn(desk.sim, channelId)).filter((line) => line.startsWith('-# '));
    expect(lines.join('\n')).toContain(text);
  });
const post = (body: object) =>
  kim.call<APIMessage>('POST', `/channels/${channelId}/messages`, body);

test('when something invisible, markup, a mention or a quote stands before //, then it is a note all the same', async () => {
  const { people } = desk.sim.state;
  const notes = ['\u200b// one', '**// two**', `<@${people.robin.id}> // three`, '> hm\n// four'];
  for (const note of notes) await marked((await kim.write(channelId, note)).id, ['📝']);
  await kim.write(channelId, 'for the customer');
  await contentsAre(['for the customer']);
  const seenByAll = events.filter(({ kind }) => kind !== 'internal_entry');
  expect(JSON.stringify(seenByAll)).not.toMatch(/two|three|four/);
});

test('when a command is typed as text, then it is not passed on and the writer is told', async () => {
  for (const text of ['/close solved', ' /level CRITICAL', '/clsoe spam']) {
    await marked((await kim.write(channelId, text)).id, ['❌']);
  }
  await told('looks like the command /close');
  await kim.write(channelId, '/foo bar');
  await contentsAre(['/foo bar']);
});

test('when somebody without a staff role writes in the channel, then it is not passed on', async () => {
  const mo = discordPerson(desk.sim, 'member');
  const allow = String((1n << 10n) | (1n << 11n));
  await discordPerson(desk.sim, 'admin').call(
    'PUT',
    `/channels/${channelId}/permissions/${mo.id}`,
    {
      type: 1,
      allow,
      deny: '0',
    },
  );
  await marked((await mo.write(channelId, 'I am nobody')).id, ['❌']);
  await told('no role of the support staff');
  await mo.type(channelId);
  await kim.write(channelId, 'I am somebody');
  await contentsAre(['I am somebody']);
  const typing = events.filter((event) => event.kind === 'typing');
  expect(typing.filter(({ ticket_id }) => ticket_id === ticket.id)).toEqual([]);
});

test('when a role was taken from somebody while the bot was away, then what they wrote is not passed on', async () => {
  const robin = discordPerson(desk.sim, 'robin');
  const ada = discordPerson(desk.sim, 'admin');
  const member = `/guilds/${desk.sim.state.guildId}/members/${robin.id}`;
  await robin.write(channelId, 'as one of the team');
  await contentsAre(['as one of the team']);
  await desk.stopBots();
  const late = await robin.write(channelId, 'as nobody');
  await ada.call('PATCH', member, { roles: [] });
  try {
    await desk.bot();
    await marked(late.id, ['❌']);
    expect(await contents()).toEqual(['as one of the team']);
  } finally {
    await ada.call('PATCH', member, { roles: [desk.sim.state.roles.support] });
  }
});

test('when a message has a sticker, then its text is passed on and staff are told of the rest', async () => {
  const { sticker } = desk.sim.state;
  const first = await post({ content: 'this one', sticker_ids: [sticker] });
  await contentsAre(['this one']);
  await marked(first.id, ['✅']);
  await told('the sticker "Wave"');
  const alone = await post({ sticker_ids: [sticker] });
  await marked(alone.id, ['❌']);
  expect(await contents()).toEqual(['this one']);
});

test('when a message is a poll or a forward, then staff are told that it is not passed on', async () => {
  const poll = await post({
    poll: {
      question: { text: 'Which?' },
      answers: [{ poll_media: { text: 'This' } }, { poll_media: { text: 'That' } }],
      duration: 1,
      allow_multiselect: false,
    },
  });
  await marked(poll.id, ['❌']);
  await told('the poll');
  const original = await kim.write(channelId, '// between us');
  const forward = await post({
    message_reference: { type: 1, channel_id: channelId, message_id: original.id },
  });
  await marked(forward.id, ['❌']);
  await told('the forwarded message');
  expect(await contents()).toEqual([]);
});

test('when a message has timestamps and mentions of what is gone, then the customer reads words', async () => {
  const gone = '999999999999999999';
  await kim.write(channelId, `call <t:1893456000:F>, <@&${gone}> <#${gone}> <id:customize>`);
  await contentsAre([
    'call 2030-01-01 00:00 UTC, @deleted-role #deleted-channel #Channels & Roles',
  ]);
});

test('when a file has a name that Discord cuts down, then the customer gets it whole', async () => {
  const data = Buffer.from('abc');
  await kim.attach(channelId, 'here', [{ name: 'résumé – 文書 №1.txt', data }]);
  await contentsAre(['here']);
  const [message] = await seen(desk.ctx, ticket.id);
  expect(message?.files.map(({ name }) => name)).toEqual(['résumé – 文書 №1.txt']);
});

test('when text becomes too long by the names in it, then it is refused with the reason', async () => {
  const { guildId } = desk.sim.state;
  const role = await discordPerson(desk.sim, 'admin').call<{ id: string }>(
    'POST',
    `/guilds/${guildId}/roles`,
    { name: 'N'.repeat(100) },
  );
  const long = await kim.write(channelId, `<@&${role.id}>`.repeat(80));
  await marked(long.id, ['❌']);
  await told('at most 4000 characters');
});

test('a file is fetched from the hosts of Discord alone, and no redirect is followed', async () => {
  const elsewhere = createServer((_, answer) => answer.end('a secret of the inside'));
  await new Promise<void>((resolve) => elsewhere.listen(0, '127.0.0.1', resolve));
  const { port } = elsewhere.address() as AddressInfo;
  const redirecting = createServer((_, answer) => {
    answer.writeHead(302, { location: `http://127.0.0.1:${port}/` }).end();
  });
  await new Promise<void>((resolve) => redirecting.listen(0, '127.0.0.1', resolve));
  const cdn = `http://127.0.0.1:${(redirecting.address() as AddressInfo).port}`;
  const hosts = { ...desk.config.discord, cdnUrl: cdn } as Parameters<typeof download>[0];
  try {
    for (const url of [
      `http://127.0.0.1:${port}/`,
      `${cdn}/attachments/1/2/a.txt`,
      'https://cdn.discordapp.com.evil.example/a',
      'http://cdn.discordapp.com/a',
      'https://user@evil.example/cdn.discordapp.com',
      'file:///etc/passwd',
      'not a link',
    ]) {
      await expect(download(hosts, url)).rejects.toThrow(ForeignLink);
    }
  } finally {
    elsewhere.close();
    redirecting.close();
  }
});

test('when a message with a file is deleted at once, then nothing is left behind', async () => {
  await fault(desk.sim, { kind: 'delay', path: '^/attachments/', ms: 400, times: 1 });
  await fault(desk.sim, { kind: 'status', path: '^/attachments/', status: 404 });
  const data = Buffer.from('abc');
  const secret = await kim.attach(channelId, '', [{ name: 'secret.txt', data }]);
  await kim.remove(channelId, secret.id);
  await kim.write(channelId, 'something else');
  await contentsAre(['something else']);
  const lines = (await messagesIn(desk.sim, channelId)).map(({ content }) => content);
  expect(lines.join()).not.toContain('secret.txt');
});

test('an answer says which message it answers, in both directions', async () => {
  const blue = await say(desk.ctx, ticket.id, 'Is it blue?');
  await say(desk.ctx, ticket.id, 'Is it big?');
  const shown = await eventually(async () => {
    const found = await messagesIn(desk.sim, channelId);
    expect(found.map(({ content }) => content)).toContain('**Ana**: Is it big?');
    return found.find(({ content }) => content === '**Ana**: Is it blue?') as APIMessage;
  });
  const answer = await post({ content: 'Yes', message_reference: { message_id: shown.id } });
  await contentsAre(['Is it blue?', 'Is it big?', 'Yes']);
  const [, , yes] = await seen(desk.ctx, ticket.id);
  expect(yes?.reply_to).toBe(blue.id);
  const body = { content: 'Thank you', reply_to: yes?.id as string };
  await sendMessage(desk.ctx, customer, ticket.id, body);
  await eventually(async () => {
    const thanks = (await messagesIn(desk.sim, channelId)).at(-1);
    expect(thanks?.content).toBe('**Ana**: Thank you');
    expect(thanks?.message_reference?.message_id).toBe(answer.id);
  });
  const note = await kim.write(channelId, '// hm');
  await marked(note.id, ['📝']);
  await post({ content: 'No more', message_reference: { message_id: note.id } });
  await eventually(async () =>
    expect((await seen(desk.ctx, ticket.id)).at(-1)).toMatchObject({
      content: 'No more',
      reply_to: null,
    }),
  );
});
