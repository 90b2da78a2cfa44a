import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { closeTicket } from '../../src/domain/tickets/close.ts';
import { updateTicket } from '../../src/domain/tickets/update.ts';
import { createHealth } from '../../src/infra/health.ts';
import { agent, customer, type Desk, openDesk, openTicket, say } from '../support/bridge.ts';
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

let desk: Desk;

beforeAll(async () => {
  desk = await openDesk();
});
afterAll(() => desk.end());
afterEach(async () => {
  await desk.stopBots();
  await fetch(`${desk.sim.url}/__sim/reset`, { method: 'POST' });
  await clearFaults(desk.sim);
  await desk.ctx.db.mirrors.collection.deleteMany({});
  await desk.ctx.db.tickets.collection.deleteMany({});
});

const patience = { timeout: 15_000 };
const admin = () => discordPerson(desk.sim, 'admin');
const set = (settings: object) => fault(desk.sim, { kind: 'set', settings });
const VIEW = 1n << 10n;

/** A bot whose health and reports are its own, to look at. */
async function watchedBot() {
  const health = createHealth();
  const reported: string[] = [];
  const reports = { report: (error: unknown) => void reported.push((error as Error).message) };
  const bot = await desk.bot({ ctx: { health, reports } });
  const reason = () => health.report().parts.discord?.reason ?? '';
  const saysOf = (text: string) =>
    eventually(() => {
      expect(health.report().status).toBe('degraded');
      expect(reason()).toContain(text);
      expect(reported.filter((one) => one.includes(text))).toHaveLength(1);
    }, patience);
  const isMended = () => eventually(() => expect(health.report().status).toBe('ok'), patience);
  return { bot, reported, reason, saysOf, isMended, health };
}

/** Takes permissions from the bot's role, or gives them back. */
async function botRole(without: bigint): Promise<void> {
  const { guildId, roles } = desk.sim.state;
  const { roles: all } = await admin().call<{ roles: { id: string; permissions: string }[] }>(
    'GET',
    `/guilds/${guildId}`,
  );
  for (const { id, permissions } of all) {
    // What everybody may do the bot may do as well.
    if (id !== roles.bot && id !== guildId) continue;
    const kept = String(BigInt(permissions) & ~without);
    await admin().call('PATCH', `/guilds/${guildId}/roles/${id}`, { permissions: kept });
  }
}

test('when a category was deleted, then channels stand outside of any, it is said once, and messages go on', async () => {
  const { ctx, sim } = desk;
  const { channels } = sim.state;
  const watched = await watchedBot();
  const before = await openTicket(ctx, { issue_level: 'URGENT' });
  await channelOf(sim, before.number);
  await admin().call('DELETE', `/channels/${channels.normal}`);
  await watched.saysOf('GENERAL_TICKET_CATEGORY_ID names no category');
  const ticket = await openTicket(ctx);
  await say(ctx, ticket.id, 'hello');
  const channel = await channelOf(sim, ticket.number);
  expect(channel.parent_id ?? null).toBe(null);
  await eventually(async () => {
    const texts = await textsIn(sim, channel.id);
    expect(texts).toContain('**Ana**: hello');
    expect(texts.join()).toContain('GENERAL_TICKET_CATEGORY_ID');
  }, patience);
  // One that is moved there stays where it is, and goes on too.
  await updateTicket(ctx, agent, before.id, { issue_level: 'NORMAL' });
  await say(ctx, before.id, 'and me?');
  const moved = await channelOf(sim, before.number);
  await eventually(
    async () => expect(await textsIn(sim, moved.id)).toContain('**Ana**: and me?'),
    patience,
  );
  await eventually(
    async () =>
      expect((await textsIn(sim, channels.transcripts)).join()).toContain(
        'GENERAL_TICKET_CATEGORY_ID',
      ),
    patience,
  );
});

test('when the bot may make no channels, then the permission is named once, and it goes on when it may', async () => {
  const { ctx, sim } = desk;
  await botRole(1n << 4n);
  const watched = await watchedBot();
  await watched.saysOf('lacks Manage Channels');
  const ticket = await openTicket(ctx);
  await say(ctx, ticket.id, 'hello');
  const { guildId, roles } = sim.state;
  await admin().call('PATCH', `/guilds/${guildId}/roles/${roles.bot}`, {
    permissions: String((1n << 53n) - 1n),
  });
  const channel = await channelOf(sim, ticket.number);
  await eventually(
    async () => expect(await textsIn(sim, channel.id)).toEqual(['**Ana**: hello']),
    patience,
  );
  await watched.isMended();
});

test('when the bot may not write in a channel, then the permission is named, and closing goes on', async () => {
  const { ctx, sim } = desk;
  const { bot, roles, channels } = sim.state;
  const watched = await watchedBot();
  const ticket = await openTicket(ctx);
  const channel = await channelOf(sim, ticket.number);
  await eventually(async () => expect(await messagesIn(sim, channel.id)).toHaveLength(1), patience);
  const deny = { type: 1, allow: String(VIEW), deny: String(1n << 11n) };
  await admin().call('PUT', `/channels/${channel.id}/permissions/${bot.id}`, deny);
  await say(ctx, ticket.id, 'hello');
  await watched.saysOf('lacks Send Messages');
  await closeTicket(ctx, customer, ticket.id, {});
  await eventually(async () => expect(await channelsOf(sim, ticket.number)).toEqual([]), patience);
  const [kept] = (await messagesIn(sim, channels.transcripts)).filter(
    ({ attachments }) => attachments.length > 0,
  );
  const page = await (await fetch(kept?.attachments[0]?.url as string)).text();
  expect(page).toContain('hello');
  expect(roles.bot).toBeTruthy();
  await watched.isMended();
});

test('when the channel for transcripts was deleted, then the closed ticket says so in its channel', async () => {
  const { ctx, sim } = desk;
  const watched = await watchedBot();
  const ticket = await openTicket(ctx);
  const channel = await channelOf(sim, ticket.number);
  await admin().call('DELETE', `/channels/${sim.state.channels.transcripts}`);
  await watched.saysOf('TRANSCRIPT_CHANNEL_ID');
  await closeTicket(ctx, customer, ticket.id, {});
  await eventually(
    async () => expect((await textsIn(sim, channel.id)).join()).toContain('TRANSCRIPT_CHANNEL_ID'),
    patience,
  );
  expect(await channelsOf(sim, ticket.number)).toHaveLength(1);
});

test('when a channel may not be removed, then it says so once, and goes when it may', async () => {
  const { ctx, sim } = desk;
  const watched = await watchedBot();
  const ticket = await openTicket(ctx);
  const channel = await channelOf(sim, ticket.number);
  const path = `/channels/${channel.id}$`;
  await fault(sim, { kind: 'status', method: 'DELETE', path, status: 403, code: 50013, times: 3 });
  await closeTicket(ctx, customer, ticket.id, {});
  await eventually(async () => {
    const texts = (await textsIn(sim, channel.id)).filter((text) =>
      text.includes('cannot be removed'),
    );
    expect(texts).toHaveLength(1);
  }, patience);
  await eventually(async () => expect(await channelsOf(sim, ticket.number)).toEqual([]), patience);
  expect(watched.reported.filter((one) => one.includes('cannot be removed'))).toHaveLength(1);
  await watched.isMended();
});

test('when a role of the staff was deleted, then the others see the tickets and nobody else does', async () => {
  const { ctx, sim } = desk;
  const { guildId, roles, bot } = sim.state;
  const watched = await watchedBot();
  await admin().call('DELETE', `/guilds/${guildId}/roles/${roles.manager}`);
  await watched.saysOf('MANAGER_ROLE_ID names no role');
  const ticket = await openTicket(ctx);
  const channel = await channelOf(sim, ticket.number);
  const seen = new Map<string, { allow: string; deny: string }>(
    channel.permission_overwrites.map((one: { id: string }) => [one.id, one]),
  );
  expect([...seen.keys()].sort()).toEqual([guildId, bot.id, roles.support, roles.admin].sort());
  expect(BigInt(seen.get(guildId)?.deny ?? 0) & VIEW).toBe(VIEW);
});

test('while the server is full one ticket at a time tries, and all get their channels when there is room', async () => {
  const { ctx, sim } = desk;
  const { channels } = await stateOf(sim, '?calls=0&messages=0');
  const watched = await watchedBot();
  const old = await openTicket(ctx);
  await channelOf(sim, old.number);
  await set({ channelsPerGuild: channels.length + 1 });
  const tickets = [];
  for (let n = 0; n < 12; n++) tickets.push(await openTicket(ctx));
  await watched.saysOf('no room for another channel');
  await eventually(async () => {
    const waiting = await ctx.db.mirrors.collection.countDocuments({ problem: /no room/ });
    expect(waiting).toBe(12);
  }, patience);
  const made = async () => {
    const { calls } = await stateOf(sim, '?messages=0');
    return calls.filter(
      ({ method, path }: { method: string; path: string }) =>
        method === 'POST' && /guilds\/\d+\/channels$/.test(path),
    ).length;
  };
  // Eight at once had asked before the first was refused; the others never did.
  expect(await made()).toBeLessThan(1 + 12 + 6);
  // One that waits is closed as if nothing were amiss.
  const closed = tickets.pop();
  await closeTicket(ctx, customer, closed?.id as string, {});
  await eventually(async () => {
    const kept = await messagesIn(sim, sim.state.channels.transcripts);
    expect(JSON.stringify(kept)).toContain(`Ticket ${closed?.id}`);
  }, patience);
  await say(ctx, old.id, 'still here');
  const channel = await channelOf(sim, old.number);
  await eventually(
    async () => expect(await textsIn(sim, channel.id)).toEqual(['**Ana**: still here']),
    patience,
  );
  // That a ticket with a channel goes on does not set the others going.
  expect(await made()).toBeLessThan(1 + 12 + 12);
  await set({ channelsPerGuild: 500 });
  for (const { number } of tickets) {
    await eventually(async () => expect(await channelsOf(sim, number)).toHaveLength(1), patience);
  }
  await watched.isMended();
}, 120_000);

test('beyond its share a partner waits for a channel, staff are told once, and another partner does not', async () => {
  const { ctx, sim } = desk;
  const discord = { ...ctx.config.discord, maxTicketsPerPartner: 1 } as never;
  const health = createHealth();
  const of = async (partner: string) => {
    const ticket = await openTicket(ctx);
    const filter = { number: ticket.number };
    await ctx.db.tickets.collection.updateOne(filter, { $set: { partner } });
    return ticket;
  };
  const [first, second, other] = [await of('shop'), await of('shop'), await of('bank')];
  await desk.bot({ ctx: { health, config: { ...ctx.config, discord } } });
  await channelOf(sim, other.number);
  await eventually(async () => {
    const open = [
      ...(await channelsOf(sim, first.number)),
      ...(await channelsOf(sim, second.number)),
    ];
    expect(open).toHaveLength(1);
    const told = (await textsIn(sim, sim.state.channels.transcripts)).filter((text) =>
      text.includes('partner shop'),
    );
    expect(told).toHaveLength(1);
  }, patience);
  const isFirst = (await channelsOf(sim, first.number)).length === 1;
  const [open, waiting] = isFirst ? [first, second] : [second, first];
  await closeTicket(ctx, customer, open.id, {});
  await channelOf(sim, waiting.number);
  await eventually(() => expect(health.report().status).toBe('ok'), patience);
});

test('commands that Discord does not take at first are registered later, and it is said meanwhile', async () => {
  const { sim } = desk;
  await fault(sim, { kind: 'status', path: '/commands$', status: 503, who: 'bot', times: 2 });
  const watched = await watchedBot();
  await watched.saysOf('the commands are not registered');
  await watched.isMended();
  const { commands } = await stateOf(sim, '?calls=0&messages=0');
  expect(commands.length).toBeGreaterThan(0);
});

test('while nothing gets through to Discord it is not said to be well', async () => {
  const { ctx, sim } = desk;
  const watched = await watchedBot();
  await eventually(() => expect(watched.health.report().status).toBe('ok'));
  await fault(sim, { kind: 'status', method: 'POST', path: '/channels', status: 500, who: 'bot' });
  const ticket = await openTicket(ctx);
  await watched.saysOf('no ticket gets through to Discord');
  await clearFaults(sim);
  await channelOf(sim, ticket.number);
  await watched.isMended();
});

test('a lease that can lastingly not be asked for is said', async () => {
  const { ctx } = desk;
  const health = createHealth();
  const reported: string[] = [];
  const reports = { report: (error: unknown) => void reported.push((error as Error).message) };
  const leases = {
    ...ctx.db.leases,
    db: ctx.db.leases.db,
    // A name that MongoDB refuses.
    collection: { collectionName: 'leases.$refused' },
  };
  const db = { ...ctx.db, leases: leases as never };
  await desk.bot({ ctx: { db, health, reports }, lease: { ttlMs: 400, renewIntervalMs: 100 } });
  await eventually(() => {
    expect(health.report().parts.discord?.reason).toContain('the lease of the bridge cannot');
    expect(reported).toHaveLength(1);
  }, patience);
});
