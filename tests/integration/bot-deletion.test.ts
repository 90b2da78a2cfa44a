import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { systemActor } from '../../src/domain/access/actor.ts';
import { deleteTicket } from '../../src/domain/erasure/delete-ticket.ts';
import { eraseCustomer } from '../../src/domain/erasure/erase-customer.ts';
import { getErasure } from '../../src/domain/erasure/receipts.ts';
import { oid } from '../../src/domain/log/collections.ts';
import { closeTicket } from '../../src/domain/tickets/close.ts';
import type { FailpointName } from '../../src/infra/failpoints.ts';
import { customer, type Desk, openDesk, openTicket, say } from '../support/bridge.ts';
import {
  channelOf,
  channelsOf,
  clearFaults,
  type DiscordPerson,
  discordPerson,
  fault,
  messagesIn,
  stateOf,
} from '../support/discord.ts';
import { findWord, killedAt, LAST_LOOK, withWorker } from '../support/erasure.ts';
import { eventually } from '../support/eventually.ts';

const WORD = 'zyzzyvaq';
const patience = { timeout: 20_000 };

let desk: Desk;
let kim: DiscordPerson;
let other: Awaited<ReturnType<typeof openTicket>>;
let transcripts: string;

beforeAll(async () => {
  desk = await openDesk();
  kim = discordPerson(desk.sim, 'kim');
  transcripts = desk.sim.state.channels.transcripts;
  await desk.bot();
  other = await openTicket(desk.ctx);
  await channelOf(desk.sim, other.number);
});
afterAll(() => desk.end());
beforeEach(async () => {
  await desk.stopBots();
  await desk.bot();
});
afterEach(() => clearFaults(desk.sim));

/** A ticket with the word on both sides. */
async function plantTicket() {
  const ticket = await openTicket(desk.ctx, { topic: WORD, description: `It is ${WORD}.` });
  const channel = await channelOf(desk.sim, ticket.number);
  await say(desk.ctx, ticket.id, `my ${WORD}`);
  await kim.write(channel.id, `your ${WORD}?`);
  await eventually(async () => {
    const rows = await desk.ctx.db.posts.collection.find({ channel_id: channel.id }).toArray();
    expect(rows.filter(({ direction }) => direction === 'in')).toHaveLength(1);
    expect(rows.filter(({ direction }) => direction === 'out')).toHaveLength(1);
  }, patience);
  return ticket;
}
async function plantClosed() {
  const ticket = await plantTicket();
  await closeTicket(desk.ctx, customer, ticket.id, { reason: WORD });
  await eventually(async () => {
    expect(await channelsOf(desk.sim, ticket.number)).toEqual([]);
    expect(await transcriptsOf(ticket.id)).toHaveLength(1);
    expect((await mirrorOf(ticket.id))?.state).toBe('done');
  }, patience);
  return ticket;
}

const mirrorOf = (id: string) => desk.ctx.db.mirrors.collection.findOne({ _id: oid(id) });
const transcriptsOf = async (id: string) =>
  (await messagesIn(desk.sim, transcripts)).filter(({ embeds }) =>
    embeds[0]?.footer?.text.startsWith(`Ticket ${id}`),
  );
const remove = (id: string) => deleteTicket(desk.ctx, systemActor, id);
const receiptOf = (id: string) => getErasure(desk.ctx, systemActor, id);

async function isGone(...ids: string[]): Promise<void> {
  await eventually(async () => {
    for (const id of ids) expect((await receiptOf(id)).discord).toBe('done');
  }, patience);
  const { channels, messages } = await stateOf(desk.sim, '?calls=0');
  expect(JSON.stringify([channels, messages]).toLowerCase()).not.toContain(WORD);
}

/** A bot that stops dead at the first pass of a point. */
async function botThatDies(point: FailpointName) {
  const { failpoint, hasDied } = killedAt(point);
  const bot = await desk.bot({ ctx: { failpoint } });
  return async () => {
    await eventually(() => expect(hasDied()).toBe(true), patience);
    await bot.stop();
  };
}

test('when an open and a closed ticket are deleted, then Discord has neither channel nor transcript', async () => {
  const [open, closed] = [await plantTicket(), await plantClosed()];
  expect((await mirrorOf(closed.id))?.transcripts).toHaveLength(1);
  await Promise.all([remove(open.id), remove(closed.id)]);
  await isGone(open.id, closed.id);
  expect(await channelsOf(desk.sim, open.number)).toEqual([]);
  expect((await receiptOf(open.id)).counts.transcripts).toBe(0);
  expect((await receiptOf(closed.id)).counts.transcripts).toBe(1);
  // Others are as they were.
  const channel = await channelOf(desk.sim, other.number);
  await say(desk.ctx, other.id, 'still there');
  await eventually(async () => {
    const texts = (await messagesIn(desk.sim, channel.id)).map(({ content }) => content);
    expect(texts.at(-1)).toBe('**Ana**: still there');
  }, patience);
  await withWorker(desk.ctx, async () => {
    for (const { id } of [open, closed]) expect((await receiptOf(id)).wiped_at).not.toBeNull();
  });
  await withWorker(
    desk.ctx,
    async () => {
      for (const { id } of [open, closed]) expect((await receiptOf(id)).done_at).not.toBeNull();
    },
    { later: LAST_LOOK },
  );
  expect(await findWord(desk.ctx, WORD)).toEqual([]);
  for (const { id } of [open, closed]) {
    expect(await mirrorOf(id)).toBeNull();
    expect(await desk.ctx.db.posts.collection.countDocuments({ ticket_id: oid(id) })).toBe(0);
  }
}, 60_000);

test('when a ticket is deleted while its channel is being closed, then nothing of it stays', async () => {
  const ticket = await plantTicket();
  await fault(desk.sim, {
    kind: 'delay',
    method: 'POST',
    path: `channels/${transcripts}/messages`,
    ms: 300,
    times: 1,
  });
  await closeTicket(desk.ctx, customer, ticket.id, { reason: WORD });
  await eventually(async () =>
    expect((await mirrorOf(ticket.id))?.attempt?.key).toMatch(/^transcript@/),
  );
  await remove(ticket.id);
  await isGone(ticket.id);
  expect(await transcriptsOf(ticket.id)).toEqual([]);
  expect(await channelsOf(desk.sim, ticket.number)).toEqual([]);
}, 60_000);

test('when tickets are deleted while no bot is there, then the next one takes them out of Discord', async () => {
  const [open, closed] = [await plantTicket(), await plantClosed()];
  await desk.stopBots();
  // Of a version that did not write down where its transcripts are.
  await desk.ctx.db.mirrors.collection.updateOne(
    { _id: oid(closed.id) },
    { $unset: { transcripts: '' } },
  );
  await Promise.all([remove(open.id), remove(closed.id)]);
  expect((await receiptOf(open.id)).discord).toBe('waiting');
  for (const point of ['before-discord-wipe', 'after-discord-wipe'] as const) {
    const dies = await botThatDies(point);
    await dies();
    expect((await receiptOf(closed.id)).discord).toBe('waiting');
  }
  await desk.bot();
  await isGone(open.id, closed.id);
}, 60_000);

test('when Discord does not let the bot remove it, then it is said, and done once it may', async () => {
  const ticket = await plantTicket();
  const channel = await channelOf(desk.sim, ticket.number);
  await fault(desk.sim, {
    kind: 'status',
    method: 'DELETE',
    path: `channels/${channel.id}$`,
    status: 403,
    code: 50013,
  });
  await remove(ticket.id);
  await eventually(() => {
    const { discord } = desk.ctx.health.report().parts;
    expect(discord?.reason).toMatch(/the channel of a deleted ticket cannot be removed/);
  }, patience);
  expect((await receiptOf(ticket.id)).discord).toBe('waiting');
  await clearFaults(desk.sim);
  await isGone(ticket.id);
}, 60_000);

test('when a customer is erased, then Discord has nothing of them', async () => {
  const tickets = [await plantTicket(), await plantClosed()];
  const { id } = await eraseCustomer(desk.ctx, systemActor, { user_id: customer.id });
  await withWorker(desk.ctx, async () => {
    const receipt = await receiptOf(id);
    expect([receipt.wiped_at !== null, receipt.discord]).toEqual([true, 'done']);
  });
  await isGone(...tickets.map((ticket) => ticket.id));
  expect((await receiptOf(id)).counts.transcripts).toBe(1);
  expect(await findWord(desk.ctx, WORD)).toEqual([]);
}, 60_000);

describe('where a transcript that no row names is not found', () => {
  const forget = (id: string) =>
    desk.ctx.db.mirrors.collection.updateOne({ _id: oid(id) }, { $unset: { transcripts: '' } });
  const isUnsure = (id: string) =>
    eventually(async () => expect((await receiptOf(id)).discord).toBe('unsure'), patience);
  const isTold = () => {
    const { discord } = desk.ctx.health.report().parts;
    expect(discord?.reason).toMatch(/transcripts of deleted tickets may be left in Discord/);
  };

  test('the channel being another one today, the receipt says that it is not sure, to the end', async () => {
    const ticket = await plantClosed();
    await desk.stopBots();
    await forget(ticket.id);
    const { discord } = desk.config;
    const elsewhere = { ...discord!, transcriptChannelId: desk.sim.state.channels.errors };
    await desk.bot({ ctx: { config: { ...desk.config, discord: elsewhere } } });
    await remove(ticket.id);
    await isUnsure(ticket.id);
    isTold();
    await withWorker(desk.ctx, async () =>
      expect((await receiptOf(ticket.id)).wiped_at).not.toBeNull(),
    );
    const isDone = async () => expect((await receiptOf(ticket.id)).done_at).not.toBeNull();
    await withWorker(desk.ctx, isDone, { later: LAST_LOOK });
    expect((await receiptOf(ticket.id)).discord).toBe('unsure');
    expect(await transcriptsOf(ticket.id)).toHaveLength(1);
  }, 60_000);

  test('the channel not being there, the same', async () => {
    const ticket = await plantClosed();
    await forget(ticket.id);
    const path = `channels/${transcripts}/messages`;
    await fault(desk.sim, { kind: 'status', method: 'GET', path, status: 404, code: 10003 });
    await remove(ticket.id);
    await isUnsure(ticket.id);
    isTold();
  }, 60_000);
});
