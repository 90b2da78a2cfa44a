import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import type { RunningSimulator } from '../../simulator/server.ts';
import type { Actor } from '../../src/domain/access/actor.ts';
import { changeAgent, listPresentAgents } from '../../src/domain/agents/agents.ts';
import { createLinkCode } from '../../src/domain/agents/link.ts';
import { oid } from '../../src/domain/log/collections.ts';
import { claimMirror } from '../../src/domain/mirror/mirrors.ts';
import { slaWork } from '../../src/domain/sla/watch.ts';
import { assignAutomatically, autoAssignment } from '../../src/domain/tickets/auto-assign.ts';
import { createTicket } from '../../src/domain/tickets/create.ts';
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
  clearFaults,
  discordPerson,
  fault,
  messagesIn,
  textsIn,
} from '../support/discord.ts';
import { eventually } from '../support/eventually.ts';
import { commandsKnown, interactionsOf } from '../support/interactions.ts';
import { laterBy } from '../support/uploads.ts';

const HOUR = 3_600_000;
const NEW = 'You are on call: a new ticket.';
const NOBODY = '-# Nobody is called: who is on call is not of the staff of this server.';
const patience = { timeout: 20_000 };
const admin = { ...agent, role: 'ADMIN' } as const;

let desk: Desk;
let sim: RunningSimulator;
let second: RunningSimulator['state']['others'][number];
let one: string;
let two: string;

beforeAll(async () => {
  desk = await openDesk({ guilds: 2 }, ({ state }) => {
    const [{ guildId } = { guildId: '' }] = state.others;
    const routes = [`partner:acme=${guildId}`, `*=${state.guildId}`];
    return {
      MORE_GUILDS: guildId,
      GUILD_ROUTES: routes.join(','),
      AUTO_ASSIGN: 'least_loaded',
      RATE_LIMIT_FACTOR: '5',
    };
  });
  ({ sim } = desk);
  second = sim.state.others[0]!;
  [one, two] = [sim.state.guildId, second.guildId];
  await setUpGuild(desk.ctx, second);
  await role('DELETE', 'kim', 'support');
});
afterAll(() => desk.end());
beforeEach(() => desk.bot({ standingsMs: 200 }));
afterEach(async () => {
  await desk.stopBots();
  await desk.ctx.db.agents.collection.deleteMany({});
  const over = { $set: { assignee: null, assigned_to: null, status: 'CANCELLED' } };
  await desk.ctx.db.tickets.collection.updateMany({}, over);
});

type Who = 'kim' | 'robin' | 'developer' | 'sam';
const idOf = (who: Who) => sim.state.people[who].id;
/** Gives somebody a role in the second guild, or takes it. */
function role(method: 'PUT' | 'DELETE', who: Who, name: 'support' | 'developer') {
  const path = `/guilds/${two}/members/${idOf(who)}/roles/${second.roles[name]}`;
  return discordPerson(sim, 'admin').call(method, path);
}
const acme = { ...customer, key: 'acme|ana', partner: 'acme' };
const openInTwo = async (more = {}) =>
  (await createTicket(desk.ctx, acme, { topic: 'Crates', description: 'None.', ...more })).ticket;

const actorOf = (who: Who): Actor => ({
  ...agent,
  key: `staff|discord|${idOf(who)}`,
  id: idOf(who),
  origin: 'discord',
});
const rowOf = (who: Who) => desk.ctx.db.agents.collection.findOne({ 'discord.id': idOf(who) });
/** Waits until it is known what somebody is in both guilds. */
const known = (who: Who, expected: object) =>
  eventually(async () => expect((await rowOf(who))?.discord.guilds).toMatchObject(expected));

async function calls(channelId: string) {
  const found = (await messagesIn(sim, channelId)).filter(({ content }) =>
    /<@\d|on call/.test(content),
  );
  return found.map(({ content, mentions }) => [content, mentions.map(({ id }) => id)]);
}

/** The calls in the channel of a ticket, once what its customer says stands behind them. */
async function callsFor(ticket: { id: string; number: number }, guild: string, actor = customer) {
  await say(desk.ctx, ticket.id, 'hello', actor);
  const { id } = await channelOf(sim, ticket.number, guild);
  await eventually(
    async () => expect((await textsIn(sim, id)).at(-1)).toContain('hello'),
    patience,
  );
  return calls(id);
}

/** Makes people known who have acted in Discord a moment ago, wherever. */
async function act(...who: Who[]) {
  for (const name of who) await changeAgent(desk.ctx, actorOf(name), { away: false });
}

test('who is on call is named where they are staff, and elsewhere it is said that nobody is', async () => {
  await commandsKnown(sim);
  // The bot hears of commands from here on.
  await channelOf(sim, (await openTicket(desk.ctx)).number, one);
  const here = sim.state.channels.errors;
  const kim = interactionsOf(sim, discordPerson(sim, 'kim'));
  const told = await kim.run(here, 'on-call', { on: true });
  expect(told.content).toContain('Not those in Deskcord Support 2: you are not staff there.');
  const call = [`-# <@${idOf('kim')}> ${NEW}`, [idOf('kim')]];
  expect(await callsFor(await openTicket(desk.ctx), one)).toEqual([call]);
  expect(await callsFor(await openInTwo(), two, acme)).toEqual([[NOBODY, []]]);
  // The next one is named, and Kim is not.
  const robin = interactionsOf(sim, discordPerson(sim, 'robin'));
  expect((await robin.run(here, 'on-call', { on: true })).content).not.toContain('Not those in');
  const ticket = await openInTwo();
  const next = [`-# <@${idOf('robin')}> ${NEW}`, [idOf('robin')]];
  expect(await callsFor(ticket, two, acme)).toEqual([next]);
  // An overdue ticket calls the technicians.
  for (const who of ['kim', 'robin'] as const) {
    await changeAgent(desk.ctx, actorOf(who), { skills: ['TECHNICAL'] });
  }
  const { signal } = new AbortController();
  await slaWork.sla?.run(laterBy(desk.ctx, 8 * HOUR), { key: ticket.id } as never, signal);
  const { id } = await channelOf(sim, ticket.number, two);
  await eventually(async () => {
    const [, overdue] = await calls(id);
    expect(overdue?.[0]).toContain('is overdue.');
    expect(overdue?.[1]).toEqual([idOf('robin')]);
  }, patience);
});

const look = (data: unknown = {}) =>
  autoAssignment['assign-tickets']?.run(desk.ctx, { data } as never, new AbortController().signal);
const assigneeOf = async (id: string) =>
  (await desk.ctx.db.tickets.collection.findOne({ _id: oid(id) }))?.assigned_to;

test('who goes on call is answered though one server says nothing', async () => {
  await commandsKnown(sim);
  await channelOf(sim, (await openTicket(desk.ctx)).number, one);
  await fault(sim, { kind: 'hang', method: 'GET', path: `/guilds/${two}/members/` });
  const begun = performance.now();
  const robin = interactionsOf(sim, discordPerson(sim, 'robin'));
  const { content } = await robin.run(sim.state.channels.errors, 'on-call', { on: true });
  expect(content).toContain('You are on call');
  expect(performance.now() - begun).toBeLessThan(8000);
  await clearFaults(sim);
});

test('a ticket is assigned by itself to who is staff where it is, and to others on the web', async () => {
  await act('kim');
  await known('kim', { [one]: { skills: ['GENERAL'] }, [two]: { skills: null } });
  const theirs = await openInTwo();
  await channelOf(sim, theirs.number, two);
  const ours = await openTicket(desk.ctx);
  await channelOf(sim, ours.number, one);
  await look();
  expect(await assigneeOf(ours.id)).toBe(idOf('kim'));
  expect(await assigneeOf(theirs.id)).toBeNull();
  await expect(assignAutomatically(desk.ctx, admin, theirs.id)).rejects.toMatchObject({
    code: 'CONFLICT',
    message: expect.stringContaining("staff in the ticket's server"),
  });
  await act('robin');
  await known('robin', { [one]: { skills: ['GENERAL'] }, [two]: { skills: ['GENERAL'] } });
  await look();
  expect(await assigneeOf(theirs.id)).toBe(idOf('robin'));
  // Who is on the web alone gets any.
  await desk.ctx.db.agents.collection.deleteMany({});
  await createLinkCode(desk.ctx, agent);
  const leave = desk.ctx.desk.presence.open(agent.key);
  await eventually(async () =>
    expect(await listPresentAgents(desk.ctx, 'GENERAL')).toHaveLength(1),
  );
  const last = await openInTwo();
  await channelOf(sim, last.number, two);
  await look();
  expect(await assigneeOf(last.id)).toBe(agent.id);
  leave();
});

test('what somebody is fit for is of each server by itself, and what Discord says is asked anew', async () => {
  await role('PUT', 'developer', 'support');
  await role('DELETE', 'developer', 'developer');
  await act('developer');
  const standings = { [one]: { skills: ['TECHNICAL'] }, [two]: { skills: ['GENERAL'] } };
  await known('developer', standings);
  const fitting = async (name: 'GENERAL' | 'TECHNICAL', guild?: string) =>
    (await listPresentAgents(desk.ctx, name, guild)).map(({ id }) => id);
  expect(await fitting('TECHNICAL', one)).toEqual([idOf('developer')]);
  expect(await fitting('GENERAL', one)).toEqual([]);
  expect(await fitting('TECHNICAL', two)).toEqual([]);
  expect(await fitting('GENERAL', two)).toEqual([idOf('developer')]);
  // Where a ticket is not settled yet: nobody's of any.
  expect(await fitting('GENERAL')).toEqual([]);
  await role('DELETE', 'developer', 'support');
  const before = { $set: { [`discord.guilds.${two}.at`]: Date.now() - 11 * 60_000 } };
  await desk.ctx.db.agents.collection.updateMany({}, before as never);
  await known('developer', { [two]: { skills: null } });
  expect(await fitting('GENERAL', two)).toEqual([]);
});

test('where somebody writes it is known at once that they are staff there', async () => {
  await desk.stopBots();
  await desk.bot({ standingsMs: 10 * HOUR });
  const { id } = await channelOf(sim, (await openInTwo()).number, two);
  await discordPerson(sim, 'sam').write(id, 'on its way');
  await known('sam', {});
  expect((await rowOf('sam'))?.discord.guilds).toEqual({
    [two]: { skills: ['GENERAL'], at: expect.any(Number) },
  });
});

test('with one server what was known of several is forgotten', async () => {
  await act('kim');
  await known('kim', { [two]: { skills: null } });
  await desk.stopBots();
  const { config } = desk.ctx;
  const discord = { ...config.discord, moreGuildIds: [], routes: [] } as typeof config.discord;
  await desk.bot({ ctx: { config: { ...config, discord } } });
  await eventually(async () => expect((await rowOf('kim'))?.discord).not.toHaveProperty('guilds'));
});

test('however many tickets wait where nobody is, they hold up no other', async () => {
  await act('kim');
  await known('kim', { [one]: { skills: ['GENERAL'] }, [two]: { skills: null } });
  await desk.stopBots();
  for (let n = 0; n < 201; n++) await openInTwo();
  const ours = await openTicket(desk.ctx);
  await claimMirror(desk.ctx, ours.id, 0);
  const $set = { guild_id: one };
  await desk.ctx.db.mirrors.collection.updateOne({ _id: oid(ours.id) }, { $set });
  const next = await look();
  expect(next).toMatchObject({ again: 0 });
  await look(next?.data);
  expect(await assigneeOf(ours.id)).toBe(idOf('kim'));
});

test('people about whom Discord answers with an error keep nobody else from being asked about', async () => {
  const ids = Array.from({ length: 10 }, (_, n) => `90000000000000000${n}`);
  await fault(sim, { kind: 'status', path: '/members/9000', status: 400, code: 50035 });
  const rows = ids.map((id) => ({
    ...{ away: false, on_call: false, skills: null, discord_seen_at: Date.now() },
    discord: { key: `staff|discord|${id}`, id, name: id, role: 'AGENT' },
  }));
  await desk.ctx.db.agents.collection.insertMany(rows as never);
  await act('developer');
  // What was never known goes before what is old.
  const old = { $set: { [`discord.guilds.${one}`]: { skills: null, at: 1 } } };
  await desk.ctx.db.agents.collection.updateOne({ 'discord.id': idOf('developer') }, old);
  await eventually(async () =>
    expect((await rowOf('developer'))?.discord.guilds[one].at).toBeGreaterThan(1),
  );
  await clearFaults(sim);
});
