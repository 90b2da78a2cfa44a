import { type App, createApp } from './app.ts';
import { type Config, readConfig } from './config.ts';
import { ConfigError, loadEnvironment } from './environment.ts';
import { createErrorReports } from './infra/error-reports.ts';
import { createLog, type Log } from './infra/log.ts';
import { checkPort, toPortError } from './port-check.ts';
import { startProbes, startServer } from './server-role.ts';
import { startWorker } from './worker-role.ts';

/** How long a process may take to end once it has let its balancer notice, in milliseconds. */
const SHUTDOWN_MS = 20_000;

type Stop = () => Promise<void>;

/** What is to be ended: the roles together, then what they stand on, the last started first. */
interface Stops {
  roles: Stop[];
  dependencies: Stop[];
}

function readConfigOrExit(): Config {
  try {
    return readConfig(loadEnvironment());
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    console.error(`Deskcord does not start: ${error.message}`);
    process.exit(2);
  }
}

/**
 * The address of MongoDB: the configured one, or that of an embedded one started here. Only then is
 * the embedded one loaded: no other installation needs it.
 */
async function provideMongo(config: Config, log: Log, stops: Stops, fail: (why: string) => void) {
  if (config.mongoUri) return config.mongoUri;
  log.info('MONGO_URI is not set: starting the embedded MongoDB');
  const { startEmbeddedMongo } = await import('./infra/embedded-mongo/embedded.ts');
  const mongo = await startEmbeddedMongo({
    dataDir: config.dataDir,
    mongodPath: config.mongodPath,
    log: (line) => log.info(line),
    onExit: () => fail('the embedded MongoDB has ended'),
  });
  stops.dependencies.push(() => mongo.stop());
  return mongo.uri;
}

async function startBotRole(app: App, stops: Stops): Promise<void> {
  const { config, log, health } = app.ctx;
  if (!config.discord) {
    log.warn('DISCORD_BOT_TOKEN is not set: there is no bridge to Discord');
    return;
  }
  const { startBot } = await import('../bot/bot.ts');
  const url = config.errorBotWebhookUrl ?? config.errorWebhookUrl;
  const reports = createErrorReports(url, app.secrets, log);
  const bot = await startBot({ ...app.ctx, reports });
  stops.roles.push(() => {
    health.set('bot', 'down', 'stopping');
    return bot.stop();
  });
}

/**
 * Ends everything that was started, once; a second signal ends the process at once. Each role says on
 * `/readyz` that it stops before anything is waited for, and none waits for another: a bot may hang
 * on Discord.
 */
function createShutdown(log: Log, { roles, dependencies }: Stops, timeoutMs: number) {
  let stopping = false;
  const end = (stop: Stop) =>
    stop().catch((error) => log.error({ err: error }, 'a part did not stop cleanly'));
  return async (why: string, code: number) => {
    if (stopping) process.exit(code || 1);
    stopping = true;
    setTimeout(() => {
      log.error('stopping took too long');
      process.exit(1);
    }, timeoutMs).unref();
    const ended = Promise.all(roles.map(end));
    log.info({ why }, 'stopping');
    await ended;
    for (const stop of dependencies.reverse()) await end(stop);
    log.info('stopped');
    process.exit(code);
  };
}

async function main(): Promise<void> {
  const config = readConfigOrExit();
  const log = createLog(config);
  for (const notice of config.notices) log.warn(notice);
  const stops: Stops = { roles: [], dependencies: [] };
  const shutdown = createShutdown(log, stops, config.shutdownDelayMs + SHUTDOWN_MS);
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => void shutdown(signal, 0));
  }
  try {
    if (config.roles.includes('server')) await checkPort(config);
    const uri = await provideMongo(config, log, stops, (why) => void shutdown(why, 1));
    const app = createApp(config, log, uri);
    stops.dependencies.push(() => app.close());
    const onBug = (error: unknown) => {
      log.fatal({ err: error }, 'unexpected error outside any request');
      app.ctx.reports.report(error, { outside: 'any request' });
      void shutdown('unexpected error', 1);
    };
    process.on('unhandledRejection', onBug);
    process.on('uncaughtException', onBug);
    if (config.roles.includes('server')) {
      const server = await startServer(app);
      stops.roles.push(() => server.stop());
      process.send?.({ listening: server.port });
    } else {
      const probes = await startProbes(app);
      stops.dependencies.push(() => probes.stop());
    }
    await app.ready;
    if (config.roles.includes('worker')) {
      const worker = startWorker(app.ctx);
      stops.roles.push(() => worker.stop());
    }
    if (config.roles.includes('bot')) await startBotRole(app, stops);
    log.info({ roles: config.roles }, 'ready');
    process.send?.({ ready: true });
  } catch (error) {
    const known = toPortError(config, error) ?? (error as Error);
    console.error(`Deskcord does not start: ${known.message}`);
    await shutdown('it could not start', known instanceof ConfigError ? 2 : 1);
  }
}

await main();
