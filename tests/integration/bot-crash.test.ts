import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { PermissionFlagsBits } from 'discord.js';
import { deleteMessage, editMessage } from '../../src/domain/messages/change.ts';
import { listNotes } from '../../src/domain/messages/notes.ts';
import { closeTicket } from '../../src/domain/tickets/close.ts';
import type { FailpointName } from '../../src/infra/failpoints.ts';
import { agent, customer, type Desk, openDesk, openTicket, say, seen } from '../support/bridge.ts';
import {
  channelOf,
  channelsOf,
  clearFaults,
  discordPerson,
  fault,
  marksOn,
  messagesIn,
  type SimState,
  stateOf,
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

const numbers = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => `line ${from + index}`);
const spoken = (lines: string[]) => lines.map((line) => `**Ana**: ${line}`);
const textsAre = (channelId: string, wanted: string[], timeout = 10_000) =>
  eventually(async () => expect(await textsIn(desk.sim, channelId)).toEqual(wanted), { timeout });

/** The channel of a new ticket, Kim who writes in it, and what its customer has. */
async function openChannel() {
  const { ctx, sim } = desk;
  const ticket = await openTicket(ctx);
  const channel = await channelOf(sim, ticket.number);
  const texts = async () => (await seen(ctx, ticket.id)).map(({ content }) => content);
  return { channel, kim: discordPerson(sim, 'kim'), texts };
}

describe('a bot killed while it posts', () => {
  test.each(['before-post', 'after-post', 'after-record'] as const)(
    '%s: the next one goes on with nothing missing and nothing twice',
    async (point) => {
      const { ctx, sim } = desk;
      const ticket = await openTicket(ctx);
      for (const line of numbers(1, 6)) await say(ctx, ticket.id, line);
      // The card is the first post.
      const { died } = await botThatDies(desk, point, 4);
      await died;
      await desk.bot();
      const channel = await channelOf(sim, ticket.number);
      await textsAre(channel.id, spoken(numbers(1, 6)));
    },
  );

  test('after the nonce is forgotten: the channel itself tells what is there', async () => {
    const { ctx, sim } = desk;
    const ticket = await openTicket(ctx);
    for (const line of ['same', 'same', 'same', 'same']) await say(ctx, ticket.id, line);
    const { died } = await botThatDies(desk, 'after-post', 3);
    await died;
    await fault(sim, { kind: 'forget-nonces' });
    await desk.bot();
    const channel = await channelOf(sim, ticket.number);
    await textsAre(channel.id, spoken(['same', 'same', 'same', 'same']));
    expect(await messagesIn(sim, channel.id)).toHaveLength(5);
  });

  test('after the nonce is forgotten, behind thousands of others: it is found there', async () => {
    const { ctx, sim } = desk;
    const first = await desk.bot();
    const ticket = await openTicket(ctx);
    const channel = await channelOf(sim, ticket.number);
    await say(ctx, ticket.id, 'line 1');
    await textsAre(channel.id, spoken(numbers(1, 1)));
    await first.stop();
    const admin = discordPerson(sim, 'admin');
    const hook = await admin.call<{ id: string; token: string }>(
      'POST',
      `/channels/${channel.id}/webhooks`,
      { name: 'Build' },
    );
    for (let n = 0; n < 50; n++) {
      const write = () =>
        admin.call('POST', `/webhooks/${hook.id}/${hook.token}`, { content: 'x' });
      await Promise.all(Array.from({ length: 42 }, write));
    }
    await say(ctx, ticket.id, 'line 2');
    const { died } = await botThatDies(desk, 'after-post');
    await died;
    await fault(sim, { kind: 'forget-nonces' });
    await desk.bot();
    await say(ctx, ticket.id, 'line 3');
    await eventually(
      async () => {
        const texts = await textsIn(sim, channel.id);
        expect(texts.filter((text) => text !== 'x')).toEqual(spoken(numbers(1, 3)));
      },
      { timeout: 10_000, every: 200 },
    );
  }, 120_000);

  test('before it wrote down how far it had come: a post is not taken for the next one like it', async () => {
    const { ctx, sim } = desk;
    const first = await desk.bot();
    const ticket = await openTicket(ctx);
    const channel = await channelOf(sim, ticket.number);
    await say(ctx, ticket.id, 'ok');
    await textsAre(channel.id, spoken(['ok']));
    await first.stop();
    // Of the post the row is there, and what the mirror says is from before it.
    const [card] = await messagesIn(sim, channel.id);
    const stale = { seq: 0, last_post: card?.id };
    await ctx.db.mirrors.collection.updateOne({ channel_id: channel.id }, { $set: stale });
    const path = `${channel.id}/messages`;
    await fault(sim, { kind: 'status', status: 500, method: 'POST', path, times: 1 });
    await say(ctx, ticket.id, 'ok');
    await desk.bot();
    await say(ctx, ticket.id, 'bye');
    await textsAre(channel.id, spoken(['ok', 'ok', 'bye']));
  });

  test('in the card: there is one channel with one card', async () => {
    const { ctx, sim } = desk;
    const ticket = await openTicket(ctx);
    const { died } = await botThatDies(desk, 'after-post', 1);
    await died;
    await fault(sim, { kind: 'forget-nonces' });
    await desk.bot();
    const channel = await channelOf(sim, ticket.number);
    await say(ctx, ticket.id, 'hello');
    await textsAre(channel.id, spoken(['hello']));
    expect(await messagesIn(sim, channel.id)).toHaveLength(2);
  });
});

describe('Discord does not answer as it should', () => {
  test.each([
    ['500 after the effect', { kind: 'status', status: 500, when: 'after', times: 2 }],
    ['500 before the effect', { kind: 'status', status: 500, when: 'before', times: 2 }],
    ['a reset after the effect', { kind: 'reset', when: 'after', times: 2 }],
    ['a reset before the effect', { kind: 'reset', when: 'before', times: 1 }],
    ['nothing after the effect', { kind: 'hang', when: 'after', times: 1 }],
  ])('%s: every message appears once', async (_name, what) => {
    const { ctx, sim } = desk;
    await desk.bot({ requestTimeoutMs: 400 });
    const ticket = await openTicket(ctx);
    const channel = await channelOf(sim, ticket.number);
    await say(ctx, ticket.id, 'line 1');
    await textsAre(channel.id, spoken(numbers(1, 1)));
    await fault(sim, { ...what, method: 'POST', path: `${channel.id}/messages` });
    for (const line of numbers(2, 4)) await say(ctx, ticket.id, line);
    await textsAre(channel.id, spoken(numbers(1, 4)));
  });

  test('the same with the nonce forgotten at once', async () => {
    const { ctx, sim } = desk;
    await fault(sim, { kind: 'set', settings: { nonceWindowMs: 0 } });
    await desk.bot();
    const ticket = await openTicket(ctx);
    const channel = await channelOf(sim, ticket.number);
    await fault(sim, {
      kind: 'status',
      status: 502,
      when: 'after',
      method: 'POST',
      path: `${channel.id}/messages`,
      times: 3,
    });
    for (const line of numbers(1, 3)) await say(ctx, ticket.id, line);
    await textsAre(channel.id, spoken(numbers(1, 3)));
  });
});

describe('a bot killed while it takes in', () => {
  test.each(['before-inbound-commit', 'after-inbound-commit'] as const)(
    '%s: the customer gets everything once, in order',
    async (point) => {
      const { ctx, sim } = desk;
      const { died } = await botThatDies(desk, point, 2);
      const ticket = await openTicket(ctx);
      const channel = await channelOf(sim, ticket.number);
      const kim = discordPerson(sim, 'kim');
      const posts = [];
      for (const line of numbers(1, 5)) posts.push(await kim.write(channel.id, line));
      await died;
      const taken = async () => (await seen(ctx, ticket.id)).map(({ content }) => content);
      const marked = async () =>
        (await messagesIn(sim, channel.id))
          .filter(({ reactions }) => reactions?.some(({ emoji }) => emoji.name === '✅'))
          .map(({ content }) => content);
      expect(await taken()).toHaveLength(point === 'before-inbound-commit' ? 1 : 2);
      expect(await taken()).toEqual(expect.arrayContaining(await marked()));
      await desk.bot();
      await eventually(async () => expect(await taken()).toEqual(numbers(1, 5)));
      await eventually(async () => expect(await marked()).toHaveLength(posts.length));
    },
  );

  test('after it was stored without a file that was too large: an edit keeps the other one', async () => {
    const { ctx, sim } = desk;
    const most = 10 * 1024 * 1024;
    await fault(sim, { kind: 'set', settings: { maxFileBytes: most + 1 } });
    const { died } = await botThatDies(desk, 'after-inbound-commit');
    const ticket = await openTicket(ctx);
    const channel = await channelOf(sim, ticket.number);
    const kim = discordPerson(sim, 'kim');
    const post = await kim.attach(channel.id, 'both', [
      { name: 'huge.txt', data: Buffer.alloc(most + 1, 'a') },
      { name: 'small.txt', data: Buffer.from('abc') },
    ]);
    await died;
    await desk.bot();
    await kim.edit(channel.id, post.id, 'both of them');
    await eventually(async () => {
      const [message] = await seen(ctx, ticket.id);
      expect(message?.content).toBe('both of them');
      expect(message?.files.map(({ name }) => name)).toEqual(['small.txt']);
    });
  });

  test('what staff did while no bot was there is taken in, and said how much it was', async () => {
    const { ctx, sim } = desk;
    const first = await desk.bot();
    const ticket = await openTicket(ctx);
    const channel = await channelOf(sim, ticket.number);
    const kim = discordPerson(sim, 'kim');
    const [kept, edited, deleted] = [
      await kim.write(channel.id, 'kept'),
      await kim.write(channel.id, 'edited'),
      await kim.write(channel.id, 'deleted'),
    ];
    await eventually(async () => expect(await seen(ctx, ticket.id)).toHaveLength(3));
    await first.stop();
    await kim.edit(channel.id, edited.id, 'edited meanwhile');
    await kim.remove(channel.id, deleted.id);
    const late = await kim.write(channel.id, 'written meanwhile');
    await kim.write(channel.id, 'and again');
    await desk.bot();
    await eventually(async () =>
      expect((await seen(ctx, ticket.id)).map(({ content }) => content)).toEqual([
        'kept',
        'edited meanwhile',
        'written meanwhile',
        'and again',
      ]),
    );
    const messages = await seen(ctx, ticket.id);
    expect(messages[2]?.created_at).toBe(Date.parse(late.timestamp));
    await eventually(async () =>
      expect(await textsIn(sim, channel.id)).toContain('-# 2 messages were recovered after a gap.'),
    );
    expect(kept.id).toBeTruthy();
  });
});

describe('a bot killed while it closes', () => {
  test.each([1, 2, 3])('before step %i: the next one goes on there', async (nth) => {
    await closesOnce('before-close-step', nth);
  });
  test.each([1, 2, 3])('after step %i: the next one goes on there', async (nth) => {
    await closesOnce('after-close-step', nth);
  });

  async function closesOnce(point: FailpointName, nth: number) {
    const { ctx, sim } = desk;
    const { died } = await botThatDies(desk, point, nth);
    const ticket = await openTicket(ctx);
    await channelOf(sim, ticket.number);
    await say(ctx, ticket.id, 'thank you');
    await closeTicket(ctx, customer, ticket.id, { reason: 'done' });
    await died;
    await fault(sim, { kind: 'forget-nonces' });
    await desk.bot();
    await eventually(async () => expect(await channelsOf(sim, ticket.number)).toEqual([]));
    expect(await transcriptsOf(ticket.id)).toHaveLength(1);
  }

  async function transcriptsOf(id: string) {
    const all = await messagesIn(desk.sim, desk.sim.state.channels.transcripts);
    return all.filter(({ embeds }) => embeds[0]?.footer?.text === `Ticket ${id}`);
  }

  test('a ticket opened and closed while no bot was there leaves its transcript only', async () => {
    const { ctx, sim } = desk;
    const first = await desk.bot();
    await first.stop();
    const ticket = await openTicket(ctx);
    await closeTicket(ctx, customer, ticket.id, {});
    await desk.bot();
    await eventually(async () => expect(await transcriptsOf(ticket.id)).toHaveLength(1));
    expect(await channelsOf(sim, ticket.number)).toEqual([]);
  });
});

describe('two bots by mistake', () => {
  test('one works and the other waits, and takes over when the first has gone', async () => {
    const { sim } = desk;
    const first = await desk.bot();
    const other = await desk.another();
    const second = await desk.bot({ ctx: other.ctx });
    const ticket = await openTicket(desk.ctx);
    const channel = await channelOf(sim, ticket.number);
    await say(desk.ctx, ticket.id, 'line 1');
    await textsAre(channel.id, spoken(numbers(1, 1)));
    const { sessions } = await stateOf(sim, '?calls=0&messages=0');
    expect(sessions).toHaveLength(1);
    await first.stop();
    await say(desk.ctx, ticket.id, 'line 2');
    await textsAre(channel.id, spoken(numbers(1, 2)));
    await second.stop();
  });

  test('a bot whose lease was taken writes nothing more', async () => {
    const { ctx, sim } = desk;
    await desk.bot();
    const ticket = await openTicket(ctx);
    const channel = await channelOf(sim, ticket.number);
    await say(ctx, ticket.id, 'line 1');
    await textsAre(channel.id, spoken(numbers(1, 1)));
    // As if it had been frozen for long: another has the lease, and has written under it.
    const until = Date.now() + 3000;
    await ctx.db.leases.collection.updateOne(
      {},
      { $set: { holder: 'other', until }, $inc: { epoch: 1 } },
    );
    await ctx.db.mirrors.collection.updateMany({}, { $inc: { epoch: 1 } });
    await say(ctx, ticket.id, 'line 2');
    await eventually(async () =>
      expect((await stateOf(sim, '?calls=0&messages=0')).sessions).toEqual([]),
    );
    expect(await textsIn(sim, channel.id)).toEqual(spoken(numbers(1, 1)));
    // When the other one has gone, it goes on where that had come to.
    await textsAre(channel.id, spoken(numbers(1, 2)));
  });
});

test('a deletion that was missed is not lost with a bot that dies in a long backlog', async () => {
  const first = await desk.bot();
  const { channel, kim, texts } = await openChannel();
  const { id } = await kim.write(channel.id, 'deleted meanwhile');
  await eventually(async () => expect(await texts()).toEqual(['deleted meanwhile']));
  await first.stop();
  await kim.remove(channel.id, id);
  // More than the next bot compares before the last one that was taken in.
  const backlog = Array.from({ length: 103 }, (_, n) => `line ${n}`);
  for (const line of backlog) await kim.write(channel.id, line);
  await (await botThatDies(desk, 'after-inbound-commit', 10)).died;
  await desk.bot();
  await eventually(async () => expect(await texts()).toEqual(backlog), { timeout: 30_000 });
});

test.each([true, false])(
  'when a channel is emptied while no bot is there, then what staff said is taken back by one that may read it (may the next: %s)',
  async (mayRead) => {
    const { sim } = desk;
    const first = await desk.bot();
    const { channel, kim, texts } = await openChannel();
    for (const line of numbers(1, 3)) await kim.write(channel.id, line);
    await eventually(async () => expect(await texts()).toEqual(numbers(1, 3)));
    await first.stop();
    const admin = discordPerson(sim, 'admin');
    // The notice of the pin, too.
    for (const { id } of await admin.messages(channel.id)) await admin.remove(channel.id, id);
    expect(await admin.messages(channel.id)).toEqual([]);
    if (!mayRead) {
      const path = `/channels/${channel.id}/permissions/${sim.state.bot.id}`;
      const { ViewChannel, SendMessages, ReadMessageHistory } = PermissionFlagsBits;
      const allow = String(ViewChannel | SendMessages);
      await admin.call('PUT', path, { type: 1, allow, deny: String(ReadMessageHistory) });
      const second = await desk.bot();
      const asked = `/channels/${channel.id}/messages/`;
      await eventually(async () => {
        const { calls } = await stateOf(sim, '?messages=0');
        const isRefused = ({ path, status }: SimState) => path.includes(asked) && status === 403;
        expect(calls.some(isRefused)).toBe(true);
      });
      expect(await texts()).toEqual(numbers(1, 3));
      await second.stop();
      await admin.call('PUT', path, {
        type: 1,
        allow: String(ViewChannel | ReadMessageHistory),
        deny: '0',
      });
    }
    await desk.bot();
    await eventually(async () => expect(await texts()).toEqual([]));
  },
);

test('fewer lines than Discord gives at a time do not hide what changed before the last one taken in', async () => {
  const first = await desk.bot();
  const { channel, kim, texts } = await openChannel();
  const before = [];
  for (const line of numbers(1, 70)) before.push(await kim.write(channel.id, line));
  const timeout = 30_000;
  await eventually(async () => expect(await texts()).toEqual(numbers(1, 70)), { timeout });
  await first.stop();
  await kim.edit(channel.id, before[9]?.id ?? '', 'line 10, edited');
  await kim.remove(channel.id, before[19]?.id ?? '');
  for (const line of numbers(71, 165)) await kim.write(channel.id, line);
  await desk.bot();
  const wanted = numbers(1, 165).map((line) => (line === 'line 10' ? 'line 10, edited' : line));
  wanted.splice(19, 1);
  await eventually(async () => expect(await texts()).toEqual(wanted), { timeout });
}, 90_000);

test('what a bot stored and died before it wrote that down is taken back when it was deleted meanwhile', async () => {
  const { sim } = desk;
  const first = await desk.bot();
  const { channel, kim, texts } = await openChannel();
  await kim.write(channel.id, 'stays');
  const note = await kim.write(channel.id, '// for the customer after all');
  await eventually(async () => expect(await marksOn(sim, channel.id, note.id)).toEqual(['📝']));
  await first.stop();
  const second = await botThatDies(desk, 'after-inbound-commit');
  await kim.edit(channel.id, note.id, 'for the customer after all');
  await second.died;
  expect(await texts()).toEqual(['stays', 'for the customer after all']);
  await kim.remove(channel.id, note.id);
  const third = await botThatDies(desk, 'after-inbound-commit');
  await eventually(async () => expect(await texts()).toEqual(['stays']));
  const word = await kim.write(channel.id, 'a word too many');
  await third.died;
  expect(await texts()).toEqual(['stays', 'a word too many']);
  await kim.remove(channel.id, word.id);
  await kim.write(channel.id, 'goes on');
  await desk.bot();
  await eventually(async () => expect(await texts()).toEqual(['stays', 'goes on']));
});

test.each([
  ['a note', '// between us', 'between us', []],
  ['the customer’s', 'for the customer', '// for the customer', ['for the customer']],
])(
  'what was %s, was stored as the other by a bot that died then, and says what it did before since, is that again',
  async (_what, before, meanwhile, wanted) => {
    const first = await desk.bot();
    const { channel, kim, texts } = await openChannel();
    const { id } = await kim.write(channel.id, before);
    const isOurs = wanted.length === 0;
    const marksAre = (marks: string[]) =>
      eventually(async () => expect(await marksOn(desk.sim, channel.id, id)).toEqual(marks));
    await marksAre([isOurs ? '📝' : '✅']);
    await first.stop();
    const dying = await botThatDies(desk, 'after-inbound-commit');
    await kim.edit(channel.id, id, meanwhile);
    await dying.died;
    expect(await texts()).toEqual(isOurs ? [meanwhile] : []);
    await kim.edit(channel.id, id, before);
    await desk.bot();
    await kim.write(channel.id, 'goes on');
    await eventually(async () => expect(await texts()).toEqual([...wanted, 'goes on']));
    await marksAre([isOurs ? '📝' : '✅']);
  },
);

test('so is a note, of the channel or of a thread, and one that is still there stays', async () => {
  const { ctx, sim } = desk;
  const first = await desk.bot();
  const ticket = await openTicket(ctx);
  const channel = await channelOf(sim, ticket.number);
  const kim = discordPerson(sim, 'kim');
  const thread = { name: 'between us', type: 11 };
  const { id: threadId } = await kim.call<{ id: string }>(
    'POST',
    `/channels/${channel.id}/threads`,
    thread,
  );
  const notesAre = (wanted: string[]) =>
    eventually(async () => {
      const { messages } = await listNotes(ctx, agent, ticket.id, {});
      expect(messages.map(({ content }) => content)).toEqual(wanted);
    });
  await kim.write(threadId, 'one');
  await notesAre(['one']);
  await first.stop();
  const kept = ['one'];
  const stays = [false, false, true, true, false];
  for (const [n, placeId] of [channel.id, threadId, channel.id, threadId, threadId].entries()) {
    const dying = await botThatDies(desk, 'after-inbound-commit');
    await notesAre(kept);
    const { id } = await kim.write(placeId, `// note ${n}`);
    await dying.died;
    await notesAre([...kept, `note ${n}`]);
    if (stays[n]) kept.push(`note ${n}`);
    else await kim.remove(placeId, id);
    await kim.write(channel.id, `// after ${n}`);
    kept.push(`after ${n}`);
    const next = await desk.bot();
    await notesAre(kept);
    if (stays[n]) {
      await eventually(async () => expect(await marksOn(sim, placeId, id)).toEqual(['📝']));
    }
    await next.stop();
  }
  const dying = await botThatDies(desk, 'after-inbound-commit');
  await notesAre(kept);
  await kim.write(threadId, 'put by');
  await dying.died;
  await kim.call('PATCH', `/channels/${threadId}`, { archived: true });
  await kim.write(channel.id, '// last');
  await desk.bot();
  await notesAre([...kept, 'put by', 'last']);
}, 60_000);

test.each(['delete', 'post'])(
  'what a bot stored and died, and a proxy has said again since (%s first), goes on under the proxy’s message',
  async (first) => {
    const { ctx, sim } = desk;
    const dying = await botThatDies(desk, 'after-inbound-commit');
    const ticket = await openTicket(ctx);
    const channel = await channelOf(sim, ticket.number);
    const kim = discordPerson(sim, 'kim');
    const original = await kim.write(channel.id, 'K: I will refund you');
    await dying.died;
    const said = { channel_id: channel.id, message_id: original.id, content: 'I will refund you' };
    await fault(sim, { kind: 'proxy-message', ...said, name: 'Kim', first });
    const messages = await messagesIn(sim, channel.id);
    const copy = messages.find((one) => one.webhook_id)?.id as string;
    await desk.bot();
    await eventually(async () => expect(await marksOn(sim, channel.id, copy)).toEqual(['✅']));
    const [message, ...others] = await seen(ctx, ticket.id);
    expect(message).toMatchObject({ content: 'I will refund you', author_name: 'Kim' });
    expect(others).toEqual([]);
    await kim.write(channel.id, 'goes on');
    await eventually(async () => {
      const texts = (await seen(ctx, ticket.id)).map(({ content }) => content);
      expect(texts).toEqual(['I will refund you', 'goes on']);
    });
  },
);

test('edits and deletions made while Discord was away are all there afterwards', async () => {
  const { ctx, sim } = desk;
  await desk.bot();
  const ticket = await openTicket(ctx);
  const channel = await channelOf(sim, ticket.number);
  const [one, two] = [await say(ctx, ticket.id, 'one'), await say(ctx, ticket.id, 'two')];
  await textsAre(channel.id, spoken(['one', 'two']));
  await fault(sim, { kind: 'status', status: 503, who: 'bot' });
  await editMessage(ctx, customer, ticket.id, one.id, { content: 'one again' });
  await deleteMessage(ctx, customer, ticket.id, two.id);
  await say(ctx, ticket.id, 'three');
  await clearFaults(sim);
  await textsAre(channel.id, spoken(['one again', 'three']));
});
