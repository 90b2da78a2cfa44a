import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import type { DomainEvent } from '../../src/domain/events.ts';
import { deleteMessage } from '../../src/domain/messages/change.ts';
import { closeTicket } from '../../src/domain/tickets/close.ts';
import { agent, customer, type Desk, openDesk, openTicket, say, seen } from '../support/bridge.ts';
import {
  channelOf,
  type DiscordPerson,
  discordPerson,
  fault,
  messagesIn,
  textsIn,
} from '../support/discord.ts';
import { eventually } from '../support/eventually.ts';

let desk: Desk;
let kim: DiscordPerson;
let ticket: Awaited<ReturnType<typeof openTicket>>;
// biome-ignore lint/suspicious/noExplicitAny: a channel as Discord renders one
let channel: any;
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
  channel = await channelOf(desk.sim, ticket.number);
});

const arrived = (count: number) =>
  eventually(async () => {
    const messages = await seen(desk.ctx, ticket.id);
    expect(messages).toHaveLength(count);
    return messages;
  });

const marksOn = async (id: string) => {
  const all = await messagesIn(desk.sim, channel.id);
  const message = all.find((one) => one.id === id);
  return (message?.reactions ?? []).map(({ emoji }) => emoji.name);
};
const entriesOf = (id: string) =>
  events.flatMap((event) =>
    event.kind === 'entry' && event.entry.ticket_id === id ? [event.entry] : [],
  );

test('messages reach the customer live, with names and the time they were written, and get a ✅', async () => {
  const post = await kim.write(channel.id, 'Hello Ana');
  const ada = discordPerson(desk.sim, 'admin');
  await ada.write(channel.id, 'I am the boss');
  const messages = await arrived(2);
  expect(messages).toMatchObject([
    {
      author_name: 'Kim',
      author_role: 'AGENT',
      // Kim's id in Discord stays with the staff.
      author_id: expect.stringMatching(/^staff-/),
      content: 'Hello Ana',
    },
    { author_name: 'Ada', author_role: 'ADMIN', content: 'I am the boss' },
  ]);
  expect(messages[0]?.created_at).toBe(Date.parse(post.timestamp));
  expect(entriesOf(ticket.id)[0]).toMatchObject({ type: 'message', origin: 'discord' });
  await eventually(async () => expect(await marksOn(post.id)).toEqual(['✅']));
});

test('mentions and emojis become readable', async () => {
  const { people, roles } = desk.sim.state;
  await kim.write(
    channel.id,
    `ask <@${people.robin.id}> or <@&${roles.developer}> in <#${channel.id}> <:wave:123456789012345678>`,
  );
  const [message] = await arrived(1);
  expect(message?.content).toBe(`ask @Robin or @Developer in #${channel.name} :wave:`);
});

test('of two edits in one millisecond the later one stands', async () => {
  const edit = (id: string, text: string) => kim.edit(channel.id, id, text);
  for (let n = 0; ; n++) {
    if (n === 40) throw new Error('no two edits fell into one millisecond');
    const { id } = await kim.write(channel.id, `first ${n}`);
    await arrived(n + 1);
    const [one, two] = await Promise.all([edit(id, `one ${n}`), edit(id, `two ${n}`)]);
    const now = (await messagesIn(desk.sim, channel.id)).find((post) => post.id === id);
    const at = async () => (await seen(desk.ctx, ticket.id)).at(-1);
    await eventually(async () => expect((await at())?.edited).toBe(true));
    if (one.edited_timestamp !== two.edited_timestamp) continue;
    await eventually(async () => expect((await at())?.content).toBe(now?.content));
    // Both were written down, each as an edit of its own.
    const texts = entriesOf(ticket.id).flatMap((entry) =>
      entry.type === 'edit' ? [entry.content] : [],
    );
    expect(texts.slice(-2).toSorted()).toEqual([`one ${n}`, `two ${n}`]);
    return;
  }
});

test('edits reach the customer, link previews do not', async () => {
  const post = await kim.write(channel.id, 'see https://a.example/page');
  await arrived(1);
  await kim.edit(channel.id, post.id, 'see https://b.example/page');
  await eventually(async () => {
    const [message] = await seen(desk.ctx, ticket.id);
    expect(message).toMatchObject({ content: 'see https://b.example/page', edited: true });
  });
  await eventually(async () => {
    const found = (await messagesIn(desk.sim, channel.id)).find(({ id }) => id === post.id);
    expect(found?.embeds.length).toBeGreaterThan(0);
  });
  await kim.write(channel.id, 'after the preview');
  await arrived(2);
  expect(entriesOf(ticket.id).map(({ type }) => type)).toEqual([
    'message',
    'ticket_change',
    'edit',
    'message',
  ]);
});

test('deletions reach the customer, one by one and in bulk', async () => {
  const posts = [];
  for (const text of ['one', 'two', 'three']) posts.push(await kim.write(channel.id, text));
  await arrived(3);
  await kim.remove(channel.id, posts[0]?.id as string);
  await arrived(2);
  const { state, apiUrl } = desk.sim;
  const answer = await fetch(`${apiUrl}/v10/channels/${channel.id}/messages/bulk-delete`, {
    method: 'POST',
    headers: { authorization: `Bot ${state.bot.token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ messages: posts.slice(1).map(({ id }) => id) }),
  });
  expect(answer.status).toBe(204);
  await arrived(0);
});

test('attachments are copied, so that they outlive the links of Discord', async () => {
  const data = Buffer.from('the bill');
  const post = await kim.attach(channel.id, '', [{ name: 'bill.txt', data }]);
  const [message] = await arrived(1);
  expect(message?.content).toBe('');
  expect(message?.files).toMatchObject([{ name: 'bill.txt', size: data.length }]);
  await fault(desk.sim, { kind: 'expire-attachments' });
  const stored = desk.ctx.files.read(message?.files[0]?.id as string);
  expect(await buffer(stored)).toEqual(data);
  await kim.edit(channel.id, post.id, 'with words');
  await eventually(async () => {
    const [edited] = await seen(desk.ctx, ticket.id);
    expect(edited).toMatchObject({ content: 'with words', edited: true });
    expect(edited?.files.map(({ id }) => id)).toEqual(message?.files.map(({ id }) => id));
  });
});

test('a link that has died on the way is renewed', async () => {
  await fault(desk.sim, { kind: 'status', path: '^/attachments/', status: 404, times: 1 });
  await kim.attach(channel.id, 'here', [{ name: 'a.txt', data: Buffer.from('abc') }]);
  const [message] = await arrived(1);
  expect(message?.files).toMatchObject([{ name: 'a.txt' }]);
});

test('remarks for the staff stay with the staff', async () => {
  const remark = await kim.write(channel.id, '// he seems upset');
  await eventually(async () => expect(await marksOn(remark.id)).toEqual(['📝']));
  const post = await kim.write(channel.id, 'How can I help?');
  await arrived(1);
  await kim.edit(channel.id, remark.id, '// he seems calm');
  await kim.edit(channel.id, post.id, '// never mind');
  await arrived(0);
  expect(JSON.stringify(entriesOf(ticket.id))).not.toContain('seems');
});

test('what staff delete over REST vanishes from Discord, and what a bot says is not relayed', async () => {
  await kim.write(channel.id, 'a slip');
  const [message] = await arrived(1);
  await say(desk.ctx, ticket.id, 'from the web', agent);
  await deleteMessage(desk.ctx, agent, ticket.id, message?.id as string);
  await eventually(async () =>
    expect(await textsIn(desk.sim, channel.id)).toEqual(['**Bob** (staff): from the web']),
  );
  expect(await seen(desk.ctx, ticket.id)).toHaveLength(1);
});

test('what comes after the end is refused, visibly', async () => {
  // The closing waits for Discord, so that the channel is still there.
  await fault(desk.sim, {
    kind: 'status',
    method: 'POST',
    path: desk.sim.state.channels.transcripts,
    status: 500,
    times: 4,
  });
  await closeTicket(desk.ctx, customer, ticket.id, {});
  const late = await kim.write(channel.id, 'one more thing');
  await eventually(async () => expect(await marksOn(late.id)).toEqual(['❌']));
  await eventually(async () =>
    expect(await textsIn(desk.sim, channel.id)).toContain('-# Not passed on: the ticket is closed'),
  );
  expect(await seen(desk.ctx, ticket.id)).toEqual([]);
});

test('staff who write are shown as typing', async () => {
  // Nobody keeps who is typing: the bot has to know the channel by then.
  await eventually(async () => expect(await messagesIn(desk.sim, channel.id)).toHaveLength(1));
  await kim.type(channel.id);
  await kim.type(channel.id);
  await eventually(() => {
    const typing = events.filter(
      (event) => event.kind === 'typing' && event.ticket_id === ticket.id,
    );
    expect(typing).toMatchObject([{ by: { name: 'Kim', role: 'AGENT' } }]);
  });
});
