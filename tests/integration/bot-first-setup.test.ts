import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { guildParts } from '../../bot/guilds/guild-parts.ts';
import type { DiscordConfig } from '../../src/config.ts';
import type { AppContext } from '../../src/context.ts';
import {
  readGuildIds,
  readKnownGuilds,
  rememberServer,
  storeGuildId,
} from '../../src/domain/guild-ids.ts';
import { closeTicket } from '../../src/domain/tickets/close.ts';
import type { FailpointName } from '../../src/infra/failpoints.ts';
import { createHealth } from '../../src/infra/health.ts';
import { customer, type Desk, openDesk, openTicket } from '../support/bridge.ts';
import {
  channelOf,
  clearFaults,
  discordPerson,
  fault,
  messagesIn,
  stateOf,
} from '../support/discord.ts';
import { eventually } from '../support/eventually.ts';
import { emptyGuild, labelsOf, noIds, operatorOf } from '../support/operator.ts';

let desk: Desk;

beforeAll(async () => {
  desk = await openDesk({}, noIds);
});
afterAll(() => desk.end());
afterEach(async () => {
  await desk.stopBots();
  await fetch(`${desk.sim.url}/__sim/reset`, { method: 'POST' });
  await clearFaults(desk.sim);
  for (const model of ['mirrors', 'tickets', 'settings'] as const) {
    await desk.ctx.db[model].collection.deleteMany({});
  }
});

const VIEW = 1n << 10n;
const patience = { timeout: 15_000 };

interface Overwrite {
  id: string;
  allow: string;
  deny: string;
}
interface Channel {
  id: string;
  name: string;
  type: number;
  permission_overwrites: Overwrite[];
}

/** A bot with a health of its own, with other ids in its environment than none. */
async function startWatched(ids: Partial<DiscordConfig> = {}, more: Partial<AppContext> = {}) {
  const health = createHealth();
  const { config } = desk.ctx;
  const discord = { ...(config.discord as DiscordConfig), ...ids };
  const bot = await desk.bot({ ctx: { health, config: { ...config, discord }, ...more } });
  const reason = () => health.report().parts.discord?.reason ?? '';
  // What is asked of a bot that is not there yet nobody answers.
  await eventually(
    () => expect(String(health.report().parts.discord?.reason)).not.toMatch(/^waiting/),
    patience,
  );
  const isWell = () => eventually(() => expect(health.report().status).toBe('ok'), patience);
  return { bot, health, reason, isWell };
}

const serverNow = async () => {
  const { channels, roles } = await stateOf(desk.sim, '?calls=0&messages=0');
  return { channels: channels as Channel[], roles: roles as { id: string; name: string }[] };
};
const storedIds = () => readGuildIds(desk.ctx, desk.sim.state.guildId);

/** Whom a channel lets see it, and whom it keeps out. */
function viewsOf({ permission_overwrites }: Channel) {
  const sees = (bits: string) => (BigInt(bits) & VIEW) !== 0n;
  return {
    allowed: permission_overwrites.filter(({ allow }) => sees(allow)).map(({ id }) => id),
    denied: permission_overwrites.filter(({ deny }) => sees(deny)).map(({ id }) => id),
  };
}

test('without any id tickets wait, /setup makes what is missing, and they get their channels', async () => {
  const { ctx, sim } = desk;
  const { guildId, bot } = sim.state;
  await emptyGuild(sim);
  const watched = await startWatched({ guildId: undefined });
  const ticket = await openTicket(ctx);
  const closed = await openTicket(ctx);
  await closeTicket(ctx, customer, closed.id, {});
  await eventually(async () => {
    expect(watched.health.report().status).toBe('degraded');
    expect(watched.reason()).toContain('run /setup in Discord');
    for (const name of Object.keys(noIds)) expect(watched.reason()).toContain(name);
    const row = await ctx.db.mirrors.collection.findOne({ channel_id: null });
    expect(row?.problem).toContain('run /setup in Discord');
  }, patience);

  // Staff there is none yet, and whoever is no administrator is no operator.
  expect((await operatorOf(sim, 'kim').run('setup')).content).toContain('Only the support staff');
  const admin = operatorOf(sim);
  const plan = await admin.run('setup');
  for (const { name } of guildParts) expect(plan.content).toContain(`is made: ${name}`);
  expect(labelsOf(plan)).toEqual(['Apply', 'Cancel']);
  expect((await serverNow()).channels).toHaveLength(1);
  expect(await admin.pressInPlace(plan, 'Cancel')).toBe('Nothing was changed.');
  expect((await serverNow()).channels).toHaveLength(1);

  const answer = await admin.pressInPlace(await admin.run('setup'), 'Apply');
  expect(answer).toMatch(/^Done\./);
  const channel = await channelOf(sim, ticket.number);
  const ids = await storedIds();
  expect(channel.parent_id).toBe(ids.GENERAL_TICKET_CATEGORY_ID);
  await watched.isWell();
  // One that was closed before it ever had a channel has its transcript.
  await eventually(async () => {
    const kept = await messagesIn(sim, ids.TRANSCRIPT_CHANNEL_ID as string);
    expect(JSON.stringify(kept)).toContain(`Ticket ${closed.id}`);
  }, patience);

  const { channels, roles } = await serverNow();
  const staff = ['ADMIN', 'MANAGER', 'DEVELOPER', 'SUPPORT_TEAM'].map(
    (one) => ids[`${one}_ROLE_ID`],
  );
  for (const name of ['Normal', 'Urgent', 'Critical']) {
    const [category, second] = channels.filter((one) => one.name === name);
    expect(second).toBeUndefined();
    const { allowed, denied } = viewsOf(category as Channel);
    expect(denied).toEqual([guildId]);
    expect(allowed.sort()).toEqual([bot.id, ...(staff as string[])].sort());
  }
  const transcripts = channels.find(({ id }) => id === ids.TRANSCRIPT_CHANNEL_ID) as Channel;
  expect(viewsOf(transcripts).denied).toEqual([guildId]);
  expect(viewsOf(transcripts).allowed.sort()).toEqual([bot.id, staff[0], staff[1]].sort());
  for (const id of staff) {
    expect(roles.find((role) => role.id === id)).toMatchObject({ permissions: '0' });
  }

  expect((await admin.run('setup')).content).toContain('nothing to do');
  // Another bot finds the ids where they are stored.
  await desk.stopBots();
  await desk.bot();
  const next = await openTicket(ctx, { issue_level: 'URGENT' });
  expect((await channelOf(sim, next.number)).parent_id).toBe(ids.URGENT_TICKET_CATEGORY_ID);
}, 60_000);

test('killed between two creations, or before one is remembered, it goes on there and makes nothing twice', async () => {
  const { sim } = desk;
  await emptyGuild(sim);
  const admin = operatorOf(sim);
  const dieAt = async (point: FailpointName, nth: number) => {
    let left = nth;
    await startWatched(
      {},
      {
        failpoint(passed) {
          if (passed === point && --left <= 0) throw new Error('killed');
        },
      },
    );
    await admin.pressInPlace(await admin.run('setup'), 'Apply');
    await desk.stopBots();
  };
  await dieAt('after-setup-create', 2);
  expect(Object.keys(await storedIds())).toHaveLength(1);
  await dieAt('after-setup-store', 4);
  expect(Object.keys(await storedIds())).toHaveLength(5);
  // An answer that is lost is a failure that is told, and a creation that has happened.
  const lost = { method: 'POST', path: '/guilds/\\d+/channels$', when: 'after', status: 502 };
  await fault(sim, { kind: 'status', ...lost, times: 1 });
  const watched = await startWatched();
  const answer = await admin.pressInPlace(await admin.run('setup'), 'Apply');
  expect(answer).toContain('Run /setup again');
  expect(await admin.pressInPlace(await admin.run('setup'), 'Apply')).toMatch(/^Done\./);
  await watched.isWell();
  const { channels, roles } = await serverNow();
  for (const part of guildParts) {
    const all = part.kind === 'role' ? roles : channels;
    expect(all.filter(({ name }) => name === part.name)).toHaveLength(1);
  }
  expect((await admin.run('setup')).content).toContain('nothing to do');
}, 60_000);

test('the environment wins, what is there is adopted, and no role of everybody or of an integration is taken', async () => {
  const { ctx, sim } = desk;
  const { roles, channels, guildId } = sim.state;
  const none = '100000000000000006';
  const base = ctx.config.discord as DiscordConfig;
  const watched = await startWatched({
    categories: { ...base.categories, NORMAL: channels.urgent },
    roles: { ...base.roles, MANAGER: none },
  });
  const admin = operatorOf(sim);
  const refused = async (options: Record<string, string>) =>
    (await admin.run('setup', options)).content;
  expect(await refused({ general: guildId })).toContain("is everybody's");
  expect(await refused({ general: roles.bot })).toContain('belongs to an integration');
  expect(await refused({ manager: roles.manager })).toContain('set in the environment, which wins');
  expect(await storedIds()).toEqual({});

  const plan = await admin.run('setup', { general: roles.developer });
  expect(plan.content).toContain(
    `<#${channels.urgent}> (from GENERAL_TICKET_CATEGORY_ID in the env`,
  );
  expect(plan.content).toContain('MANAGER_ROLE_ID in the environment names none of this server');
  expect(plan.content).toContain(`the role for GENERAL becomes <@&${roles.developer}> (as chosen`);
  expect(plan.content).toContain(`the role for ADMIN becomes <@&${roles.admin}> (by its name`);
  await admin.pressInPlace(plan, 'Apply');
  expect(await storedIds()).toEqual({
    ADMIN_ROLE_ID: roles.admin,
    DEVELOPER_ROLE_ID: expect.any(String),
    SUPPORT_TEAM_ROLE_ID: roles.developer,
    URGENT_TICKET_CATEGORY_ID: expect.any(String),
    CRITICAL_TICKET_CATEGORY_ID: channels.critical,
    TRANSCRIPT_CHANNEL_ID: channels.transcripts,
  });
  const ticket = await openTicket(ctx);
  const channel = await channelOf(sim, ticket.number);
  expect(channel.parent_id).toBe(channels.urgent);
  expect(viewsOf(channel).allowed).toContain(roles.developer);
  expect(watched.reason()).toContain('MANAGER_ROLE_ID names no role of the server');
}, 60_000);

test('of several with a name the one that has it to the letter is adopted, and a channel that all read is left, which is said', async () => {
  const { sim } = desk;
  const { guildId } = sim.state;
  await emptyGuild(sim);
  const owner = discordPerson(sim, 'admin');
  const make = (what: 'roles' | 'channels', body: object) =>
    owner.call<{ id: string }>('POST', `/guilds/${guildId}/${what}`, body);
  await make('roles', { name: 'admin' });
  const exact = await make('roles', { name: 'Admin' });
  await make('channels', { name: 'NORMAL', type: 4 });
  const category = await make('channels', { name: 'Normal', type: 4 });
  await make('channels', { name: 'transcripts', type: 0 });
  await startWatched();
  const plan = await operatorOf(sim).run('setup');
  expect(plan.content).toContain(`the role for ADMIN becomes <@&${exact.id}> (by its name`);
  expect(plan.content).toContain(`the category for NORMAL becomes <#${category.id}> (by its name`);
  expect(plan.content).toContain(
    'transcripts is made: transcripts (the one that is there is read by everybody)',
  );
}, 60_000);

test('ids that another process stores are used without a restart, for the channels that are there too', async () => {
  const { ctx, sim } = desk;
  const { roles, channels, guildId } = sim.state;
  const ids: Record<string, string> = {
    GENERAL_TICKET_CATEGORY_ID: channels.normal,
    URGENT_TICKET_CATEGORY_ID: channels.urgent,
    CRITICAL_TICKET_CATEGORY_ID: channels.critical,
    TRANSCRIPT_CHANNEL_ID: channels.transcripts,
    ADMIN_ROLE_ID: roles.admin,
    MANAGER_ROLE_ID: roles.manager,
    DEVELOPER_ROLE_ID: roles.developer,
    SUPPORT_TEAM_ROLE_ID: roles.support,
  };
  const watched = await startWatched();
  const ticket = await openTicket(ctx);
  await eventually(() => expect(watched.reason()).toContain('run /setup'), patience);
  for (const [key, id] of Object.entries(ids)) await storeGuildId(ctx, guildId, key, id);
  const channel = await channelOf(sim, ticket.number);
  expect(viewsOf(channel).allowed).toContain(roles.support);
  await watched.isWell();
  await storeGuildId(ctx, guildId, 'SUPPORT_TEAM_ROLE_ID', roles.developer);
  await eventually(async () => {
    const { allowed } = viewsOf(await channelOf(sim, ticket.number));
    expect(allowed).toContain(roles.developer);
    expect(allowed).not.toContain(roles.support);
  }, patience);
});

test('a full category gets another one that the same people see, known by its id from then on', async () => {
  const { ctx, sim } = desk;
  const { channels, guildId } = sim.state;
  const admin = discordPerson(sim, 'admin');
  const watched = await startWatched();
  await operatorOf(sim).apply();
  await watched.isWell();
  const filler = { name: 'fills-it', parent_id: channels.critical };
  await admin.call('POST', `/guilds/${guildId}/channels`, filler);
  const closed = { type: 0, deny: String(VIEW) };
  const open = { type: 1, allow: String(VIEW) };
  await admin.call('PUT', `/channels/${channels.critical}/permissions/${sim.state.bot.id}`, open);
  await admin.call('PUT', `/channels/${channels.critical}/permissions/${guildId}`, closed);
  await fault(sim, { kind: 'set', settings: { channelsPerCategory: 1 } });
  const critical = { issue_level: 'CRITICAL' as const };
  const first = await openTicket(ctx, critical);
  const overflow = (await channelOf(sim, first.number)).parent_id as string;
  const made = (await serverNow()).channels.find(({ id }) => id === overflow) as Channel;
  expect(made.name).toBe('Critical 2');
  expect(viewsOf(made).denied).toEqual([guildId]);
  expect((await storedIds())['overflow:CRITICAL:2']).toBe(overflow);
  await admin.call('PATCH', `/channels/${overflow}`, { name: 'More' });
  await fault(sim, { kind: 'set', settings: { channelsPerCategory: 2 } });
  const second = await openTicket(ctx, critical);
  expect((await channelOf(sim, second.number)).parent_id).toBe(overflow);
}, 60_000);

test('a variable that names everybody makes nobody staff: it is said, and tickets wait', async () => {
  const { ctx, sim } = desk;
  const { guildId } = sim.state;
  const { roles } = ctx.config.discord as DiscordConfig;
  const watched = await startWatched({ guildId: undefined, roles: { ...roles, GENERAL: guildId } });
  const ticket = await openTicket(ctx);
  const says = "SUPPORT_TEAM_ROLE_ID names a role that is everybody's";
  await eventually(() => expect(watched.reason()).toContain(says), patience);
  const { content } = await operatorOf(sim, 'kim').run('doctor');
  expect(content).toContain('Only the support staff');
  await eventually(async () => {
    const row = await ctx.db.mirrors.collection.findOne({ channel_id: null });
    expect(row?.problem).toContain('SUPPORT_TEAM_ROLE_ID');
  }, patience);
  expect(ticket.status).toBe('OPEN');
});

test('a bot that is in no server says how to invite it, and works as soon as it is in one', async () => {
  const { ctx, sim } = desk;
  await fault(sim, { kind: 'remove-member' });
  const watched = await startWatched({ guildId: undefined });
  await eventually(() => {
    expect(watched.reason()).toContain('is in no server');
    expect(watched.reason()).toContain('https://discord.com/oauth2/authorize');
  }, patience);
  await fault(sim, { kind: 'add-member' });
  await eventually(() => expect(watched.reason()).toContain('run /setup in Discord'), patience);
  const ticket = await openTicket(ctx);
  const admin = operatorOf(sim);
  await admin.apply();
  await channelOf(sim, ticket.number);
}, 60_000);

test('a role made after the plan was shown is not adopted unseen: the plan is shown again', async () => {
  const { sim } = desk;
  const { guildId } = sim.state;
  await emptyGuild(sim);
  await startWatched();
  const admin = operatorOf(sim);
  const plan = await admin.run('setup');
  expect(plan.content).toContain('the role for ADMIN is made: Admin');
  const owner = discordPerson(sim, 'admin');
  const { id } = await owner.call<{ id: string }>('POST', `/guilds/${guildId}/roles`, {
    name: 'admin',
  });
  const shown = await admin.replace(plan, 'Apply');
  expect(shown.content).toMatch(/^Nothing was changed: the server is not as it was/);
  expect(shown.content).toContain(`the role for ADMIN becomes <@&${id}> (by its name`);
  expect(labelsOf(shown)).toEqual(['Apply', 'Cancel']);
  expect(await storedIds()).toEqual({});
  await owner.call('DELETE', `/guilds/${guildId}/roles/${id}`);
  const again = await admin.replace(shown, 'Apply');
  expect(again.content).toContain('the role for ADMIN is made: Admin');
  expect(await admin.pressInPlace(again, 'Apply')).toMatch(/^Done\./);
  expect((await storedIds()).ADMIN_ROLE_ID).not.toBe(id);
}, 60_000);

test('left in another server alone, the bot makes nothing there and waits for its own or GUILD_ID', async () => {
  const { ctx, sim } = desk;
  const { guildId, channels } = sim.state;
  const own = '100000000000000006';
  const ticket = await openTicket(ctx);
  const before = (await serverNow()).channels.length;
  const lost = await startWatched({ guildId: undefined, transcriptChannelId: own });
  await eventually(
    () => expect(lost.reason()).toMatch(/what the environment names \(TRANSCRIPT_CHANNEL_ID\)/),
    patience,
  );
  await desk.stopBots();
  await rememberServer(ctx, own);
  const kicked = await startWatched({ guildId: undefined });
  await eventually(() => {
    expect(kicked.reason()).toContain(`not in the server ${own}, which it worked in`);
    expect(kicked.reason()).toContain('set GUILD_ID to the id of another one');
  }, patience);
  expect((await serverNow()).channels).toHaveLength(before);
  await desk.stopBots();
  // On purpose it moves, and is at home there from then on.
  const moved = await startWatched({ guildId });
  await eventually(async () => expect((await readKnownGuilds(ctx)).server).toBe(guildId), patience);
  await operatorOf(sim).apply();
  await moved.isWell();
  expect((await channelOf(sim, ticket.number)).parent_id).toBe(channels.normal);
  await desk.stopBots();
  await (await startWatched({ guildId: undefined })).isWell();
}, 60_000);

test('what is used while the bridge goes to another bot does nothing, and is answered when used again', async () => {
  const { ctx, sim } = desk;
  await startWatched();
  const admin = operatorOf(sim);
  const plan = await admin.run('setup');
  // Long enough to be seen from outside.
  const until = Date.now() + 2500;
  await ctx.db.leases.collection.updateOne(
    {},
    { $inc: { epoch: 1 }, $set: { holder: 'another', until } },
  );
  const now = () => stateOf(sim, '?calls=0&messages=0');
  await eventually(async () => expect((await now()).sessions).toEqual([]), patience);
  await fault(sim, { kind: 'set', settings: { interactionDeadlineMs: 1000 } });
  expect(await admin.pressInPlace(plan, 'Apply')).toMatch(/^Done\./);
  const { interactions } = await now();
  const ends = interactions.slice(1).map(({ state }: { state: string }) => state);
  expect(ends[0]).toBe('failed');
  expect(ends.at(-1)).toBe('answered');
  expect((await admin.run('setup')).content).toContain('nothing to do');
}, 60_000);
