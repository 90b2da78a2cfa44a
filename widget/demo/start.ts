import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { type Child, type DiscordPlace, startDesk, startDiscord } from './children.ts';
import { createPageServer, listen } from './page-server.ts';

const DEFAULT_PORT = 4600;

const say = (line: string) => console.error(line);

/** A port nobody listens on now: links to files need it before the server has one. */
async function findFreePort(): Promise<number> {
  const server = createServer();
  const port = await listen(server, 0);
  await new Promise((resolve) => server.close(resolve));
  return port;
}

interface Run {
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
    ROLES: 'server,bot',
    LOG_LEVEL: 'info',
    // The simulator forgets everything when it ends, so the tickets of the last time mean nothing.
    DB_NAME: `demo_${run.name}`,
    DATA_DIR: process.env.DATA_DIR ?? './data/demo',
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

async function main(): Promise<void> {
  const children: Child[] = [];
  const stop = createStop(children);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => void stop(0, 'stopping the demo'));
  }
  try {
    const { server, serve } = createPageServer();
    const port = await listen(server, Number(process.env.DEMO_PORT ?? DEFAULT_PORT));
    const origin = `http://127.0.0.1:${port}`;
    say('starting the Discord simulator');
    const discord = await startDiscord();
    children.push(discord);
    say('starting the server, its database and the bot');
    const run = { name: randomBytes(4).toString('hex'), secret: randomBytes(32).toString('hex') };
    const env = deskEnvironment(discord.place, run, await findFreePort(), origin);
    const desk = await startDesk(env, say);
    children.push(desk);
    const serverUrl = `http://127.0.0.1:${desk.port}`;
    serve({ run: run.name, serverUrl, place: discord.place, secret: run.secret });
    void discord.ended.then(() => stop(1, 'the Discord simulator has ended'));
    void desk.ended.then(() => stop(1, 'the server has ended'));
    console.log(`Deskcord demo: ${origin}`);
    say('Ctrl-C stops it');
  } catch (error) {
    await stop(1, `The demo does not start: ${(error as Error).message}`);
  }
}

await main();
