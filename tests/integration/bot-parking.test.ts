import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { AppContext } from '../../src/context.ts';
import { deleteTicket } from '../../src/domain/erasure/delete-ticket.ts';
import { oid } from '../../src/domain/log/collections.ts';
import { publicLog } from '../../src/domain/log/entry.ts';
import { sendNote } from '../../src/domain/messages/notes.ts';
import { addReaction } from '../../src/domain/messages/react.ts';
import { type Looked, listParkable } from '../../src/domain/mirror/parking.ts';
import { closeTicket } from '../../src/domain/tickets/close.ts';
import { updateTicket } from '../../src/domain/tickets/update.ts';
import type { FailpointName } from '../../src/infra/failpoints.ts';
import { agent, customer, type Desk, openDesk, openTicket, say, seen } from '../support/bridge.ts';
import {
  channelOf,
  channelsOf,
  clearFaults,
  discordPerson,
  fault,
  messagesIn,
  stateOf,
  textsIn,
} from '../support/discord.ts';
import { eventually } from '../support/eventually.ts';
import { commandsKnown, interactionsOf } from '../support/interactions.ts';

const HOUR = 3_600_000;
const patience = { timeout: 20_000 };
const admin = { ...agent, role: 'ADMIN' } as const;
let desk: Desk;

beforeAll(async () => {
  desk = await openDesk();
});
afterAll(() => desk.end());
afterEach(async () => {
  await desk.stopBots();
  await clearFaults(desk.sim);
  await fault(desk.sim, { kind: 'set', settings: { channelsPerGuild: 500 } });
  // What one test has left is not idle in the next one.
  await desk.ctx.db.tickets.collection.updateMany({}, { $set: { created_at: Date.now() } });
});

/** A bot that parks what is idle for an hour while fewer channels than `below` are free. */
function parkingBot(
  below = 499,
  idleMs = HOUR,
  failpoint?: (point: FailpointName) => void,
  more: Partial<AppContext> = {},
) {
  const { config } = desk.ctx;
  const discord = { ...config.discord, parking: { below, idleMs } } as typeof config.discord;
  const ctx = { config: { ...config, discord }, ...(failpoint && { failpoint }), ...more };
  return desk.bot({ parkMs: 50, ctx });
}

/** As if nothing had come for so many hours. */
async function age(id: string, hours = 3) {
  const { tickets, entries } = desk.ctx.db;
  const by = -hours * HOUR;
  await entries.collection.updateMany({ ticket_id: oid(id) }, { $inc: { at: by } });
  await tickets.collection.updateOne({ _id: oid(id) }, { $inc: { created_at: by } });
}

const mirrorOf = (id: string) => desk.ctx.db.mirrors.collection.findOne({ _id: oid(id) });
const parkable = (looked?: Looked) => listParkable(desk.ctx, HOUR, 10, looked);
const isParked = (id: string) =>
  eventually(async () => {
    const mirror = await mirrorOf(id);
    expect({ parked: mirror?.parked, channel: mirror?.channel_id }).toMatchObject({
      parked: { told: true },
      channel: null,
    });
  }, patience);
const transcripts = () => messagesIn(desk.sim, desk.sim.state.channels.transcripts);
const linesOn = async (id: string) =>
  (await transcripts()).filter(({ content }) => content.includes(`(${id} parked)`));

/** A ticket whose channel shows these lines, and that has been idle. */
async function idleTicket(lines: string[], hours = 3, overrides = {}) {
  const { ctx, sim } = desk;
  const ticket = await openTicket(ctx, overrides);
  for (const line of lines) await say(ctx, ticket.id, line);
  const channel = await channelOf(sim, ticket.number);
  await eventually(
    async () => expect(await textsIn(sim, channel.id)).toHaveLength(lines.length),
    patience,
  );
  await age(ticket.id, hours);
  return { ...ticket, channel };
}

const backWith = (number: number, texts: unknown[]) =>
  eventually(async () => {
    const channel = await channelOf(desk.sim, number);
    const said = await textsIn(desk.sim, channel.id);
    expect(said).toEqual([expect.stringContaining('was idle and parked'), ...texts]);
    return channel;
  }, patience);

test('parks the lowest level first, then what is idle for longest, no more than it takes, and nothing in use', async () => {
  const { ctx, sim } = desk;
  const first = await desk.bot();
  const urgent = await idleTicket(['a'], 9, { issue_level: 'URGENT' });
  const [short, long, awake] = [
    await idleTicket(['b'], 2),
    await idleTicket(['c'], 5),
    await idleTicket(['d'], 0),
  ];
  const noted = await idleTicket(['e'], 5);
  await sendNote(ctx, agent, noted.id, { content: 'calls back today' });
  expect(await parkable()).toEqual([long.id, short.id, urgent.id]);
  expect(await parkable({ except: [long.id] })).toEqual([short.id, urgent.id]);
  await first.stop();
  const { channels } = await stateOf(sim, '?calls=0&messages=0');
  await parkingBot(500 - channels.length + 2);
  await Promise.all([isParked(short.id), isParked(long.id)]);
  for (const { number } of [urgent, awake, noted]) {
    expect(await channelsOf(sim, number)).toHaveLength(1);
  }
});

test('a parked ticket comes back with what was said and what is new, and is not parked again at once', async () => {
  const { ctx, sim } = desk;
  await parkingBot();
  const ticket = await idleTicket(['one', 'two']);
  await isParked(ticket.id);
  expect(await channelsOf(sim, ticket.number)).toEqual([]);
  expect(await linesOn(ticket.id)).toHaveLength(1);
  const [two] = (await seen(ctx, ticket.id)).slice(-1);
  // Staff need not see that.
  await addReaction(ctx, customer, publicLog(ticket.id), two?.id as string, '👍');
  await say(ctx, ticket.id, 'three');
  await sendNote(ctx, agent, ticket.id, { content: 'four' });
  // Each log is in its own order.
  const both = expect.stringMatching(/^\*\*Ana\*\*: three$|\*\*note\*\* · \*\*Bob\*\*: four$/);
  const channel = await backWith(ticket.number, [both, both]);
  expect(new Set(await textsIn(sim, channel.id)).size).toBe(3);
  const [card, history] = await messagesIn(sim, channel.id);
  expect(card?.embeds).toHaveLength(1);
  expect(history?.content).toContain('/transcript has all of it.');
  expect(history?.content).toMatch(/\*\*Ana\*\* <t:\d+:f>: one\n/);
  await age(ticket.id);
  expect(await parkable({ only: ticket.id })).toEqual([]);
  const kim = discordPerson(sim, 'kim');
  await kim.write(channel.id, 'five');
  await eventually(async () => {
    const texts = (await seen(ctx, ticket.id)).map(({ content }) => content);
    expect(texts).toEqual(['one', 'two', 'three', 'five']);
  }, patience);
});

test('staff see that a ticket is parked, call it back by its number, and a change brings it back', async () => {
  const { ctx, sim } = desk;
  await parkingBot();
  const called = await idleTicket(['one']);
  const raised = await idleTicket(['one']);
  await Promise.all([isParked(called.id), isParked(raised.id)]);
  await commandsKnown(sim);
  const kim = interactionsOf(sim, discordPerson(sim, 'kim'));
  const { transcripts: place } = sim.state.channels;
  const queue = (await kim.run(place, 'queue')).content;
  expect(queue).toContain(`**#${called.number}** (parked)`);
  const doctor = await interactionsOf(sim, discordPerson(sim, 'admin')).run(place, 'doctor');
  expect(doctor.content).toMatch(/\d+ idle tickets are parked/);
  const told = await kim.run(place, 'unpark', { number: called.number });
  expect(told.content).toContain('gets its channel back');
  await updateTicket(ctx, admin, raised.id, { issue_level: 'CRITICAL' });
  const channel = await backWith(called.number, []);
  await backWith(raised.number, []);
  const again = await kim.run(place, 'unpark', { number: called.number });
  expect(again.content).toContain(`is not parked: it is in <#${channel.id}>`);
});

test('a parked ticket is closed with its transcript, or deleted with what was said of it', async () => {
  const { ctx, sim } = desk;
  await parkingBot();
  const [closed, deleted] = [await idleTicket(['one']), await idleTicket(['one'])];
  await Promise.all([isParked(closed.id), isParked(deleted.id)]);
  await closeTicket(ctx, customer, closed.id, { reason: 'it came' });
  await deleteTicket(ctx, admin, deleted.id);
  await eventually(async () => {
    const posts = await transcripts();
    const kept = posts.filter(({ embeds }) => embeds[0]?.footer?.text === `Ticket ${closed.id}`);
    expect(kept).toHaveLength(1);
    expect(await mirrorOf(closed.id)).toMatchObject({ state: 'done', parked: null });
    expect(JSON.stringify(posts)).not.toContain(deleted.id);
  }, patience);
  expect(await channelsOf(sim, closed.number)).toEqual([]);
  expect(await channelsOf(sim, deleted.number)).toEqual([]);
});

test('a ticket with a thread that the bot may not read keeps its channel', async () => {
  const { sim } = desk;
  const first = await desk.bot();
  const [barred, other] = [await idleTicket(['one'], 5), await idleTicket(['one'], 3)];
  const kim = discordPerson(sim, 'kim');
  const thread = { name: 'between us', type: 11 };
  const { id } = await kim.call<{ id: string }>(
    'POST',
    `/channels/${barred.channel.id}/threads`,
    thread,
  );
  await first.stop();
  const path = `/channels/${id}/messages`;
  await fault(sim, {
    ...{ kind: 'status', method: 'GET', path, who: 'bot' },
    ...{ status: 403, code: 50001 },
  });
  // The thread itself is idle, too.
  await parkingBot(499, 500);
  await isParked(other.id);
  // Its turn has come more than once.
  await eventually(async () => {
    const answer = await fetch(`${sim.url}/__sim/faults`);
    const { faults } = (await answer.json()) as { faults: { hits: number }[] };
    expect(faults[0]?.hits).toBeGreaterThan(5);
  }, patience);
  expect(await channelsOf(sim, barred.number)).toHaveLength(1);
  expect((await mirrorOf(barred.id))?.parked).toBeNull();
  // Neither is in the way of the next test.
  await discordPerson(sim, 'admin').call('DELETE', `/channels/${id}`);
  await say(desk.ctx, barred.id, 'two');
});

test('in a full server an idle ticket makes room for one that waits', async () => {
  const { ctx, sim } = desk;
  const first = await desk.bot();
  const idle = await idleTicket(['one']);
  await first.stop();
  const { channels } = await stateOf(sim, '?calls=0&messages=0');
  await fault(sim, { kind: 'set', settings: { channelsPerGuild: channels.length } });
  // By count there is room: that there is none is Discord's answer.
  await parkingBot(1);
  const waiting = await openTicket(ctx);
  await say(ctx, waiting.id, 'anybody?');
  const channel = await channelOf(sim, waiting.number);
  await isParked(idle.id);
  await eventually(
    async () => expect(await textsIn(sim, channel.id)).toEqual(['**Ana**: anybody?']),
    patience,
  );
});

test('what was just written keeps a channel, and what no log has is kept before it goes', async () => {
  const { ctx, sim } = desk;
  const idleMs = 1500;
  const first = await desk.bot();
  const [ticket, quiet] = [await idleTicket(['one']), await idleTicket(['one'])];
  await first.stop();
  const person = discordPerson(sim, 'admin');
  const hook = await person.call<{ id: string; token: string }>(
    'POST',
    `/channels/${ticket.channel.id}/webhooks`,
    { name: 'Build' },
  );
  await person.call('POST', `/webhooks/${hook.id}/${hook.token}`, { content: 'build 7 is green' });
  const kim = discordPerson(sim, 'kim');
  await kim.write(ticket.channel.id, 'unread until the bot is back');
  const second = await parkingBot();
  await isParked(quiet.id);
  expect(await channelsOf(sim, ticket.number)).toHaveLength(1);
  await second.stop();
  await parkingBot(499, idleMs);
  await isParked(ticket.id);
  expect((await seen(ctx, ticket.id)).map(({ content }) => content)).toEqual([
    'one',
    'unread until the bot is back',
  ]);
  const kept = (await transcripts()).find(({ content }) => content.includes('beside the log'));
  const page = await (await fetch(kept?.attachments[0]?.url as string)).text();
  expect(page).toContain('build 7 is green');
});

test('a channel that Discord does not let go stays as it was, is told of once, and goes when it may', async () => {
  const { ctx, sim } = desk;
  const first = await desk.bot();
  const ticket = await idleTicket(['one']);
  const { id: channelId } = ticket.channel;
  await first.stop();
  const removal = { method: 'DELETE', path: `/channels/${channelId}$`, who: 'bot' };
  await fault(sim, { kind: 'status', ...removal, status: 403, code: 50013 });
  const refused = async () => {
    const { calls } = await stateOf(sim, '?messages=0');
    const isRemoval = (one: { method: string; path: string; status: number }) =>
      one.method === 'DELETE' && one.path.endsWith(channelId) && one.status === 403;
    return calls.filter(isRemoval).length;
  };
  const reported: string[] = [];
  const report = (error: unknown) => void reported.push((error as Error).message);
  const health = () => ctx.health.report().parts.discord;
  // Idle again after a second, so that it is chosen again soon.
  await parkingBot(499, 1000, undefined, { reports: { ...ctx.reports, report } });
  await eventually(async () => expect(await refused()).toBeGreaterThan(1), patience);
  expect(health()?.reason).toContain('idle tickets cannot be parked: ');
  const told = reported.filter((text) => text.includes('cannot be parked'));
  expect(told).toHaveLength(1);
  const kim = discordPerson(sim, 'kim');
  await eventually(() => kim.write(channelId, 'two'), patience);
  await eventually(async () => {
    const texts = (await seen(ctx, ticket.id)).map(({ content }) => content);
    expect(texts).toEqual(['one', 'two']);
  }, patience);
  expect(await linesOn(ticket.id)).toEqual([]);
  expect((await mirrorOf(ticket.id))?.channel_id).toBe(channelId);
  await clearFaults(sim);
  await isParked(ticket.id);
  await eventually(() => expect(health()?.state).toBe('ok'), patience);
});

describe('at the moment of parking', () => {
  test.each([
    ['before-park-step', 2],
    ['after-park-step', 2],
  ] as const)('%s %i: what the customer writes is in the new channel once', async (point, nth) => {
    const { ctx } = desk;
    let left: number = nth;
    let saying: Promise<unknown> | undefined;
    let id = '';
    await parkingBot(499, HOUR, (passed) => {
      if (passed === point && --left === 0) saying = say(ctx, id, 'two');
    });
    const ticket = await openTicket(ctx);
    id = ticket.id;
    await say(ctx, id, 'one');
    const { id: first } = await channelOf(desk.sim, ticket.number);
    await eventually(async () => expect(await textsIn(desk.sim, first)).toHaveLength(1), patience);
    await age(id);
    await backWith(ticket.number, ['**Ana**: two']);
    await saying;
    expect(await linesOn(id)).toHaveLength(1);
  });

  test('what staff write is in the log, and the channel stays', async () => {
    const { ctx, sim } = desk;
    const kim = discordPerson(sim, 'kim');
    let channelId = '';
    let writing: Promise<unknown> | undefined;
    await parkingBot(499, HOUR, (passed) => {
      if (passed === 'before-park-step') writing ??= kim.write(channelId, 'two');
    });
    const ticket = await openTicket(ctx);
    await say(ctx, ticket.id, 'one');
    channelId = (await channelOf(sim, ticket.number)).id;
    await eventually(async () => expect(await textsIn(sim, channelId)).toHaveLength(1), patience);
    await age(ticket.id);
    await eventually(async () => {
      const texts = (await seen(ctx, ticket.id)).map(({ content }) => content);
      expect(texts).toEqual(['one', 'two']);
    }, patience);
    await writing;
    // Whoever was locked out for the look may write again.
    await eventually(() => kim.write(channelId, 'three'), patience);
    expect(await mirrorOf(ticket.id)).toMatchObject({ channel_id: channelId, parked: null });
  });

  test('what is written past the lock is in the log and in the new channel once', async () => {
    const { ctx, sim } = desk;
    const boss = discordPerson(sim, 'admin');
    let channelId = '';
    let left = 2;
    let writing: Promise<boolean> | undefined;
    await parkingBot(499, HOUR, (passed) => {
      if (passed !== 'before-park-step' || --left > 0) return;
      writing ??= boss.write(channelId, 'two').then(
        () => true,
        () => false,
      );
    });
    const ticket = await openTicket(ctx);
    await say(ctx, ticket.id, 'one');
    channelId = (await channelOf(sim, ticket.number)).id;
    await eventually(async () => expect(await textsIn(sim, channelId)).toHaveLength(1), patience);
    await age(ticket.id);
    await eventually(() => expect(writing).toBeDefined(), patience);
    const isTaken = await writing;
    if (!isTaken) await say(ctx, ticket.id, 'two');
    await backWith(ticket.number, [expect.stringContaining('two')]);
    expect((await seen(ctx, ticket.id)).map(({ content }) => content)).toEqual(['one', 'two']);
  });
});

describe('a bot killed while it parks', () => {
  test.each([
    ['after-park-step', 1],
    ['before-park-step', 2],
    ['after-park-step', 2],
    ['before-park-step', 3],
  ] as const)('%s %i: the next one goes on there', async (point, nth) => {
    const { ctx, sim } = desk;
    let left: number = nth;
    let died: () => void = () => undefined;
    const death = new Promise<void>((resolve) => {
      died = resolve;
    });
    const bot = await parkingBot(499, HOUR, (passed) => {
      if (passed !== point || --left > 0) return;
      if (left === 0) died();
      throw new Error('killed');
    });
    const ticket = await idleTicket(['one', 'two']);
    await death;
    await bot.stop();
    await fault(sim, { kind: 'forget-nonces' });
    await parkingBot();
    await isParked(ticket.id);
    expect(await channelsOf(sim, ticket.number)).toEqual([]);
    expect(await linesOn(ticket.id)).toHaveLength(1);
    await say(ctx, ticket.id, 'three');
    await backWith(ticket.number, ['**Ana**: three']);
  });
});
