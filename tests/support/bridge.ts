import { type Bot, type BotOptions, startBot } from '../../bot/bot.ts';
import { guildParts } from '../../bot/guilds/guild-parts.ts';
import type { RunningSimulator, SimulatorOptions } from '../../simulator/server.ts';
import { type App, createApp } from '../../src/app.ts';
import type { Config } from '../../src/config.ts';
import type { AppContext } from '../../src/context.ts';
import type { Actor } from '../../src/domain/access/actor.ts';
import { storeGuildId } from '../../src/domain/guild-ids.ts';
import { listMessages } from '../../src/domain/messages/list.ts';
import { sendMessage } from '../../src/domain/messages/send.ts';
import { createTicket } from '../../src/domain/tickets/create.ts';
import { createLog } from '../../src/infra/log.ts';
import { testConfig } from './app.ts';
import { discordEnv, startDiscord } from './discord.ts';

export const customer: Actor = {
  key: 'ana',
  id: 'ana',
  username: 'Ana',
  email: 'ana@example.com',
  role: 'CUSTOMER',
  origin: 'web',
};

export const agent: Actor = {
  key: 'bob',
  id: 'bob',
  username: 'Bob',
  email: 'bob@example.com',
  role: 'AGENT',
  origin: 'web',
};

/** Short enough for a test to wait until another bot takes over. */
export const quickLease = { ttlMs: 1600, renewIntervalMs: 400 };

export interface Desk extends App {
  sim: RunningSimulator;
  config: Config;
  /** Starts a bot on the same data; all are stopped at the end. */
  bot(options?: BotOptions & { ctx?: Partial<AppContext> }): Promise<Bot>;
  /** A second process on the same data: verbs, writer and bus of its own. */
  another(): Promise<App>;
  stopBots(): Promise<void>;
  end(): Promise<void>;
}

/** The domain on a database of its own, and a Discord of its own; no HTTP. */
export async function openDesk(
  simulator: SimulatorOptions = {},
  env: Record<string, string> | ((sim: RunningSimulator) => Record<string, string>) = {},
): Promise<Desk> {
  const sim = await startDiscord(simulator);
  const level = process.env.TEST_LOG_LEVEL ?? 'silent';
  const config = testConfig({
    LOG_LEVEL: level,
    SWEEP_INTERVAL_MS: '500',
    ...discordEnv(sim),
    ...(typeof env === 'function' ? env(sim) : env),
  });
  const create = async () => {
    const app = createApp(config, createLog(config), config.mongoUri as string);
    await app.ready;
    return app;
  };
  const app = await create();
  const apps: App[] = [app];
  let bots: Bot[] = [];
  const stopBots = async () => {
    const running = bots;
    bots = [];
    await Promise.all(running.map((bot) => bot.stop()));
  };
  return {
    ...app,
    sim,
    config,
    async bot({ ctx, ...options } = {}) {
      const bot = await startBot({ ...app.ctx, ...ctx }, { lease: quickLease, ...options });
      bots.push(bot);
      return bot;
    },
    async another() {
      const other = await create();
      apps.push(other);
      return other;
    },
    stopBots,
    async end() {
      await stopBots();
      await app.ctx.db.connection.db?.dropDatabase();
      for (const each of apps.reverse()) await each.close();
      await sim.close();
    },
  };
}

let topics = 0;

/** Opens a ticket of the customer's. */
export async function openTicket(ctx: AppContext, overrides: object = {}) {
  const body = { topic: `Parcel ${++topics}`, description: 'It has not come.', ...overrides };
  return (await createTicket(ctx, { ...agent, ...customer, role: 'ADMIN' }, body)).ticket;
}

/** The customer, or whoever is named, says something. */
export async function say(ctx: AppContext, ticketId: string, content: string, actor = customer) {
  return (await sendMessage(ctx, actor, ticketId, { content })).message;
}

/** What the customer sees of a ticket. */
export async function seen(ctx: AppContext, ticketId: string) {
  return (await listMessages(ctx, customer, ticketId, {})).messages;
}

type OtherGuild = RunningSimulator['state']['others'][number];

/** Stores what `/setup` would in a guild that is not that of the environment. */
export async function setUpGuild(
  ctx: AppContext,
  { guildId, roles, channels }: OtherGuild,
): Promise<void> {
  const ids = {
    ADMIN_ROLE_ID: roles.admin,
    MANAGER_ROLE_ID: roles.manager,
    DEVELOPER_ROLE_ID: roles.developer,
    SUPPORT_TEAM_ROLE_ID: roles.support,
    GENERAL_TICKET_CATEGORY_ID: channels.normal,
    URGENT_TICKET_CATEGORY_ID: channels.urgent,
    CRITICAL_TICKET_CATEGORY_ID: channels.critical,
    TRANSCRIPT_CHANNEL_ID: channels.transcripts,
  };
  const missing = guildParts.length - Object.keys(ids).length;
  if (missing !== 0) throw new Error('a guild has other parts than are set up here');
  for (const [key, id] of Object.entries(ids)) await storeGuildId(ctx, guildId, key, id);
}
