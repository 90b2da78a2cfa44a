import { Readable } from 'node:stream';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { Types } from 'mongoose';
import { defaultLeaseTimes } from '../../src/domain/consumers/lease.ts';
import { uploadFile } from '../../src/domain/files/upload.ts';
import { publicLog } from '../../src/domain/log/entry.ts';
import { sendMessage } from '../../src/domain/messages/send.ts';
import { readTicket } from '../../src/domain/tickets/read.ts';
import { planTranscript } from '../../src/domain/transcript/files.ts';
import { customer, type Desk, openDesk, openTicket, say, seen } from '../support/bridge.ts';
import {
  channelOf,
  clearFaults,
  discordPerson,
  fault,
  messagesIn,
  stateOf,
  textsIn,
} from '../support/discord.ts';
import { eventually } from '../support/eventually.ts';

const MIB = 1024 * 1024;

let desk: Desk;

beforeAll(async () => {
  desk = await openDesk();
});
afterAll(() => desk.end());
afterEach(async () => {
  await desk.stopBots();
  await clearFaults(desk.sim);
});

const upload = (ticketId: string, name: string, bytes: Buffer) =>
  uploadFile(desk.ctx, customer, ticketId, name, Readable.from([bytes]));

/** Looks like a photo to whoever looks at its first bytes. */
function photo(size: number): Buffer {
  const bytes = Buffer.alloc(size);
  Buffer.from('ffd8ffe000104a46494600', 'hex').copy(bytes);
  return bytes;
}

test('when the tenth category would be needed, a ticket waits, and goes on when there is room', async () => {
  const { ctx, sim } = desk;
  await fault(sim, { kind: 'set', settings: { channelsPerCategory: 0 } });
  await desk.bot();
  const ticket = await openTicket(ctx, { issue_level: 'URGENT' });
  await eventually(async () => {
    const row = await ctx.db.mirrors.collection.findOne({ problem: { $type: 'string' } });
    expect(row?.problem).toBe('no category for the level URGENT has room');
  });
  const { channels } = await stateOf(sim, '?calls=0&messages=0');
  const names = channels.map(({ name }: { name: string }) => name);
  expect(names.filter((name: string) => /^Urgent( \d+)?$/.test(name))).toHaveLength(9);
  await fault(sim, { kind: 'set', settings: { channelsPerCategory: 50 } });
  await channelOf(sim, ticket.number);
});

test('when Discord makes no more channels that day, a ticket waits and says why, others go on, and the bot can end', async () => {
  const { ctx, sim } = desk;
  const bot = await desk.bot();
  const before = await openTicket(ctx);
  await channelOf(sim, before.number);
  await fault(sim, { kind: 'set', settings: { channelCreatesPerDay: 0 } });
  // As many as are dealt with at once.
  const waiting = await Promise.all(Array.from({ length: 10 }, () => openTicket(ctx)));
  await eventually(async () => {
    const ids = waiting.map(({ id }) => new Types.ObjectId(id));
    const rows = await ctx.db.mirrors.collection.find({ _id: { $in: ids as never[] } }).toArray();
    expect(rows.map(({ problem }) => problem)).toEqual(waiting.map(() => expect.any(String)));
  });
  await say(ctx, before.id, 'still here');
  const { id } = await channelOf(sim, before.number);
  await eventually(async () => {
    expect(await textsIn(sim, id)).toContain('**Ana**: still here');
  });
  const began = performance.now();
  await bot.stop();
  expect(performance.now() - began).toBeLessThan(10_000);
  await fault(sim, { kind: 'set', settings: { channelCreatesPerDay: 1000 } });
  await desk.bot();
  for (const { number } of waiting) await channelOf(sim, number);
});

test('when answers of Discord begin and never end, the tickets they are for go on afterwards, and the bot can end', async () => {
  const { ctx, sim } = desk;
  const bot = await desk.bot({ requestTimeoutMs: 500 });
  await fault(sim, { kind: 'stall', who: 'bot', method: 'POST', path: '/channels$' });
  // As many as are dealt with at once.
  const tickets = await Promise.all(Array.from({ length: 16 }, () => openTicket(ctx)));
  await eventually(async () => {
    const { calls } = await stateOf(sim);
    const stalled = calls.filter((call: { fault?: string }) => call.fault === 'stall');
    expect(stalled.length).toBeGreaterThanOrEqual(tickets.length);
  });
  await clearFaults(sim);
  const later = await openTicket(ctx);
  for (const { number } of [later, ...tickets]) await channelOf(sim, number);
  await fault(sim, { kind: 'stall', who: 'bot', method: 'POST', path: '/messages$' });
  await say(ctx, later.id, 'hello');
  const began = performance.now();
  await bot.stop();
  expect(performance.now() - began).toBeLessThan(10_000);
});

test('when a message has ten files, then they are posted together, in their order', async () => {
  const { ctx, sim } = desk;
  await desk.bot();
  const ticket = await openTicket(ctx);
  const channel = await channelOf(sim, ticket.number);
  const names = Array.from({ length: 10 }, (_, n) => `page-${n}.txt`);
  const attachments: string[] = [];
  for (const name of names) attachments.push((await upload(ticket.id, name, Buffer.from(name))).id);
  await sendMessage(ctx, customer, ticket.id, { content: 'ten pages', attachments });
  await eventually(async () => {
    const [, post, ...more] = await messagesIn(sim, channel.id);
    expect(post?.attachments.map(({ filename }) => filename)).toEqual(names);
    expect(more).toEqual([]);
  });
});

test('when staff attach more than 10 MiB, then the rest is passed on and the channel says what was not', async () => {
  const { ctx, sim } = desk;
  // Servers with boosts may send larger files.
  await fault(sim, { kind: 'set', settings: { maxFileBytes: 25 * MIB } });
  await desk.bot();
  const ticket = await openTicket(ctx);
  const channel = await channelOf(sim, ticket.number);
  const kim = discordPerson(sim, 'kim');
  const huge = { name: 'huge.txt', data: Buffer.alloc(10 * MIB + 1, 'a') };
  const small = { name: 'small.txt', data: Buffer.from('abc') };
  await kim.attach(channel.id, 'both of them', [huge, small]);
  await eventually(async () => {
    const [message] = await seen(ctx, ticket.id);
    expect(message?.files.map(({ name }) => name)).toEqual(['small.txt']);
    expect(await textsIn(sim, channel.id)).toContain(
      '-# Not passed on: huge.txt is larger than 10 MiB',
    );
  });
  const alone = await kim.attach(channel.id, '', [huge]);
  await eventually(async () => {
    const refused = (await messagesIn(sim, channel.id)).find(({ id }) => id === alone.id);
    expect(refused?.reactions?.map(({ emoji }) => emoji.name)).toEqual(['❌']);
  });
  expect(await seen(ctx, ticket.id)).toHaveLength(1);
});

test('when a file cannot be fetched for long, then its text and what follows are passed on, and the channel says so', async () => {
  const { ctx, sim } = desk;
  await desk.bot({ filePatienceMs: 1500 });
  const ticket = await openTicket(ctx);
  const channel = await channelOf(sim, ticket.number);
  const kim = discordPerson(sim, 'kim');
  await fault(sim, { kind: 'status', status: 503, path: '^/attachments/.*/lost.txt' });
  const data = Buffer.from('abc');
  const files = [
    { name: 'lost.txt', data },
    { name: 'kept.txt', data },
  ];
  const first = await kim.attach(channel.id, 'both of them', files);
  const alone = await kim.attach(channel.id, '', [{ name: 'lost.txt', data }]);
  await kim.write(channel.id, 'is that all?');
  await eventually(
    async () => {
      const messages = await seen(ctx, ticket.id);
      expect(messages.map(({ content }) => content)).toEqual(['both of them', 'is that all?']);
      expect(messages[0]?.files.map(({ name }) => name)).toEqual(['kept.txt']);
    },
    { timeout: 20_000 },
  );
  const said = '-# Not passed on: lost.txt could not be fetched from Discord';
  await eventually(async () => {
    const posts = await messagesIn(sim, channel.id);
    const marksOf = (id: string) =>
      posts.find((post) => post.id === id)?.reactions?.map(({ emoji }) => emoji.name);
    expect(posts.filter(({ content }) => content === said)).toHaveLength(2);
    expect([marksOf(first.id), marksOf(alone.id)]).toEqual([['✅'], ['❌']]);
  });
}, 120_000);

test('when a file cannot be fetched for a while, then the message waits for it, and so do those after it', async () => {
  const { ctx, sim } = desk;
  await desk.bot();
  const ticket = await openTicket(ctx);
  const channel = await channelOf(sim, ticket.number);
  const kim = discordPerson(sim, 'kim');
  await fault(sim, { kind: 'status', status: 503, path: '^/attachments/', times: 7 });
  await kim.attach(channel.id, 'the bill', [{ name: 'bill.txt', data: Buffer.from('abc') }]);
  await kim.write(channel.id, 'and thanks');
  await eventually(async () => {
    const messages = await seen(ctx, ticket.id);
    expect(messages.map(({ content, files }) => [content, files.length])).toEqual([
      ['the bill', 1],
      ['and thanks', 0],
    ]);
  });
  expect((await textsIn(sim, channel.id)).join()).not.toContain('Not passed on');
});

test('when a ticket has many or large images, then its transcript shows some and names all', async () => {
  const { ctx } = desk;
  const ticket = await openTicket(ctx);
  const medium = 1.5 * MIB;
  const shots = [3 * MIB + 1, medium, medium, medium, medium, 1000];
  const attachments: string[] = [];
  for (const [n, size] of shots.entries()) {
    attachments.push((await upload(ticket.id, `shot-${n}.jpg`, photo(size))).id);
  }
  await sendMessage(ctx, customer, ticket.id, { content: 'look', attachments });
  const { ticket: stored, head } = await readTicket(ctx, customer, ticket.id);
  const snapshot = { log: publicLog(ticket.id), head: head.seq };
  const plan = await planTranscript(ctx, stored, snapshot, 10 * MIB);
  expect(plan.count).toBe(1);
  const { value: file } = await plan.files().next();
  const page = file?.data.toString() ?? '';
  const shown = page.split('src="data:image/jpeg').length - 1;
  // The first is too large, the fifth more than there is room for.
  expect(shown).toBe(4);
  for (const n of shots.keys()) expect(page).toContain(`shot-${n}.jpg`);
});

test('when a remade channel has more history than two files hold, then all of it is posted', async () => {
  const { ctx, sim } = desk;
  const first = await desk.bot();
  const ticket = await openTicket(ctx);
  const channel = await channelOf(sim, ticket.number);
  await eventually(async () => expect(await messagesIn(sim, channel.id)).toHaveLength(1));
  await first.stop();
  // 20 KB each in a transcript.
  const content = '&'.repeat(4000);
  for (let n = 0; n < 26; n++) {
    await Promise.all(Array.from({ length: 50 }, () => say(ctx, ticket.id, content)));
  }
  // As if all of it had been mirrored.
  await ctx.db.mirrors.collection.updateMany({ channel_id: channel.id }, { $set: { seq: 1300 } });
  await discordPerson(sim, 'admin').call('DELETE', `/channels/${channel.id}`);
  // Making the files takes longer than a test's lease lives.
  await desk.bot({ lease: defaultLeaseTimes });
  const posts = await eventually(
    async () => {
      const remade = await channelOf(sim, ticket.number);
      const [, ...found] = await messagesIn(sim, remade.id);
      expect(found.map((post) => post.content)).toEqual([
        '-# The channel was deleted and has been made again. What was said is attached (1 of 2).',
        '-# What was said, continued (2 of 2).',
      ]);
      return found;
    },
    { timeout: 30_000, every: 200 },
  );
  let said = 0;
  for (const { url, size } of posts.flatMap(({ attachments }) => attachments)) {
    expect(size).toBeLessThanOrEqual(10 * MIB);
    said += (await (await fetch(url)).text()).split('<article').length - 1;
  }
  expect(said).toBe(1300);
}, 120_000);
