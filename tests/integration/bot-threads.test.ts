import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { MAX_THREADS } from '../../bot/thread-lists.ts';
import { oid } from '../../src/domain/log/collections.ts';
import { listNotes } from '../../src/domain/messages/notes.ts';
import { findNewestInThreads, findPosts, recordPost } from '../../src/domain/mirror/posts.ts';
import { closeTicket } from '../../src/domain/tickets/close.ts';
import { agent, type Desk, openDesk, openTicket, say, seen } from '../support/bridge.ts';
import {
  channelOf,
  channelsOf,
  clearFaults,
  type DiscordPerson,
  discordPerson,
  fault,
  marksOn,
  messagesIn,
  stateOf,
  textsIn,
} from '../support/discord.ts';
import { eventually } from '../support/eventually.ts';
import { commandsKnown, interactionsOf } from '../support/interactions.ts';
import { upTo } from '../support/sound-log.ts';

const patience = { timeout: 30_000 };
const PUBLIC_THREAD = 11;
let desk: Desk;
let kim: DiscordPerson;

beforeAll(async () => {
  desk = await openDesk();
  kim = discordPerson(desk.sim, 'kim');
});
afterAll(() => desk.end());
afterEach(async () => {
  await desk.stopBots();
  await clearFaults(desk.sim);
});

/** A ticket whose channel the bot knows. */
async function begin() {
  const ticket = await openTicket(desk.ctx);
  const { id: channelId } = await channelOf(desk.sim, ticket.number);
  await say(desk.ctx, ticket.id, 'hello');
  const said = async () => expect((await textsIn(desk.sim, channelId)).at(-1)).toContain('hello');
  await eventually(said, patience);
  return { ticket, channelId: channelId as string };
}

const openThread = async (channelId: string) => {
  const body = { name: 'between us', type: PUBLIC_THREAD };
  return (await kim.call<{ id: string }>('POST', `/channels/${channelId}/threads`, body)).id;
};
const notesAre = (ticketId: string, wanted: string[]) =>
  eventually(async () => {
    const { messages } = await listNotes(desk.ctx, agent, ticketId, {});
    expect(messages.map(({ content }) => content)).toEqual(wanted);
  }, patience);
const marked = (channelId: string, id: string, wanted: string[]) =>
  eventually(async () => expect(await marksOn(desk.sim, channelId, id)).toEqual(wanted), patience);
const refuseReading = (id: string, status: number, code: number) =>
  fault(desk.sim, {
    ...{ kind: 'status', method: 'GET', path: `/channels/${id}/messages`, status, code },
    ...{ who: 'bot', times: 50 },
  });
const customerHas = async (ticketId: string) =>
  (await seen(desk.ctx, ticketId)).map(({ content }) => content);

test('in the private thread that /notes opens everything is a note, follows its edits, and reaches no customer', async () => {
  await desk.bot();
  await commandsKnown(desk.sim);
  const { ticket, channelId } = await begin();
  const command = interactionsOf(desk.sim, kim);
  const told = await command.run(channelId, 'notes');
  const threadId = /<#(\d+)>/.exec(told.content)?.[1] as string;
  expect(told.content).toContain('is a note');
  const thread = await kim.call<{ type: number; parent_id: string }>(
    'GET',
    `/channels/${threadId}`,
  );
  expect(thread).toMatchObject({ type: 12, parent_id: channelId });
  // A second one is let into the same.
  const robin = discordPerson(desk.sim, 'robin');
  const again = await interactionsOf(desk.sim, robin).run(channelId, 'notes');
  expect(again.content).toContain(`<#${threadId}>`);
  await robin.write(threadId, 'is it a known case?');
  const { id } = await kim.write(threadId, 'it looks like a refund');
  const other = await kim.write(threadId, '// with the mark, too');
  await notesAre(ticket.id, [
    'is it a known case?',
    'it looks like a refund',
    'with the mark, too',
  ]);
  await marked(threadId, id, ['📝']);
  await kim.edit(threadId, id, 'it is a refund');
  await kim.remove(threadId, other.id);
  await notesAre(ticket.id, ['is it a known case?', 'it is a refund']);
  expect(await customerHas(ticket.id)).toEqual(['hello']);
  // What is in the thread is not repeated beside it.
  expect(await textsIn(desk.sim, channelId)).toHaveLength(1);
});

test('of two who ask for the thread for notes at once both are let into the same', async () => {
  await desk.bot();
  await commandsKnown(desk.sim);
  const { channelId } = await begin();
  const both = ['kim', 'robin'] as const;
  const told = await Promise.all(
    both.map((who) =>
      interactionsOf(desk.sim, discordPerson(desk.sim, who)).run(channelId, 'notes'),
    ),
  );
  expect(new Set(told.map(({ content }) => /<#(\d+)>/.exec(content)?.[1])).size).toBe(1);
});

test('what was written, edited and deleted in a thread while the bot was away is taken in, once', async () => {
  const bot = await desk.bot();
  const { ticket, channelId } = await begin();
  const threadId = await openThread(channelId);
  const first = await kim.write(threadId, 'first');
  const second = await kim.write(threadId, 'second');
  await notesAre(ticket.id, ['first', 'second']);
  await bot.stop();
  await kim.edit(threadId, first.id, 'first, edited');
  await kim.remove(threadId, second.id);
  await kim.write(threadId, 'third');
  const last = await kim.write(channelId, 'a word for the customer');
  await desk.bot();
  await notesAre(ticket.id, ['first, edited', 'third']);
  await marked(channelId, last.id, ['✅']);
  await desk.stopBots();
  await desk.bot();
  await kim.write(threadId, 'fourth');
  await notesAre(ticket.id, ['first, edited', 'third', 'fourth']);
  expect(await customerHas(ticket.id)).toEqual(['hello', 'a word for the customer']);
}, 60_000);

test('what was deleted in a thread while the bot was away is taken back, if it was all there was and however much is noted beside it', async () => {
  const bot = await desk.bot();
  const { ticket, channelId } = await begin();
  const [emptied, other] = [await openThread(channelId), await openThread(channelId)];
  const alone = await kim.write(emptied, 'alone');
  const [first] = [await kim.write(other, 'first'), await kim.write(other, 'second')];
  await notesAre(ticket.id, ['alone', 'first', 'second']);
  for (let n = 0; n < 110; n++) await kim.write(channelId, `// note ${n}`);
  const countIs = (many: number) =>
    eventually(async () => {
      const which = { ticket_id: oid(ticket.id), stream: 'internal', direction: 'in' };
      expect(await desk.ctx.db.posts.collection.countDocuments(which)).toBe(many);
    }, patience);
  await countIs(113);
  await bot.stop();
  await kim.remove(emptied, alone.id);
  await kim.remove(other, first.id);
  await desk.bot();
  await countIs(111);
  const ids = [alone.id, first.id];
  expect((await findPosts(desk.ctx, ids)).size).toBe(0);
}, 60_000);

test('what was deleted, edited or written in a thread that is archived again when the bot is back is taken in', async () => {
  const bot = await desk.bot();
  await commandsKnown(desk.sim);
  const { ticket, channelId } = await begin();
  await kim.command(channelId, 'notes');
  const threads = await eventually(async () => {
    const found = (await stateOf(desk.sim, '?calls=0&messages=0')).channels.filter(
      (one: { parent_id: string }) => one.parent_id === channelId,
    );
    expect(found).toHaveLength(1);
    return [found[0].id as string, await openThread(channelId)];
  }, patience);
  const archive = (id: string) => fault(desk.sim, { kind: 'archive-threads', channel_id: id });
  const open = (id: string) => kim.call('PATCH', `/channels/${id}`, { archived: false });
  const written: { id: string; edit: string; gone: string }[] = [];
  for (const id of threads) {
    const [edit, gone] = [await kim.write(id, 'card 4111'), await kim.write(id, 'pin 1234')];
    written.push({ id, edit: edit.id, gone: gone.id });
  }
  const both = (...lines: string[]) => [...lines, ...lines];
  await notesAre(ticket.id, both('card 4111', 'pin 1234'));
  for (const id of threads) await archive(id);
  await bot.stop();
  for (const { id, edit, gone } of written) {
    await open(id);
    await kim.remove(id, gone);
    await kim.edit(id, edit, 'card gone');
    await kim.write(id, 'as asked');
    await archive(id);
  }
  await desk.bot();
  await eventually(async () => {
    const { messages } = await listNotes(desk.ctx, agent, ticket.id, {});
    expect(messages.map(({ content }) => content).sort()).toEqual(
      both('as asked', 'card gone').sort(),
    );
  }, patience);
  // One that the gateway never told this bot of, and that is opened for it.
  const [first] = written;
  await open(first?.id ?? '');
  await kim.remove(first?.id ?? '', first?.edit ?? '');
  await eventually(async () => {
    const { messages } = await listNotes(desk.ctx, agent, ticket.id, {});
    expect(messages).toHaveLength(3);
  }, patience);
  expect(await customerHas(ticket.id)).toEqual(['hello']);
}, 60_000);

test('what cannot be a note is said in the ticket’s channel, and kept beside the transcript', async () => {
  await desk.bot();
  const { ticket, channelId } = await begin();
  const before = await openThread(channelId);
  const threadId = await openThread(channelId);
  const after = await openThread(channelId);
  const typed = await kim.write(threadId, '/close it');
  await kim.write(threadId, 'a note');
  await marked(threadId, typed.id, ['❌']);
  await eventually(async () => {
    const lines = await textsIn(desk.sim, channelId);
    expect(lines.at(-1)).toContain(`Not passed on: <#${threadId}>: this looks like the command`);
  }, patience);
  await notesAre(ticket.id, ['a note']);
  // Somebody removes the other threads while they are read.
  for (const id of [before, after]) await refuseReading(id, 404, 10003);
  await closeTicket(desk.ctx, agent, ticket.id, {});
  await eventually(
    async () => expect(await channelsOf(desk.sim, ticket.number)).toEqual([]),
    patience,
  );
  const posts = await messagesIn(desk.sim, desk.sim.state.channels.transcripts);
  const names = posts.flatMap(({ attachments }) => attachments.map(({ url }) => url));
  const pages = await Promise.all(names.map(async (url) => (await fetch(url)).text()));
  const asides = pages.filter((page) => page.includes('/close it'));
  expect(asides).toHaveLength(1);
  expect(asides[0]).toContain('in the thread');
  expect(asides[0]).not.toContain('a note<');
  expect(pages.filter((page) => page.includes('a note<'))).toHaveLength(1);
});

test('how far a thread was read is known however much is noted elsewhere since', async () => {
  const { ctx } = desk;
  const ticketId = (await openTicket(ctx)).id;
  const row = {
    ticket_id: ticketId,
    direction: 'in',
    stream: 'internal',
    epoch: 1,
    hash: '',
  } as const;
  const rest = { message_id: null, part: 0, edited: 0, files: [] };
  const note = (id: string, channel_id: string, seq: number) =>
    recordPost(ctx, { ...row, ...rest, id, channel_id, seq });
  await note('10', 'channel', 1);
  await note('11', 'old', 1);
  await note('12', 'old', 2);
  for (let seq = 3; seq < 110; seq++) await note(String(10 + seq), 'busy', seq);
  const newest = await findNewestInThreads(ctx, ticketId, 'channel');
  expect(Object.fromEntries(newest)).toEqual({ old: '12', busy: '119' });
});

const archive = (channelId: string) =>
  fault(desk.sim, { kind: 'archive-threads', channel_id: channelId });

test('of many archived threads each is read when the ticket is closed, also of those archived at once', async () => {
  const bot = await desk.bot();
  const { ticket, channelId } = await begin();
  await bot.stop();
  const all = upTo(140);
  const speak = async (n: number) => kim.write(await openThread(channelId), `aside ${n}.`);
  // A page of a hundred ends amid some of the same moment.
  for (const from of [0, 70]) {
    await Promise.all(all.slice(from, from + 70).map(speak));
    await archive(channelId);
  }
  await desk.bot();
  await closeTicket(desk.ctx, agent, ticket.id, {});
  const gone = async () => expect(await channelsOf(desk.sim, ticket.number)).toEqual([]);
  await eventually(gone, { timeout: 60_000 });
  const posts = await messagesIn(desk.sim, desk.sim.state.channels.transcripts);
  const urls = posts.flatMap(({ attachments }) => attachments.map(({ url }) => url));
  const pages = await Promise.all(urls.map(async (url) => (await fetch(url)).text()));
  const asides = pages.find((page) => page.includes('aside 140.')) ?? '';
  const lost = all.filter((n) => !asides.includes(`aside ${n}.`));
  expect(lost).toEqual([]);
}, 120_000);

test('a channel with more threads than are read is not removed', async () => {
  const bot = await desk.bot();
  const { ticket, channelId } = await begin();
  await bot.stop();
  for (let opened = 0; opened <= MAX_THREADS; opened += 50) {
    await Promise.all(upTo(50).map(() => openThread(channelId)));
    await archive(channelId);
  }
  await desk.bot();
  await closeTicket(desk.ctx, agent, ticket.id, {});
  await eventually(async () => {
    const mirror = await desk.ctx.db.mirrors.collection.findOne({ _id: oid(ticket.id) });
    expect(mirror?.problem).toContain(`more than ${MAX_THREADS} threads`);
  }, patience);
  expect(await channelsOf(desk.sim, ticket.number)).toHaveLength(1);
}, 120_000);

test('where Discord lets the bot open no thread, the command says so and what to do instead', async () => {
  await desk.bot();
  await commandsKnown(desk.sim);
  const { channelId } = await begin();
  await fault(desk.sim, {
    kind: 'status',
    method: 'POST',
    path: `/channels/${channelId}/threads$`,
    status: 403,
    code: 50013,
  });
  const told = await interactionsOf(desk.sim, kim).run(channelId, 'notes');
  expect(told.content).toContain('does not let the bot open a private thread here; // and /note');
});

test('a thread that cannot be read, or is gone, holds up nothing that is written beside it', async () => {
  const bot = await desk.bot();
  const { ticket, channelId } = await begin();
  const [barred, gone] = [await openThread(channelId), await openThread(channelId)];
  await kim.write(barred, 'one');
  // Of two threads each has an order of its own.
  await notesAre(ticket.id, ['one']);
  await kim.write(gone, 'two');
  await notesAre(ticket.id, ['one', 'two']);
  await bot.stop();
  await kim.write(barred, 'nobody reads this');
  await refuseReading(barred, 403, 50001);
  await refuseReading(gone, 404, 10003);
  const said = await kim.write(channelId, 'a word for the customer');
  await desk.bot();
  await marked(channelId, said.id, ['✅']);
  expect(await customerHas(ticket.id)).toEqual(['hello', 'a word for the customer']);
  // What comes as an event alone, and so waits for the catch-up to be over.
  const [hello] = (await messagesIn(desk.sim, channelId)).filter(({ content }) =>
    content.endsWith('hello'),
  );
  const route = `/channels/${channelId}/messages/${hello?.id}/reactions/${encodeURIComponent('👍')}/@me`;
  await kim.call('PUT', route);
  const reacted = async () => {
    const [first] = await seen(desk.ctx, ticket.id);
    expect(first?.reactions.map(({ emoji }) => emoji)).toEqual(['👍']);
  };
  await eventually(reacted, patience);
}, 60_000);

test('what stood in a thread that is removed while it is being read stays among staff', async () => {
  const bot = await desk.bot();
  const { ticket, channelId } = await begin();
  const threadId = await openThread(channelId);
  await kim.write(threadId, 'first');
  await notesAre(ticket.id, ['first']);
  await bot.stop();
  const path = '^/attachments/';
  await fault(desk.sim, { kind: 'delay', path, ms: 2500 });
  await kim.attach(threadId, 'second', [{ name: 'bill.txt', data: Buffer.from('the bill') }]);
  await kim.write(threadId, 'he makes it up');
  await desk.bot();
  await eventually(async () => {
    const answer = await fetch(`${desk.sim.url}/__sim/faults`);
    const { faults } = (await answer.json()) as { faults: { path: string; hits: number }[] };
    expect(faults.find((one) => one.path === path)?.hits).toBe(1);
  }, patience);
  await discordPerson(desk.sim, 'admin').call('DELETE', `/channels/${threadId}`);
  await kim.write(channelId, 'goes on');
  await eventually(
    async () => expect(await customerHas(ticket.id)).toEqual(['hello', 'goes on']),
    patience,
  );
  await notesAre(ticket.id, ['first', 'second', 'he makes it up']);
});

test('a thread that the bot may not read holds up no closing, and the transcript says so', async () => {
  const bot = await desk.bot();
  const { ticket, channelId } = await begin();
  const [barred, read] = [await openThread(channelId), await openThread(channelId)];
  await bot.stop();
  await kim.write(barred, 'nobody reads this');
  await kim.write(read, '/close it');
  await refuseReading(barred, 403, 50001);
  await desk.bot();
  await closeTicket(desk.ctx, agent, ticket.id, {});
  await eventually(
    async () => expect(await channelsOf(desk.sim, ticket.number)).toEqual([]),
    patience,
  );
  const posts = (await messagesIn(desk.sim, desk.sim.state.channels.transcripts)).filter(
    ({ content, embeds }) => JSON.stringify([content, embeds]).includes(ticket.id),
  );
  const urls = posts.flatMap(({ attachments }) => attachments.map(({ url }) => url));
  const pages = await Promise.all(urls.map(async (url) => (await fetch(url)).text()));
  const [page, second] = pages.filter((one) => one.includes('/close it'));
  expect(second).toBeUndefined();
  expect(page).toContain('could not be read: Discord says');
  expect(pages.join('')).not.toContain('nobody reads this');
  expect(pages.join('').split('could not be read')).toHaveLength(2);
}, 60_000);

test('a bot that was away reads the 20 newest threads of a channel', async () => {
  const bot = await desk.bot();
  const { ticket, channelId } = await begin();
  const threads: string[] = [];
  for (let n = 0; n < 21; n++) threads.push(await openThread(channelId));
  await bot.stop();
  for (const [n, id] of threads.entries()) await kim.write(id, `note ${n}`);
  await desk.bot();
  const taken = async () =>
    (await listNotes(desk.ctx, agent, ticket.id, {})).messages.map(({ content }) => content);
  const wanted = threads.slice(1).map((_, n) => `note ${n + 1}`);
  await eventually(
    async () => expect((await taken()).toSorted()).toEqual(wanted.toSorted()),
    patience,
  );
  const last = await kim.write(channelId, 'a word');
  await marked(channelId, last.id, ['✅']);
  expect(await taken()).toHaveLength(20);
}, 60_000);

test.each([{ events: ['MESSAGE_CREATE'] }, { events: ['MESSAGE_CREATE', 'THREAD_CREATE'] }])(
  'what the gateway never brings of a thread is found by a round as that of a channel is ($events)',
  async ({ events }) => {
    // A look that compares everything comes every twentieth round alone, and is far off with so many.
    for (let n = 0; n < 16; n++) await openTicket(desk.ctx);
    await desk.bot({ catchUpMs: 3000 });
    const { ticket, channelId } = await begin();
    const known = await openThread(channelId);
    await kim.write(known, 'one');
    await notesAre(ticket.id, ['one']);
    await fault(desk.sim, { kind: 'gateway-lose', ms: 300, events });
    const threadId = events.includes('THREAD_CREATE') ? await openThread(channelId) : known;
    await kim.write(threadId, 'two');
    await notesAre(ticket.id, ['one', 'two']);
    await kim.write(threadId, 'three');
    await notesAre(ticket.id, ['one', 'two', 'three']);
  },
  60_000,
);
