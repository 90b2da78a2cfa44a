import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { commands as registered } from '../../bot/commands/registry.ts';
import type { RunningSimulator } from '../../simulator/server.ts';
import type { AppContext } from '../../src/context.ts';
import { createCategory } from '../../src/domain/categories/manage.ts';
import { oid } from '../../src/domain/log/collections.ts';
import { closeTicket } from '../../src/domain/tickets/close.ts';
import { createTicket } from '../../src/domain/tickets/create.ts';
import { reopenTicket } from '../../src/domain/tickets/status.ts';
import { updateTicket } from '../../src/domain/tickets/update.ts';
import { createHealth, type Health } from '../../src/infra/health.ts';
import { examineAll } from '../../src/self-examination.ts';
import {
  agent,
  customer,
  type Desk,
  openDesk,
  openTicket,
  say,
  setUpGuild,
} from '../support/bridge.ts';
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
import { botThatDies } from '../support/dying-bot.ts';
import { eventually } from '../support/eventually.ts';
import { commandsKnown, interactionsOf } from '../support/interactions.ts';
import { idOf } from '../support/operator.ts';

const admin = { ...agent, role: 'ADMIN' } as const;
const patience = { timeout: 20_000 };

let desk: Desk;
let sim: RunningSimulator;
let one: string;
let two: string;
let second: RunningSimulator['state']['others'][number];

beforeAll(async () => {
  desk = await openDesk({ guilds: 2 }, ({ state }) => {
    const [{ guildId } = { guildId: '' }] = state.others;
    const routes = [`partner:acme=${guildId}`, `category:billing=${guildId}`];
    return { MORE_GUILDS: guildId, GUILD_ROUTES: routes.join(',') };
  });
  ({ sim } = desk);
  one = sim.state.guildId;
  second = sim.state.others[0]!;
  two = second.guildId;
  await setUpGuild(desk.ctx, second);
});
afterAll(() => desk.end());
afterEach(async () => {
  await desk.stopBots();
  await clearFaults(sim);
  await fault(sim, { kind: 'set', settings: { channelsPerGuild: 500 } });
});

const acme = { ...customer, key: 'acme|ana', partner: 'acme' };
const mirrorOf = (id: string) => desk.ctx.db.mirrors.collection.findOne({ _id: oid(id) });
const openFor = async (actor = acme, more = {}) =>
  (await createTicket(desk.ctx, actor, { topic: 'Crates', description: 'None came.', ...more }))
    .ticket;

/** In how many channels of each guild a ticket is. */
const places = async (number: number) => [
  (await channelsOf(sim, number, one)).length,
  (await channelsOf(sim, number, two)).length,
];

/** Makes the first guild full, while the second has room for `left` channels. */
async function fillFirst(left = 20) {
  const count = async (guild: string) =>
    (await stateOf(sim, `?calls=0&messages=0&guild=${guild}`)).channels.length;
  const most = (await count(two)) + left;
  const owner = discordPerson(sim, 'admin');
  const made: { id: string }[] = [];
  for (let n = await count(one); n < most; n++) {
    made.push(await owner.call('POST', `/guilds/${one}/channels`, { name: `filler-${n}` }));
  }
  await fault(sim, { kind: 'set', settings: { channelsPerGuild: most } });
  return {
    most,
    free: async () => {
      const [next] = made.splice(0, 1);
      if (next) await owner.call('DELETE', `/channels/${next.id}`);
    },
    empty: async () => {
      for (const { id } of made.splice(0)) await owner.call('DELETE', `/channels/${id}`);
    },
  };
}

/** The role by which the bot read the transcripts has gone with it. */
async function inviteBack(guild: { guildId: string; channels: { transcripts: string } }) {
  await fault(sim, { kind: 'add-member', guild_id: guild.guildId });
  const bot = sim.state.bot.id;
  const allow = String((1n << 10n) | (1n << 11n) | (1n << 14n) | (1n << 15n) | (1n << 16n));
  const path = `/channels/${guild.channels.transcripts}/permissions/${bot}`;
  await discordPerson(sim, 'admin').call('PUT', path, { type: 1, allow, deny: '0' });
}

describe('where a ticket goes', () => {
  test('by partner and by category into the guild that is named, all others into the first', async () => {
    await desk.bot();
    const [ours, theirs] = [await openTicket(desk.ctx), await openFor()];
    const billing = await openTicket(desk.ctx, { category: 'BILLING' });
    const channel = await channelOf(sim, theirs.number, two);
    expect(channel.parent_id).toBe(second.channels.normal);
    const seers = channel.permission_overwrites.map(({ id }: { id: string }) => id);
    expect(seers).toContain(second.roles.support);
    expect(seers).not.toContain(sim.state.roles.support);
    await channelOf(sim, billing.number, two);
    await channelOf(sim, ours.number, one);
    expect(await places(ours.number)).toEqual([1, 0]);
    expect(await places(theirs.number)).toEqual([0, 1]);
    expect(await mirrorOf(theirs.id)).toMatchObject({ guild_id: two });
    expect(await mirrorOf(ours.id)).toMatchObject({ guild_id: one });
  });

  test('by the room that is left: the first is full, the second takes what no rule names, and nothing is parked', async () => {
    const health = createHealth();
    const full = await fillFirst();
    // For the first guild by itself this is too little room: what is idle there would be parked.
    const { config } = desk.ctx;
    const parking = { below: 510 - full.most, idleMs: 1 };
    const discord = { ...config.discord, parking } as typeof config.discord;
    await desk.bot({ parkMs: 50, ctx: { health, config: { ...config, discord } } });
    const numbers: number[] = [];
    for (let n = 0; n < 4; n++) numbers.push((await openTicket(desk.ctx)).number);
    for (const number of numbers) await channelOf(sim, number, two);
    // That one server is full is how it is meant to be: nobody has to mend anything.
    expect(health.report().parts.discord).toMatchObject({ state: 'ok' });
    await full.empty();
    // The first that come may still go to the second: the bot hears of the room a moment later.
    await eventually(async () => {
      const { number } = await openTicket(desk.ctx);
      await eventually(async () => expect(await places(number)).toContain(1));
      expect(await places(number)).toEqual([1, 0]);
    }, patience);
    expect(await desk.ctx.db.mirrors.collection.countDocuments({ parked: { $ne: null } })).toBe(0);
  });

  test('where both are full it waits, and goes to whichever has room again', async () => {
    const full = await fillFirst(0);
    await desk.bot();
    const ticket = await openTicket(desk.ctx);
    await eventually(async () => {
      expect((await mirrorOf(ticket.id))?.problem).toContain('no room for another channel');
    });
    await full.free();
    await channelOf(sim, ticket.number, one);
    await eventually(async () => expect((await mirrorOf(ticket.id))?.problem).toBeNull());
    await full.empty();
  });

  test('a rule binds: what it names waits for its own guild', async () => {
    const owner = discordPerson(sim, 'admin');
    const { channels } = await stateOf(sim, `?calls=0&messages=0&guild=${two}`);
    const most = channels.length + 1;
    await owner.call('POST', `/guilds/${two}/channels`, { name: 'last' });
    await fault(sim, { kind: 'set', settings: { channelsPerGuild: most } });
    await desk.bot();
    const theirs = await openFor();
    await eventually(async () => {
      expect((await mirrorOf(theirs.id))?.problem).toContain('no room for another channel');
    });
    expect(await places(theirs.number)).toEqual([0, 0]);
    await fault(sim, { kind: 'set', settings: { channelsPerGuild: 500 } });
    await channelOf(sim, theirs.number, two);
  });
});

describe('a bot that is killed', () => {
  test.each(['after-guild-choice', 'after-channel-create'] as const)(
    '%s: there is one channel in one guild',
    async (point) => {
      const full = await fillFirst();
      const { died } = await botThatDies(desk, point);
      const ticket = await openTicket(desk.ctx);
      await died;
      await full.empty();
      // Now the first guild has room; what was settled, or made, stays.
      const before = (await mirrorOf(ticket.id))?.guild_id;
      await desk.bot();
      await say(desk.ctx, ticket.id, 'hello');
      const channel = await channelOf(sim, ticket.number, before);
      await eventually(async () => {
        expect(await textsIn(sim, channel.id)).toEqual(['**Ana**: hello']);
      }, patience);
      const [first, other] = await places(ticket.number);
      expect((first ?? 0) + (other ?? 0)).toBe(1);
    },
  );

  test('before it knew of more guilds than one: the channel that it had made is the one', async () => {
    const { config } = desk.ctx;
    const discord = { ...config.discord, moreGuildIds: [], routes: [] } as never;
    const alone: Partial<AppContext> = { config: { ...config, discord } };
    const ticket = await openFor();
    let died: () => void = () => undefined;
    const death = new Promise<void>((resolve) => {
      died = resolve;
    });
    await desk.bot({
      ctx: {
        ...alone,
        failpoint(point) {
          if (point !== 'after-channel-create') return;
          died();
          throw new Error('killed');
        },
      },
    });
    await death;
    await desk.stopBots();
    expect(await places(ticket.number)).toEqual([1, 0]);
    await desk.bot();
    await say(desk.ctx, ticket.id, 'still here?', acme);
    const channel = await channelOf(sim, ticket.number, one);
    await eventually(async () => {
      expect(await textsIn(sim, channel.id)).toEqual(['**Ana**: still here?']);
    }, patience);
    expect(await places(ticket.number)).toEqual([1, 0]);
  });
});

describe('work in the second guild', () => {
  test('messages go both ways, and the transcript stands where that guild keeps them', async () => {
    await desk.bot();
    const kim = discordPerson(sim, 'kim');
    const ticket = await openFor();
    const channel = await channelOf(sim, ticket.number, two);
    await say(desk.ctx, ticket.id, 'where is it?', acme);
    await eventually(async () => {
      expect(await textsIn(sim, channel.id)).toEqual(['**Ana**: where is it?']);
    });
    const post = await kim.write(channel.id, 'on its way');
    await eventually(async () => {
      const marked = (await messagesIn(sim, channel.id)).find(({ id }) => id === post.id);
      expect(marked?.reactions?.map(({ emoji }) => emoji.name)).toContain('✅');
    });
    const contents = (
      await desk.ctx.db.entries.collection.find({ ticket_id: oid(ticket.id) }).toArray()
    ).map(({ content }) => content);
    expect(contents).toContain('on its way');
    await closeTicket(desk.ctx, acme, ticket.id, { reason: 'thanks' });
    await eventually(async () => expect(await places(ticket.number)).toEqual([0, 0]), patience);
    const footers = async (channelId: string) =>
      (await messagesIn(sim, channelId)).flatMap(({ embeds }) => embeds[0]?.footer?.text ?? []);
    const isOurs = (text: string) => text.includes(ticket.id);
    expect((await footers(second.channels.transcripts)).filter(isOurs)).toHaveLength(1);
    expect((await footers(sim.state.channels.transcripts)).filter(isOurs)).toHaveLength(0);
  });

  test('a ticket stays in its guild whatever changes, and may go to another when it is opened again', async () => {
    await desk.bot();
    const ticket = await openFor();
    const { id: channelId } = await channelOf(sim, ticket.number, two);
    await updateTicket(desk.ctx, admin, ticket.id, { category: 'BILLING', issue_level: 'URGENT' });
    await eventually(async () => {
      const [channel] = await channelsOf(sim, ticket.number, two);
      expect(channel).toMatchObject({ id: channelId, parent_id: second.channels.urgent });
    });
    await closeTicket(desk.ctx, acme, ticket.id, { reason: 'thanks' });
    await eventually(async () => expect(await places(ticket.number)).toEqual([0, 0]), patience);
    await desk.stopBots();
    const { config } = desk.ctx;
    const discord = { ...config.discord, routes: [] } as typeof config.discord;
    await desk.bot({ ctx: { config: { ...config, discord } } });
    await reopenTicket(desk.ctx, admin, ticket.id, undefined);
    const channel = await channelOf(sim, ticket.number, one);
    const { transcripts } = second.channels;
    // What was said before is where it was said.
    await eventually(async () => {
      expect((await textsIn(sim, channel.id)).join()).toContain(`/channels/${two}/${transcripts}/`);
    });
  });

  test('a command works with tickets of its guild alone, lists show all of them and the way there', async () => {
    await desk.bot();
    const { number, id } = await openFor();
    await channelOf(sim, number, two);
    await eventually(async () => {
      const { commands } = await stateOf(sim, `?calls=0&messages=0&guild=${two}`);
      expect(commands.length).toBe(registered.size);
    }, patience);
    await commandsKnown(sim);
    const ada = interactionsOf(sim, discordPerson(sim, 'admin'));
    const here = sim.state.channels.errors;
    const found = await ada.run(here, 'queue');
    expect(found.content).toContain(`/channels/${two}/`);
    const closed = await openFor();
    await channelOf(sim, closed.number, two);
    await closeTicket(desk.ctx, acme, closed.id, { reason: 'thanks' });
    await eventually(async () => expect(await places(closed.number)).toEqual([0, 0]), patience);
    // What became of the channel is written down after it.
    await eventually(async () => expect((await mirrorOf(closed.id))?.state).toBe('done'), patience);
    const before = await mirrorOf(closed.id);
    const told = await ada.run(here, 'reopen', { number: closed.number });
    expect(told.content).toContain('Deskcord Support 2');
    expect(await mirrorOf(closed.id)).toEqual(before);
    expect((await desk.ctx.db.tickets.collection.findOne({ number: closed.number }))?.status).toBe(
      'CLOSED',
    );
    await desk.ctx.db.mirrors.collection.updateOne(
      { _id: oid(id) },
      { $set: { parked: { at: 1, told: true }, channel_id: null } },
    );
    await desk.stopBots();
    await desk.bot();
    await channelOf(sim, (await openTicket(desk.ctx)).number, one);
    expect((await ada.run(here, 'unpark', { number })).content).toContain('Deskcord Support 2');
    expect(await mirrorOf(id)).toMatchObject({ called: false });
    const there = interactionsOf(sim, discordPerson(sim, 'admin'), second.channels.errors);
    const back = await there.run(second.channels.errors, 'reopen', { number: closed.number });
    expect(back.content).toContain('is open again');
    await channelOf(sim, closed.number, two);
  });

  test('a ticket to practise in is opened where it is asked for', async () => {
    await desk.bot();
    await channelOf(sim, (await openFor()).number, two);
    const there = second.channels.errors;
    const ada = interactionsOf(sim, discordPerson(sim, 'admin'), there);
    const { content } = await ada.run(there, 'practice');
    const [, channelId] = /<#(\d+)>/.exec(content) ?? [];
    const { channels } = await stateOf(sim, `?calls=0&messages=0&guild=${two}`);
    expect(channels.map(({ id }: { id: string }) => id)).toContain(channelId);
  });

  test('staff of one guild by its roles are nobody in the other', async () => {
    await desk.bot();
    const owner = discordPerson(sim, 'admin');
    const { id: kimId } = sim.state.people.kim;
    await owner.call('DELETE', `/guilds/${two}/members/${kimId}/roles/${second.roles.support}`);
    const ticket = await openFor();
    const channel = await channelOf(sim, ticket.number, two);
    await owner.call('PUT', `/channels/${channel.id}/permissions/${kimId}`, {
      type: 1,
      allow: String((1n << 10n) | (1n << 11n)),
      deny: '0',
    });
    const post = await discordPerson(sim, 'kim').write(channel.id, 'who am I?');
    await eventually(async () => {
      const marked = (await messagesIn(sim, channel.id)).find(({ id }) => id === post.id);
      expect(marked?.reactions?.map(({ emoji }) => emoji.name)).toEqual(['❌']);
    });
    await owner.call('PUT', `/guilds/${two}/members/${kimId}/roles/${second.roles.support}`);
  });
});

describe('a guild that cannot be used', () => {
  const discordPart = (health: Health) => health.report().parts.discord;

  test.each([
    ['remove-member', 'add-member', 'the bot is not in it'],
    ['guild-unavailable', 'guild-available', 'not available'],
  ])(
    '%s: is named, holds up nothing of the other, and goes on when it is back',
    async (out, back, why) => {
      const health = createHealth();
      await desk.bot({ ctx: { health } });
      const before = await openFor();
      const channel = await channelOf(sim, before.number, two);
      await eventually(async () => expect(await messagesIn(sim, channel.id)).toHaveLength(1));
      await fault(sim, { kind: out, guild_id: two });
      await eventually(() => {
        expect(discordPart(health)).toMatchObject({
          state: 'degraded',
          reason: expect.stringContaining(why),
        });
        expect(discordPart(health)?.reason).toContain('server ');
      });
      // Where staff can read it.
      await eventually(async () => {
        const texts = await textsIn(sim, sim.state.channels.transcripts);
        expect(texts.filter((text) => text.includes(why)).length).toBeGreaterThan(0);
      });
      await say(desk.ctx, before.id, 'anybody?', acme);
      const [theirs, ours] = [await openFor(), await openTicket(desk.ctx)];
      const other = await channelOf(sim, ours.number, one);
      await say(desk.ctx, ours.id, 'hello');
      await eventually(async () =>
        expect(await textsIn(sim, other.id)).toEqual(['**Ana**: hello']),
      );
      expect((await mirrorOf(theirs.id))?.problem).toContain(why);
      if (back === 'add-member') await inviteBack(second);
      else await fault(sim, { kind: back, guild_id: two });
      await channelOf(sim, theirs.number, two);
      await eventually(async () => {
        expect(await textsIn(sim, channel.id)).toEqual(['**Ana**: anybody?']);
        expect(discordPart(health)).toMatchObject({ state: 'ok' });
        expect((await mirrorOf(theirs.id))?.problem).toBeNull();
      }, patience);
    },
  );

  test('be it the first: the session goes on, and what no rule names goes to the second', async () => {
    const health = createHealth();
    await fault(sim, { kind: 'remove-member', guild_id: one });
    await desk.bot({ ctx: { health } });
    const [ours, theirs] = [await openTicket(desk.ctx), await openFor()];
    await channelOf(sim, ours.number, two);
    await channelOf(sim, theirs.number, two);
    expect(discordPart(health)?.reason).toContain('the bot is not in it');
    await inviteBack(sim.state);
    await eventually(() => expect(discordPart(health)).toMatchObject({ state: 'ok' }), patience);
    const next = await openTicket(desk.ctx);
    await channelOf(sim, next.number, one);
  });

  test('out of order when the bot starts, it holds up the other for a few seconds and goes on when it is back', async () => {
    const first = await desk.bot();
    const theirs = await openFor();
    const channel = await channelOf(sim, theirs.number, two);
    await say(desk.ctx, theirs.id, 'hello', acme);
    await eventually(async () =>
      expect(await textsIn(sim, channel.id)).toEqual(['**Ana**: hello']),
    );
    await fault(sim, { kind: 'guild-unavailable', guild_id: two });
    await first.stop();
    await say(desk.ctx, theirs.id, 'anybody?', acme);
    const started = performance.now();
    await desk.bot();
    const ours = await openTicket(desk.ctx);
    await channelOf(sim, ours.number, one);
    expect(performance.now() - started).toBeLessThan(12_000);
    const kim = discordPerson(sim, 'kim');
    await kim.write(channel.id, 'said meanwhile');
    await fault(sim, { kind: 'guild-available', guild_id: two });
    await eventually(async () => {
      expect(await textsIn(sim, channel.id)).toContain('**Ana**: anybody?');
      const entries = desk.ctx.db.entries.collection.find({ ticket_id: oid(theirs.id) });
      expect((await entries.toArray()).map(({ content }) => content)).toContain('said meanwhile');
    }, patience);
  });

  test.each([
    ['status', { status: 500 }],
    ['rate-limit', { retry_after: 60 }],
  ])(
    'one whose channels cannot be listed (%s) holds up no ticket of the other that came before the bot did',
    async (kind, how) => {
      await (await desk.bot()).stop();
      const theirs = await openFor();
      const ours = await openTicket(desk.ctx);
      await fault(sim, { kind, ...how, method: 'GET', path: `/guilds/${one}/channels$` });
      await desk.bot();
      await eventually(async () => expect(await places(theirs.number)).toEqual([0, 1]), {
        timeout: 5000,
      });
      expect(await places(ours.number)).toEqual([0, 0]);
      await clearFaults(sim);
    },
  );

  test('one that answers nothing holds up no ticket of the other', async () => {
    await desk.bot({ requestTimeoutMs: 3000 });
    const path = `/guilds/${one}/channels$`;
    await fault(sim, { kind: 'hang', method: 'POST', path });
    for (let n = 0; n < 20; n++) await openTicket(desk.ctx);
    const theirs = await openFor();
    await eventually(async () => expect(await places(theirs.number)).toEqual([0, 1]), {
      timeout: 2000,
    });
    await clearFaults(sim);
  });
});

test('what is set up, and looked at, is of the guild where it is asked for', async () => {
  await desk.ctx.db.settings.collection.deleteMany({ _id: `discord:${two}` as never });
  await desk.bot();
  const theirs = await openFor();
  await eventually(async () => {
    expect((await mirrorOf(theirs.id))?.problem).toContain('run /setup in Discord');
  });
  const [here, there] = [sim.state.channels.errors, second.channels.errors];
  const inSecond = interactionsOf(sim, discordPerson(sim, 'admin'), there);
  await eventually(async () => {
    const { commands } = await stateOf(sim, `?calls=0&messages=0&guild=${two}`);
    expect(commands.length).toBe(registered.size);
  }, patience);
  expect((await inSecond.run(there, 'doctor')).content).toContain('are not set: run /setup');
  const inFirst = interactionsOf(sim, discordPerson(sim, 'admin'));
  expect((await inFirst.run(here, 'doctor')).content).not.toContain('are not set');
  const plan = await inSecond.run(there, 'setup');
  expect(plan.content).toContain(second.channels.urgent);
  await inSecond.replace(there, plan, idOf(plan, 'Apply'));
  await channelOf(sim, theirs.number, two);
  expect((await inSecond.run(there, 'doctor')).content).toContain('All is well.');
  await fault(sim, { kind: 'remove-member', guild_id: two });
  const checks = await examineAll(desk.config);
  const wrong = checks.filter(({ ok }) => !ok).map(({ name, text }) => `${name}: ${text}`);
  expect(wrong).toEqual([
    expect.stringContaining(`${two}: server: the bot is not in it: invite it`),
  ]);
  expect(checks.map(({ name }) => name)).toContain('Deskcord Support: category for URGENT');
  await inviteBack(second);
});

test('a rule for a category that is not there is told of until there is one', async () => {
  const told: string[] = [];
  const log = Object.assign(Object.create(desk.ctx.log), {
    child: () => log,
    warn: ({ reason }: { reason?: string }) => told.push(reason ?? ''),
  });
  const routes = [
    { by: 'category', name: 'LATE', guildIds: [two] },
    { by: 'category', name: 'BILLING', guildIds: [two] },
  ] as const;
  const config = { ...desk.config, discord: { ...desk.config.discord, routes } as never };
  await desk.bot({ ctx: { config, log } });
  const reason = expect.stringContaining('there is no category LATE, which GUILD_ROUTES names');
  await eventually(() => expect(told).toEqual([reason]));
  const lineOf = async () =>
    (await examineAll(config)).find(({ key }) => key === 'doctor:routes') ?? null;
  expect(await lineOf()).toMatchObject({ ok: false, text: reason });
  const channel = await channelOf(sim, (await openTicket(desk.ctx)).number, one);
  expect(channel).toBeDefined();
  const ada = interactionsOf(sim, discordPerson(sim, 'admin'));
  expect((await ada.run(sim.state.channels.errors, 'doctor')).content).toContain('category LATE');
  await createCategory(desk.ctx, admin, { name: 'LATE' });
  expect(await lineOf()).toBeNull();
  const late = await openTicket(desk.ctx, { category: 'LATE' });
  await channelOf(sim, late.number, two);
});

test('a guild that is not named any more, and still has channels of tickets, is told of by the doctor', async () => {
  await desk.bot();
  const theirs = await openFor();
  await channelOf(sim, theirs.number, two);
  const alone = { ...desk.config.discord, moreGuildIds: [], routes: [] } as never;
  const checks = await examineAll({ ...desk.config, discord: alone });
  const stray = checks.find(({ key }) => key === 'doctor:strays');
  expect(stray).toMatchObject({ ok: false, text: expect.stringMatching(`\\d+ in ${two}$`) });
  expect(
    (await examineAll(desk.config)).find(({ key }) => key === 'doctor:strays'),
  ).toBeUndefined();
});
