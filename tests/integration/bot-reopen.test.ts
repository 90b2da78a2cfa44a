import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { changePost, forgetPosts, recordPost, removePosts } from '../../src/domain/mirror/posts.ts';
import { closeTicket } from '../../src/domain/tickets/close.ts';
import { customer, type Desk, openDesk, openTicket, say } from '../support/bridge.ts';
import { channelOf, channelsOf, clearFaults, messagesIn, textsIn } from '../support/discord.ts';
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

const patience = { timeout: 15_000 };
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
  await eventually(async () => {
    const [note] = await textsIn(sim, channel.id);
    expect(note).toBe('-# The ticket was opened again. What was said is attached.');
  }, patience);
  await say(other.ctx, ticket.id, 'two');
  await eventually(
    async () => expect((await textsIn(sim, channel.id)).at(-1)).toBe('**Ana**: two'),
    patience,
  );
  await closeTicket(other.ctx, customer, ticket.id, {});
  await isClosed(ticket.number);
  const kept = await transcriptsOf(ticket.id);
  expect(kept).toHaveLength(2);
  const page = await (await fetch(kept[1]?.attachments[0]?.url as string)).text();
  expect(page).toContain('two');
  const row = await mirrorOf({});
  expect(row).toMatchObject({ state: 'done', closing: 4 });
  expect(row?.steps).toEqual(expect.arrayContaining(['notice@4', 'transcript@4', 'removed@4']));
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
