import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { readMessage } from '../../src/domain/log/message-reads.ts';
import { sendNote } from '../../src/domain/messages/notes.ts';
import { addReaction, removeReaction } from '../../src/domain/messages/react.ts';
import { agent, customer, type Desk, openDesk, openTicket, say, seen } from '../support/bridge.ts';
import {
  channelOf,
  clearFaults,
  type DiscordPerson,
  discordPerson,
  fault,
  marksOn,
  messagesIn,
} from '../support/discord.ts';
import { eventually } from '../support/eventually.ts';

let desk: Desk;
let kim: DiscordPerson;
let ticketId: string;
let channelId: string;

beforeAll(async () => {
  desk = await openDesk();
  await desk.bot();
  kim = discordPerson(desk.sim, 'kim');
});
afterAll(() => desk.end());
afterEach(() => clearFaults(desk.sim));
beforeEach(async () => {
  const ticket = await openTicket(desk.ctx);
  ticketId = ticket.id;
  channelId = (await channelOf(desk.sim, ticket.number)).id;
});

const publicLog = () => ({ ticketId, stream: 'public' }) as const;
const internalLog = () => ({ ticketId, stream: 'internal' }) as const;

/** The post of a text, as soon as it stands in the channel. */
const postOf = (text: string) =>
  eventually(async () => {
    const found = (await messagesIn(desk.sim, channelId)).find(({ content }) => content === text);
    if (!found) throw new Error(`"${text}" is not there`);
    return found.id;
  });
const reactionPath = (id: string, emoji: string, whose = '@me') =>
  `/channels/${channelId}/messages/${id}/reactions/${encodeURIComponent(emoji)}/${whose}`;
const firstId = async () => (await seen(desk.ctx, ticketId))[0]?.id as string;
const kimReacts = (id: string, emoji: string) => kim.call('PUT', reactionPath(id, emoji));
const kimTakesBack = (id: string, emoji: string) => kim.call('DELETE', reactionPath(id, emoji));
const shown = (id: string, wanted: string[]) =>
  eventually(async () => expect(await marksOn(desk.sim, channelId, id)).toEqual(wanted));

/** Who has reacted to a message of the log, and how. */
const reactionsAre = (log: Parameters<typeof readMessage>[1], id: string, wanted: string[]) =>
  eventually(async () => {
    const message = await readMessage(desk.ctx.db, log, id);
    expect(message?.reactions.map(({ emoji, author }) => `${author.name} ${emoji}`)).toEqual(
      wanted,
    );
  });

test('staff’s reaction to a customer’s message is the customer’s to see, until it is taken back', async () => {
  const { id } = await say(desk.ctx, ticketId, 'is it the light?');
  const post = await postOf('**Ana**: is it the light?');
  await kimReacts(post, '👍');
  await kimReacts(post, '❤');
  await reactionsAre(publicLog(), id, ['Kim 👍', 'Kim ❤️']);
  await kimTakesBack(post, '👍');
  await reactionsAre(publicLog(), id, ['Kim ❤️']);
  // What came from Discord is there already.
  expect(await marksOn(desk.sim, channelId, post)).toEqual(['❤']);
});

test('a reaction is passed on while Discord tells nothing of members, and holds up no message', async () => {
  const { id } = await say(desk.ctx, ticketId, 'is it the light?');
  const post = await postOf('**Ana**: is it the light?');
  await fault(desk.sim, { kind: 'status', method: 'GET', path: '/members/', status: 500 });
  await kimReacts(post, '👍');
  await discordPerson(desk.sim, 'member')
    .call('PUT', reactionPath(post, '🎉'))
    .catch(() => undefined);
  await kim.write(channelId, 'Less sun, please');
  await reactionsAre(publicLog(), id, ['Kim 👍']);
  await eventually(async () => expect((await seen(desk.ctx, ticketId)).length).toBe(2));
});

test('a reaction that is there before Discord has answered the post is passed on, and may be taken back at once', async () => {
  const path = `/channels/${channelId}/messages$`;
  const content = 'is it the light';
  await fault(desk.sim, { kind: 'delay', method: 'POST', path, content, when: 'after', ms: 1500 });
  const { id } = await say(desk.ctx, ticketId, 'is it the light?');
  const post = await postOf('**Ana**: is it the light?');
  for (const emoji of ['👍', '🎉']) await kimReacts(post, emoji);
  await kimTakesBack(post, '👍');
  await reactionsAre(publicLog(), id, ['Kim 🎉']);
  // Nothing was set again behind its back.
  await kim.write(channelId, 'Less sun, please');
  await eventually(async () => expect((await seen(desk.ctx, ticketId)).length).toBe(2));
  await reactionsAre(publicLog(), id, ['Kim 🎉']);
});

test('a ticket’s owner is its customer, whatever their role', async () => {
  const owner = { ...customer, role: 'AGENT' as const };
  const { id } = await say(desk.ctx, ticketId, 'my own parcel', owner);
  const post = await postOf('**Ana** (staff): my own parcel');
  await kimReacts(post, '👍');
  await reactionsAre(publicLog(), id, ['Kim 👍']);
});

test('a moderator clears one emoji, or all of them', async () => {
  const { id } = await say(desk.ctx, ticketId, 'hello');
  const post = await postOf('**Ana**: hello');
  for (const emoji of ['👍', '🎉', '🌿']) await kimReacts(post, emoji);
  await reactionsAre(publicLog(), id, ['Kim 👍', 'Kim 🎉', 'Kim 🌿']);
  const admin = discordPerson(desk.sim, 'admin');
  const all = `/channels/${channelId}/messages/${post}/reactions`;
  await admin.call('DELETE', `${all}/${encodeURIComponent('🎉')}`);
  await reactionsAre(publicLog(), id, ['Kim 👍', 'Kim 🌿']);
  await admin.call('DELETE', all);
  await reactionsAre(publicLog(), id, []);
});

test('reactions among staff, by others, and with a server’s own pictures stay in Discord', async () => {
  const own = await kim.write(channelId, 'Good morning');
  await shown(own.id, ['✅']);
  const { id } = await say(desk.ctx, ticketId, 'good morning to you');
  const post = await postOf('**Ana**: good morning to you');
  await kimReacts(own.id, '😀');
  await kim.call('PUT', reactionPath(post, 'fern:123456789012345678'));
  await kimReacts(post, '👍');
  await reactionsAre(publicLog(), id, ['Kim 👍']);
  const [said] = await seen(desk.ctx, ticketId);
  expect(said).toMatchObject({ content: 'Good morning', reactions: [] });
});

test('staff’s reaction to a note stays in the internal log', async () => {
  const { note } = await sendNote(desk.ctx, agent, ticketId, { content: 'ask the packers' });
  const post = await eventually(async () => {
    const all = await messagesIn(desk.sim, channelId);
    const found = all.find(({ content }) => content.includes('ask the packers'));
    if (!found) throw new Error('the note is not there');
    return found.id;
  });
  await kimReacts(post, '👀');
  await reactionsAre(internalLog(), note.id, ['Kim 👀']);
  expect(await seen(desk.ctx, ticketId)).toEqual([]);
});

test('a customer’s reaction is shown by the bot, once, and never as one of its marks', async () => {
  const post = await kim.write(channelId, 'Less sun, please');
  await shown(post.id, ['✅']);
  const id = await firstId();
  await addReaction(desk.ctx, customer, publicLog(), id, '👍');
  await shown(post.id, ['✅', '👍']);
  await addReaction(desk.ctx, customer, publicLog(), id, '✅');
  await shown(post.id, ['✅', '👍', '☑️']);
  await removeReaction(desk.ctx, customer, publicLog(), id, '✅');
  await shown(post.id, ['✅', '👍']);
  await removeReaction(desk.ctx, customer, publicLog(), id, '👍');
  await shown(post.id, ['✅']);
  // Its own reactions come back from the gateway, and are nobody's.
  await reactionsAre(publicLog(), id, []);
});

test.each([
  ['has as many as it takes', 30010, 400],
  ['has blocked the bot', 90001, 403],
  ['is gone', 10008, 404],
])(
  'where the message %s, then the reaction is not shown and all else goes on',
  async (_why, code, status) => {
    const post = await kim.write(channelId, 'Less sun, please');
    await shown(post.id, ['✅']);
    const id = await firstId();
    await fault(desk.sim, {
      kind: 'status',
      method: 'PUT',
      path: '/reactions/',
      status,
      code,
      times: 1,
    });
    await addReaction(desk.ctx, customer, publicLog(), id, '👍');
    await say(desk.ctx, ticketId, 'and water?');
    await postOf('**Ana**: and water?');
    await addReaction(desk.ctx, customer, publicLog(), id, '🎉');
    await shown(post.id, ['✅', '👍', '🎉']);
  },
);

test('a reaction that Discord does not take for a while is shown when it does, and holds nothing up', async () => {
  const post = await kim.write(channelId, 'Less sun, please');
  await shown(post.id, ['✅']);
  const id = await firstId();
  await fault(desk.sim, {
    kind: 'status',
    method: 'PUT',
    path: '/reactions/',
    status: 500,
    times: 2,
  });
  await addReaction(desk.ctx, customer, publicLog(), id, '👍');
  await say(desk.ctx, ticketId, 'and water?');
  await postOf('**Ana**: and water?');
  await shown(post.id, ['✅', '👍']);
});
