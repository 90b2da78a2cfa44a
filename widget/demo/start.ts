import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { type Child, type DiscordPlace, startDesk, startDiscord } from './children.ts';
import { createPageServer, listen } from './page-server.ts';

const DEFAULT_PORT = 4600;

const say = (line: string) => console.error(line);

/** The page's port. @throws an Error of one line */
function readPort(): number {
  const given = process.env.DEMO_PORT?.trim();
  if (!given) return DEFAULT_PORT;
  const port = Number(given);
  if (/^\d+$/.test(given) && port <= 65_535) return port;
  throw new Error(
    `DEMO_PORT: got ${JSON.stringify(given)}; wants a port, 0 to 65535; for example ${DEFAULT_PORT}`,
  );
}

/**
 * A port nobody listens on now: links to files need it before the server has one. The one above the
 * page's where it can be had, so that a page left open finds the next demo's server where it was.
 */
async function findServerPort(pagePort: number): Promise<number> {
  const server = createServer();
  const port = await listen(server, Math.min(pagePort + 1, 65_535));
  await new Promise((resolve) => server.close(resolve));
  return port;
}

export interface Run {
  name: string;
  secret: string;
}

/** Empty counts as unset, and wins over a `.env`: the demo must not touch anybody's own database. */
const untouched = Object.fromEntries(
  [
    ...['MONGO_URI', 'REDIS_URL', 'JWT_SECRET_KEY_PREVIOUS', 'JWT_ISSUER', 'JWT_AUDIENCE'],
    ...['JWT_ALGORITHMS', 'MONGO_URI_FILE', 'REDIS_URL_FILE', 'JWT_SECRET_KEY_FILE'],
    ...['DISCORD_BOT_TOKEN_FILE', 'ERROR_WEBHOOK_URL_FILE', 'ERROR_BOT_WEBHOOK_URL_FILE'],
  ].map((name) => [name, '']),
);

/** The server's configuration, as an operator would write it for a Discord server of their own. */
function deskEnvironment(place: DiscordPlace, run: Run, port: number, origin: string) {
  const { roles, channels } = place;
  return {
    ...untouched,
    WEB_SERVER_PORT: String(port),
    HOST: '127.0.0.1',
    PUBLIC_URL: `http://127.0.0.1:${port}`,
    ALLOWED_ORIGINS: `${origin},${origin.replace('127.0.0.1', 'localhost')}`,
    SERVER_MODE: 'DEVELOPMENT',
    ROLES: 'server,bot,worker',
    // The simulator forgets everything when it ends, so the tickets of the last time mean nothing.
    DB_NAME: `demo_${run.name}`,
    JWT_SECRET_KEY: run.secret,
    DISCORD_BOT_TOKEN: place.bot.token,
    DISCORD_API_URL: place.apiUrl,
    DISCORD_CDN_URL: place.url,
    GUILD_ID: place.guildId,
    TRANSCRIPT_CHANNEL_ID: channels.transcripts,
    GENERAL_TICKET_CATEGORY_ID: channels.normal,
    URGENT_TICKET_CATEGORY_ID: channels.urgent,
    CRITICAL_TICKET_CATEGORY_ID: channels.critical,
    ADMIN_ROLE_ID: roles.admin,
    MANAGER_ROLE_ID: roles.manager,
    DEVELOPER_ROLE_ID: roles.developer,
    SUPPORT_TEAM_ROLE_ID: roles.support,
    ERROR_WEBHOOK_URL: place.errorsWebhook.url,
    ERROR_BOT_WEBHOOK_URL: place.errorsWebhook.url,
  };
}

/** Ends what was started, last first, and then the demo. */
function createStop(children: Child[]) {
  let stopping: Promise<never> | undefined;
  return (code: number, why?: string): Promise<never> => {
    stopping ??= (async () => {
      if (why) say(why);
      for (const child of children.reverse()) await child.stop();
      process.exit(code);
    })();
    return stopping;
  };
}

/** What `npm run dev` does differently. */
export interface DemoOptions {
  /** Where the embedded MongoDB keeps its data, unless `DATA_DIR` says so. */
  dataDir: string;
  logLevel: string;
  /** Gets the server's log as it is written. */
  onLog?: (chunk: Buffer) => void;
  /**
   * Called once all runs. What it returns starts the server anew with the environment it had; while
   * that goes on, the server's end is not the demo's.
   */
  watch?: (desk: { restart(): Promise<void> }) => void;
}

const demoOptions: DemoOptions = { dataDir: './data/demo', logLevel: 'info' };

/** Starts the simulator, the server with the bot, and the page; ends with a signal. */
export async function startDemo(options: DemoOptions = demoOptions): Promise<void> {
  const children: Child[] = [];
  const stop = createStop(children);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => void stop(0, 'stopping the demo'));
  }
  try {
    const { server, serve } = createPageServer();
    const port = await listen(server, readPort());
    const origin = `http://127.0.0.1:${port}`;
    say('starting the Discord simulator');
    const discord = await startDiscord();
    children.push(discord);
    say('starting the server, its database and the bot');
    const run = { name: randomBytes(4).toString('hex'), secret: randomBytes(32).toString('hex') };
    const env = {
      ...deskEnvironment(discord.place, run, await findServerPort(port), origin),
      LOG_LEVEL: process.env.LOG_LEVEL ?? options.logLevel,
      DATA_DIR: process.env.DATA_DIR ?? options.dataDir,
    };
    const desk = await superviseDesk(env, children, options, () => stop(1, 'the server has ended'));
    const serverUrl = `http://127.0.0.1:${desk.port}`;
    serve({ run: run.name, serverUrl, place: discord.place, secret: run.secret });
    void discord.ended.then(() => stop(1, 'the Discord simulator has ended'));
    console.log(`Deskcord demo: ${origin}`);
    say('Ctrl-C stops it');
    options.watch?.(desk);
  } catch (error) {
    await stop(1, `The demo does not start: ${(error as Error).message}`);
  }
}

/** The server as one of the children, whichever process it is at the moment. */
async function superviseDesk(
  env: Record<string, string>,
  children: Child[],
  { onLog, watch }: DemoOptions,
  onEnd: () => void,
) {
  let desk: Awaited<ReturnType<typeof startDesk>> | undefined;
  let restarting = false;
  const start = async () => {
    const started = await startDesk(env, say, onLog);
    desk = started;
    void started.ended.then(() => {
      if (!restarting && !watch) onEnd();
    });
    return started.port;
  };
  const port = await start();
  children.push({
    ended: Promise.resolve(),
    stop: async () => desk?.stop(),
  });
  return {
    port,
    async restart() {
      restarting = true;
      await desk?.stop();
      // What does not start, such as a source with a slip in it, waits for its next change.
      await start().catch((error: Error) => say(error.message));
      restarting = false;
    },
  };
}
