import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { deleteMessage } from '../../src/domain/messages/change.ts';
import { sendNote } from '../../src/domain/messages/notes.ts';
import { sendMessage } from '../../src/domain/messages/send.ts';
import { changePost, forgetPosts, recordPost, removePosts } from '../../src/domain/mirror/posts.ts';
import { closeTicket } from '../../src/domain/tickets/close.ts';
import { reopenTicket } from '../../src/domain/tickets/status.ts';
import { agent, customer, type Desk, openDesk, openTicket, say, seen } from '../support/bridge.ts';
import {
  channelOf,
  channelsOf,
  clearFaults,
  discordPerson,
  messagesIn,
  textsIn,
} from '../support/discord.ts';
import { botThatDies } from '../support/dying-bot.ts';
import { eventually } from '../support/eventually.ts';

let desk: Desk;

beforeAll(async () => {
  desk = await openDesk();
});
afterAll(() => desk.end());
afterEach(async () => {
  await desk.stopBots();
  await clearFaults(desk.sim);
});

const patience = { timeout: 30_000 };
const begins = '-# The ticket was opened again. All that was said:';
const linkTo = (postId: string) =>
  `https://discord.com/channels/${desk.sim.state.guildId}/${desk.sim.state.channels.transcripts}/${postId}`;
const mirrorOf = (channelOrId: object) => desk.ctx.db.mirrors.collection.findOne(channelOrId);
const transcriptsOf = async (id: string) =>
  (await messagesIn(desk.sim, desk.sim.state.channels.transcripts)).filter(({ embeds }) =>
    embeds[0]?.footer?.text.startsWith(`Ticket ${id}`),
  );
const isClosed = (ticketNumber: number) =>
  eventually(async () => {
    expect(await channelsOf(desk.sim, ticketNumber)).toEqual([]);
    expect(await desk.ctx.db.mirrors.collection.countDocuments({ state: 'done' })).toBe(1);
  }, patience);

/** As the entry that opens it again will leave the row; there is no verb for it yet. */
const openAgain = (number: number) =>
  desk.ctx.db.tickets.collection.updateOne(
    { number },
    { $set: { status: 'OPEN', closed_at: null, close_reason: null } },
  );

test('when a ticket is open again, then it gets a channel with what was said, and closes again', async () => {
  const { ctx, sim } = desk;
  const first = await desk.bot();
  const ticket = await openTicket(ctx);
  await channelOf(sim, ticket.number);
  await say(ctx, ticket.id, 'one');
  await closeTicket(ctx, customer, ticket.id, {});
  await isClosed(ticket.number);
  expect(await mirrorOf({})).toMatchObject({ state: 'done', closing: 2 });
  await first.stop();
  await openAgain(ticket.number);
  // Another process, which has not seen it closed.
  const other = await desk.another();
  await desk.bot({ ctx: other.ctx });
  const channel = await channelOf(sim, ticket.number);
  const [kept] = await transcriptsOf(ticket.id);
  await eventually(async () => {
    const [note] = await textsIn(sim, channel.id);
    expect(note).toContain(
      `${begins} ${linkTo(kept?.id as string)} The newest of it:\n**Ana** <t:`,
    );
    expect(note).toMatch(/: one$/);
  }, patience);
  await say(other.ctx, ticket.id, 'two');
  await eventually(
    async () => expect((await textsIn(sim, channel.id)).at(-1)).toBe('**Ana**: two'),
    patience,
  );
  await closeTicket(other.ctx, customer, ticket.id, {});
  await isClosed(ticket.number);
  const all = await transcriptsOf(ticket.id);
  expect(all).toHaveLength(2);
  const page = await (await fetch(all[1]?.attachments[0]?.url as string)).text();
  expect(page).toContain('two');
  const row = await mirrorOf({});
  expect(row).toMatchObject({ state: 'done', closing: 4 });
  expect(row?.steps).toEqual(expect.arrayContaining(['notice@4', 'transcript@4', 'removed@4']));
}, 120_000);

/** So that what is told again takes two posts. */
const much = ` ${'x'.repeat(120)}`;

/** A closed ticket with more messages than are told again, and notes among the newest. */
async function converse() {
  const { ctx, sim } = desk;
  await ctx.db.mirrors.collection.deleteMany({});
  await ctx.db.tickets.collection.deleteMany({});
  const bot = await desk.bot();
  const ticket = await openTicket(ctx);
  await channelOf(sim, ticket.number);
  for (let n = 1; n <= 20; n++) await say(ctx, ticket.id, `web ${n}${much}`);
  await sendMessage(ctx, agent, ticket.id, { content: 'See *here*:\n> ```x```' });
  await sendNote(ctx, agent, ticket.id, { content: 'a known case' });
  const last = await say(ctx, ticket.id, `${'long '.repeat(200)}`);
  await say(ctx, ticket.id, 'taken back');
  await deleteMessage(ctx, customer, ticket.id, (await seen(ctx, ticket.id)).at(-1)?.id as string);
  await closeTicket(ctx, customer, ticket.id, {});
  await isClosed(ticket.number);
  await bot.stop();
  return { ticket, last };
}

/** What stands in the new channel once a word said after the reopening does, without that. */
async function told(ticket: { id: string; number: number }) {
  await say(desk.ctx, ticket.id, 'and then');
  const channel = await channelOf(desk.sim, ticket.number);
  await eventually(
    async () => expect((await textsIn(desk.sim, channel.id)).at(-1)).toBe('**Ana**: and then'),
    patience,
  );
  return (await textsIn(desk.sim, channel.id)).slice(0, -1);
}

test('in a ticket that was opened again stand a link and the last twenty messages and notes, once though the bot is killed', async () => {
  const { ticket } = await converse();
  await reopenTicket(desk.ctx, customer, ticket.id, undefined);
  // The card, the first part, which is found again; then the second.
  for (const [point, nth] of [
    ['after-post', 2],
    ['before-post', 1],
  ] as const) {
    const { died } = await botThatDies(desk, point, nth);
    await died;
  }
  await desk.bot();
  const posts = await told(ticket);
  const [transcript] = await transcriptsOf(ticket.id);
  expect(posts[0]).toContain(`${begins} ${linkTo(transcript?.id as string)} The newest of it:`);
  const lines = posts.flatMap((post) => post.split('\n')).filter((line) => !line.startsWith('-#'));
  const texts = lines.map((line) => line.replace(/ <t:\d+:f>: /, '|'));
  const web = Array.from({ length: 17 }, (_, n) => `**Ana**|web ${n + 4}${much}`);
  expect(texts).toEqual([
    ...web,
    '**Bob** (staff)|See \\*here\\*: > \\`\\`\\`x\\`\\`\\`',
    '📝 **note** · **Bob**|a known case',
    expect.stringMatching(/^\*\*Ana\*\*\|(long )+long…$/),
  ]);
}, 120_000);

test('where the transcript is not there any more all of it is attached', async () => {
  const { ticket } = await converse();
  const [transcript] = await transcriptsOf(ticket.id);
  const admin = discordPerson(desk.sim, 'admin');
  await admin.remove(desk.sim.state.channels.transcripts, transcript?.id as string);
  await reopenTicket(desk.ctx, customer, ticket.id, undefined);
  await desk.bot();
  const [note] = await told(ticket);
  expect(note).toContain('The ticket was opened again. What was said is attached');
}, 120_000);

test('when a closing half done was written before its steps named it, then it goes on there', async () => {
  const { ctx, sim } = desk;
  await ctx.db.mirrors.collection.deleteMany({});
  await ctx.db.tickets.collection.deleteMany({});
  const first = await desk.bot();
  const ticket = await openTicket(ctx);
  const channel = await channelOf(sim, ticket.number);
  await eventually(async () => expect((await mirrorOf({}))?.steps).toContain('described'));
  await first.stop();
  await closeTicket(ctx, customer, ticket.id, {});
  const steps = ['pinned', 'described', 'notice', 'transcript'];
  const old = { $set: { steps, seq: 1 }, $unset: { closing: 1, pending: 1, deferred: 1 } };
  await ctx.db.mirrors.collection.updateOne({ channel_id: channel.id }, old);
  await desk.bot();
  await isClosed(ticket.number);
  expect(await transcriptsOf(ticket.id)).toEqual([]);
}, 120_000);

test('a bot whose lease is older touches no link that a newer one has written', async () => {
  const { ctx } = desk;
  const ticket = await openTicket(ctx);
  const message = await say(ctx, ticket.id, 'one');
  const post = {
    id: '1',
    ticket_id: ticket.id,
    channel_id: '2',
    message_id: message.id,
    seq: 1,
    part: 0,
    direction: 'out' as const,
    hash: '',
    edited: 0,
    files: [],
  };
  await recordPost(ctx, { ...post, epoch: 2 });
  await expect(recordPost(ctx, { ...post, epoch: 1 })).rejects.toThrow(/lease is lost/);
  await forgetPosts(ctx, ticket.id, 1);
  await removePosts(ctx, ['1'], 1);
  await changePost(ctx, '1', { hash: 'stale' }, 1);
  const row = await ctx.db.posts.collection.findOne({ _id: '1' as never });
  expect(row).toMatchObject({ epoch: 2, hash: '' });
  // A newer post of the same part takes the place of an older one.
  await recordPost(ctx, { ...post, id: '3', epoch: 2 });
  expect(await ctx.db.posts.collection.countDocuments({ part: 0, ticket_id: row?.ticket_id })).toBe(
    1,
  );
});
