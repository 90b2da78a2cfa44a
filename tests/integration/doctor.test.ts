import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { sentenceOf } from '../../bot/checks.ts';
import type { AppContext } from '../../src/context.ts';
import { readGuildIds } from '../../src/domain/guild-ids.ts';
import { createClock } from '../../src/infra/clock.ts';
import { createHealth } from '../../src/infra/health.ts';
import { examineAll } from '../../src/self-examination.ts';
import { testConfig } from '../support/app.ts';
import { type Desk, openDesk } from '../support/bridge.ts';
import { clearFaults, discordEnv, discordPerson, fault, stateOf } from '../support/discord.ts';
import { eventually } from '../support/eventually.ts';
import { labelsOf, noIds, operatorOf } from '../support/operator.ts';
import { programArgs, root } from '../support/program.ts';
import { processEnv } from '../support/server-process.ts';

let desk: Desk;

beforeAll(async () => {
  desk = await openDesk();
});
afterAll(() => desk.end());
afterEach(async () => {
  await desk.stopBots();
  await fetch(`${desk.sim.url}/__sim/reset`, { method: 'POST' });
  await clearFaults(desk.sim);
  await desk.ctx.db.settings.collection.deleteMany({});
});

const patience = { timeout: 15_000 };
const set = (settings: object) => fault(desk.sim, { kind: 'set', settings });
const P = { view: 1n << 10n, send: 1n << 11n, manageRoles: 1n << 28n, mentionAll: 1n << 17n };
const webhooks = 1n << 29n;

async function startWatched(more: Partial<AppContext> = {}) {
  const health = createHealth();
  await desk.bot({ ctx: { health, ...more } });
  await eventually(
    () => expect(String(health.report().parts.discord?.reason)).not.toMatch(/^waiting/),
    patience,
  );
  return {
    health,
    isWell: () => eventually(() => expect(health.report().status).toBe('ok'), patience),
  };
}

/** Denies the bot something in a channel, by an overwrite of its own. */
async function denyBot(channelId: string, deny: bigint, allow = 0n): Promise<void> {
  const { bot } = desk.sim.state;
  const body = { type: 1, allow: String(allow), deny: String(deny) };
  await discordPerson(desk.sim, 'admin').call(
    'PUT',
    `/channels/${channelId}/permissions/${bot.id}`,
    body,
  );
}

test('a sound server is all green, for whoever administers it and for nobody else', async () => {
  const watched = await startWatched();
  await watched.isWell();
  const { content, ...rest } = await operatorOf(desk.sim).run('doctor');
  expect(content).toMatch(/^All is well\./);
  for (const name of [
    'token',
    'intents',
    'invitations',
    'clock',
    'server',
    'permissions in the server',
    'category for CRITICAL',
    'channel for transcripts',
    'role for TECHNICAL',
    'MongoDB',
  ]) {
    expect(content).toContain(`✅ **${name}**`);
  }
  expect(content).toContain('of 50 channels');
  expect(content).toContain('of 500');
  expect(labelsOf({ content, ...rest })).toEqual([]);
  expect((await operatorOf(desk.sim, 'kim').run('doctor')).content).toContain(
    'Only administrators',
  );
});

test('each broken thing is a red line with its mend, and what the bot can mend has a button', async () => {
  const { sim } = desk;
  const { guildId, channels, roles } = sim.state;
  const owner = discordPerson(sim, 'admin');
  await owner.call('DELETE', `/channels/${channels.critical}`);
  await owner.call('DELETE', `/guilds/${guildId}/roles/${roles.manager}`);
  await denyBot(channels.transcripts, P.send, P.view);
  await denyBot(channels.urgent, P.view);
  const clock = createClock(() => Date.now() + 120_000);
  const { config, bus } = desk.ctx;
  const away = { ...config, redisUrl: 'redis://127.0.0.1:1' };
  await startWatched({ clock, config: away, bus: { ...bus, healthy: () => false } });
  // A bot that is in already keeps its session when the intent is taken from it.
  const admin = operatorOf(sim);
  await admin.run('doctor');
  await set({ privilegedIntents: [], publicBot: true });
  const report = await admin.run('doctor');
  for (const line of [
    /❌ \*\*intents\*\*: the Message Content intent is off.*Developer Portal/,
    /❌ \*\*invitations\*\*: Public Bot is on.*Developer Portal.*switch Public Bot off/,
    /❌ \*\*clock\*\*: this machine's clock is 1\d\d s ahead of Discord's.*NTP/,
    /❌ \*\*role for MANAGER\*\*: MANAGER_ROLE_ID names no role of the server.*correct MANAGER_ROLE_ID/,
    /❌ \*\*category for CRITICAL\*\*: CRITICAL_TICKET_CATEGORY_ID names no category.*correct CRITICAL/,
    /❌ \*\*category for URGENT\*\*: the bot lacks View Channel.*give the bot's role that/,
    /❌ \*\*channel for transcripts\*\*: the bot lacks Send Messages.*let \/doctor give them/,
    /❌ \*\*Redis\*\*: REDIS_URL: Redis is away/,
    /✅ \*\*token\*\*/,
  ]) {
    expect(report.content).toMatch(line);
  }
  expect(labelsOf(report)).toEqual(['Give the bot its permissions']);
  const mended = await admin.press(report, 'Give the bot its permissions');
  expect(mended.content).toContain(`The bot has its permissions in <#${channels.transcripts}>`);
  expect(mended.content).toContain(`In <#${channels.urgent}> Discord does not let it`);
  await eventually(async () => {
    const { content } = await admin.run('doctor');
    expect(content).toContain('✅ **channel for transcripts**');
  }, patience);
});

test('what /setup has made and somebody has broken is made again by a button', async () => {
  const { sim, ctx } = desk;
  const { channels, guildId, roles } = sim.state;
  const { config } = ctx;
  const { discord } = await ids();
  const watched = await startWatched({ config: { ...config, discord } });
  const admin = operatorOf(sim);
  expect((await admin.run('doctor')).content).toMatch(/❌ \*\*ids\*\*: .*are not set: run \/setup/);
  await admin.apply();
  await watched.isWell();
  const owner = discordPerson(sim, 'admin');
  await owner.call('DELETE', `/channels/${channels.normal}`);
  // Everybody is let in where transcripts are kept.
  await owner.call('PUT', `/channels/${channels.transcripts}/permissions/${guildId}`, {
    type: 0,
    allow: String(P.view),
  });
  await eventually(() => expect(watched.health.report().status).toBe('degraded'), patience);
  const report = await admin.run('doctor');
  expect(report.content).toMatch(/❌ \*\*category for NORMAL\*\*: .*: run \/setup in Discord/);
  expect(report.content).toMatch(
    /❌ \*\*channel for transcripts\*\*: everybody in the server reads/,
  );
  const plan = await admin.press(report, 'Show what /setup would do');
  expect(plan.content).toContain('the category for NORMAL is made');
  expect(await admin.pressInPlace(plan, 'Apply')).toMatch(/^Done\./);
  const stored = await readGuildIds(ctx, guildId);
  expect(stored.GENERAL_TICKET_CATEGORY_ID).not.toBe(channels.normal);
  const { channels: now } = await stateOf(sim, '?calls=0&messages=0');
  expect(now.map(({ id }: { id: string }) => id)).toContain(stored.GENERAL_TICKET_CATEGORY_ID);

  // Without the right for it nothing is offered.
  await owner.call('DELETE', `/channels/${stored.GENERAL_TICKET_CATEGORY_ID}`);
  const { roles: all } = await stateOf(sim, '?calls=0&messages=0');
  const own = all.find(({ id }: { id: string }) => id === roles.bot);
  const fewer = { permissions: String(BigInt(own.permissions) & ~(P.manageRoles | P.mentionAll)) };
  await owner.call('PATCH', `/guilds/${guildId}/roles/${roles.bot}`, fewer);
  await eventually(async () => {
    const barred = await admin.run('setup');
    expect(barred.content).toContain("The bot's role lacks Manage Roles");
    expect(labelsOf(barred)).toEqual([]);
  }, patience);
  expect((await admin.run('doctor')).content).toContain('not mentionable: escalations name it');
}, 60_000);

/** Gives the bot's role something, or takes it away. */
async function changeBotRole(change: (held: bigint) => bigint): Promise<void> {
  const { guildId, roles } = desk.sim.state;
  const { roles: all } = await stateOf(desk.sim, '?calls=0&messages=0');
  const own = all.find(({ id }: { id: string }) => id === roles.bot);
  const body = { permissions: String(change(BigInt(own.permissions))) };
  await discordPerson(desk.sim, 'admin').call(
    'PATCH',
    `/guilds/${guildId}/roles/${roles.bot}`,
    body,
  );
}

test('in the name of customers: without Manage Webhooks one line is red, with its mend, and /setup works', async () => {
  const { sim, ctx } = desk;
  const { discord } = await ids();
  await changeBotRole((held) => held & ~webhooks);
  const env = { DISCORD_PERSONA: 'webhook' };
  const red =
    /^BAD permissions in the server: the bot's role lacks Manage Webhooks: give it that.*or invite it again by /;
  const isRed = (line: string) => line.startsWith('BAD');
  expect((await linesWith(env)).filter(isRed)).toEqual([expect.stringMatching(red)]);
  expect((await linesWith({ DISCORD_PERSONA: 'bot' })).filter(isRed)).toEqual([]);
  const config = { ...ctx.config, discord: { ...discord, persona: 'webhook' as const } };
  await startWatched({ config });
  const admin = operatorOf(sim);
  expect(await admin.apply()).toMatch(/^Done\./);
  await eventually(async () => {
    const report = await admin.run('doctor');
    expect(report.content).toMatch(
      /^1 to mend:\n❌ \*\*permissions in the server\*\*: the bot's role lacks Manage Webhooks: give/,
    );
    // What the role lacks no overwrite of the bot's own can give it.
    expect(labelsOf(report)).toEqual([]);
    const invite = new URL(/https:\S+/.exec(report.content)?.[0] as string);
    expect(BigInt(invite.searchParams.get('permissions') ?? 0) & webhooks).toBe(webhooks);
  }, patience);
  await changeBotRole((held) => held | webhooks);
  await eventually(async () => {
    expect((await admin.run('doctor')).content).toMatch(/^All is well\./);
  }, patience);
  // Denied in one place alone, it is given back there by a button.
  const urgent = (await readGuildIds(ctx, sim.state.guildId)).URGENT_TICKET_CATEGORY_ID as string;
  await denyBot(urgent, webhooks, P.view | P.manageRoles);
  const denied = await eventually(async () => {
    const report = await admin.run('doctor');
    expect(report.content).toMatch(
      /^1 to mend:\n❌ \*\*category for URGENT\*\*: the bot lacks Manage Webhooks in the category/,
    );
    return report;
  }, patience);
  const mended = await admin.press(denied, 'Give the bot its permissions');
  expect(mended.content).toContain(`The bot has its permissions in <#${urgent}>`);
  await eventually(async () => {
    expect((await admin.run('doctor')).content).toMatch(/^All is well\./);
  }, patience);
}, 90_000);

/** The configuration of somebody who has set no id at all. */
async function ids() {
  const { discord } = desk.ctx.config;
  if (!discord) throw new Error('there is no Discord in this configuration');
  const none = { GENERAL: undefined, TECHNICAL: undefined, MANAGER: undefined, ADMIN: undefined };
  const categories = { NORMAL: undefined, URGENT: undefined, CRITICAL: undefined };
  const nothing = { guildId: undefined, transcriptChannelId: undefined };
  return { discord: { ...discord, ...nothing, roles: none, categories } };
}

/** `npm run doctor` as a process of its own. */
async function runDoctor(env: Record<string, string | undefined>, args: string[] = []) {
  const child = spawn(process.execPath, [...programArgs('src/doctor.ts'), ...args], {
    cwd: `${root}/tests`,
    env: processEnv({ ROLES: undefined, ...discordEnv(desk.sim), ...env }),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (data) => {
      output += data;
    });
  }
  const code = await new Promise((resolve) => child.once('close', resolve));
  return { code, output };
}

/** What is found with another environment, a line each. */
async function linesWith(env: Record<string, string>): Promise<string[]> {
  const checks = await examineAll(testConfig({ ...discordEnv(desk.sim), ...env }));
  return checks.map((check) => `${check.ok ? 'ok' : 'BAD'} ${check.name}: ${sentenceOf(check)}`);
}

/** A port that nothing listens on. */
async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

test('npm run doctor says the same without a bot: a line each, whatever else is away', async () => {
  const port = await closedPort();
  const [well, token, away, alone] = await Promise.all([
    linesWith({ GUILD_ID: '' }),
    linesWith({ DISCORD_BOT_TOKEN: 'a-token-nobody-has-ever-had' }),
    linesWith({
      ...noIds,
      MONGO_URI: `mongodb://127.0.0.1:${port}/?replicaSet=rs0`,
      REDIS_URL: `redis://127.0.0.1:${port}`,
    }),
    linesWith({ DISCORD_API_URL: `http://127.0.0.1:${port}/api` }),
  ]);
  expect(well.filter((line) => line.startsWith('BAD'))).toEqual([]);
  expect(well).toContain('ok token: of the bot deskcord');
  expect(well).toContain('ok MongoDB: a replica set that confirms writes');
  expect(token[0]).toMatch(/^BAD token: Discord refuses the token in DISCORD_BOT_TOKEN: take/);
  expect(token.join()).not.toContain('a-token-nobody-has-ever-had');
  expect(away.filter((line) => line.startsWith('BAD'))).toEqual([
    expect.stringMatching(/^BAD ids: the ids that \/setup has stored cannot be read/),
    expect.stringMatching(/^BAD MongoDB: MONGO_URI: nothing listens there/),
    expect.stringMatching(/^BAD Redis: REDIS_URL/),
  ]);
  expect(away.join()).not.toContain(String(port));
  const why = "nothing listens at Discord's address";
  expect(alone.slice(0, 4)).toEqual([
    ...['token', 'intents', 'invitations'].map(
      (name) => `BAD ${name}: ${why}: try again in a while`,
    ),
    `BAD clock: not compared: ${why}: let this machine reach it`,
  ]);
  expect(alone.join()).not.toContain(String(port));
  await set({ privilegedIntents: [], publicBot: true });
  const unheard = await linesWith({});
  expect(unheard.filter((line) => line.startsWith('BAD'))).toEqual([
    expect.stringMatching(/^BAD intents: .*Developer Portal, under Bot$/),
    expect.stringMatching(/^BAD invitations: Public Bot is on, .* under Bot$/),
    expect.stringMatching(/^BAD gateway: Discord refuses the intents/),
  ]);
});

test('npm run doctor and /doctor tell how many tickets are parked, and when the digest is due', async () => {
  const { mirrors } = desk.ctx.db;
  const row = { state: 'open', channel_id: null, seq: 0, epoch: 0, steps: [] };
  const parked = { at: 1, told: true };
  const rows = [{ ...row, parked }, { ...row, parked }, row, { ...row, state: 'done' }];
  await mirrors.collection.insertMany(rows as never);
  const lines = await linesWith({ DB_NAME: desk.config.dbName, WEEKLY_DIGEST: 'fri 16:00' });
  expect(lines).toContainEqual(
    expect.stringMatching(/^ok channels of the server: \d+ of 500, and 2 idle tickets are parked$/),
  );
  expect(lines).toContain('ok weekly digest: fri 16:00, where transcripts are');
  const off = await linesWith({ TRANSCRIPT_CHANNEL_ID: '' });
  expect(off).toContain('ok weekly digest: off: there is no channel for transcripts');
  const gone = await linesWith({ TRANSCRIPT_CHANNEL_ID: '100000000000000002' });
  expect(gone).toContain(
    'ok weekly digest: mon 09:00, once the bot can write in the channel for transcripts',
  );
  expect(await linesWith({ WEEKLY_DIGEST: 'off' })).toContain('ok weekly digest: off');
  await desk.bot();
  const { content } = await operatorOf(desk.sim).run('doctor');
  expect(content).toMatch(/of 500, and 2 idle tickets are parked/);
  await desk.stopBots();
  await mirrors.collection.deleteMany({});
}, 60_000);

test('npm run doctor ends with 1 where a line is red, and with 2 where the configuration is', async () => {
  const [red, wrong, asked] = await Promise.all([
    runDoctor({ GUILD_ID: '', TRANSCRIPT_CHANNEL_ID: '100000000000000002' }),
    runDoctor({ ADMIN_ROLE_ID: 'twelve' }),
    runDoctor({}, ['--help']),
  ]);
  expect(asked.code).toBe(2);
  expect(asked.output).toContain('Looks at all that Deskcord stands on');
  expect(red.output).toMatch(/^ok {4}token: of the bot deskcord$/m);
  expect(red.output).toMatch(
    /^BAD {3}channel for transcripts: TRANSCRIPT_CHANNEL_ID names no text/m,
  );
  expect(red.output).toMatch(/^1 to mend\.$/m);
  expect(red.code).toBe(1);
  expect(wrong.output).toContain('ADMIN_ROLE_ID: got "twelve"');
  expect(wrong.code).toBe(2);
});
