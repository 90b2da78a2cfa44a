import { createApp } from './app.ts';
import { type Config, readConfig } from './config.ts';
import { reindexSearch } from './domain/search/reindex.ts';
import { ConfigError, loadEnvironment } from './environment.ts';
import { createLog } from './infra/log.ts';
import { refuseArguments } from './no-arguments.ts';

/** `npm run reindex`: throws the search index away and makes it again, while everything else runs. */

const PROGRESS_MS = 2000;

const usage = `npm run reindex

Throws the search index away and makes it again, while everything else runs. It takes no arguments; where
MongoDB is, it reads from the environment and .env, like a server.`;

function readConfigOrExit(): Config {
  try {
    return readConfig(loadEnvironment());
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    console.error(`The index cannot be made: ${error.message}`);
    process.exit(2);
  }
}

/** The configured MongoDB, or the embedded one: that only while no server has its directory. */
async function provideMongo(config: Config, fail: () => void) {
  if (config.mongoUri) return { uri: config.mongoUri, stop: async () => undefined };
  const { startEmbeddedMongo } = await import('./infra/embedded-mongo/embedded.ts');
  const { dataDir, mongodPath } = config;
  return startEmbeddedMongo({ dataDir, mongodPath, log: console.error, onExit: fail });
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** @returns whether the index is complete */
async function reindex(config: Config, stop: AbortController): Promise<boolean> {
  const mongo = await provideMongo(config, () => stop.abort());
  const app = createApp(config, createLog(config), mongo.uri);
  try {
    // Without MongoDB it is waited for as long as it takes, or until somebody stops this.
    await Promise.race([app.ready, aborted(stop.signal)]);
    if (stop.signal.aborted) return false;
    console.error('waiting for the lease, should another reindex be under way');
    let told = 0;
    return await reindexSearch(app.ctx, {
      stop: stop.signal,
      onProgress({ done, total }) {
        if (done < total && Date.now() - told < PROGRESS_MS) return;
        told = Date.now();
        const percent = total === 0 ? 100 : Math.floor((done / total) * 100);
        console.error(`${done} of ${total} tickets, ${percent} %`);
      },
    });
  } finally {
    await app.close();
    await mongo.stop();
  }
}

refuseArguments(usage);
const stop = new AbortController();
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stop.abort());
try {
  const isComplete = await reindex(readConfigOrExit(), stop);
  console.error(isComplete ? 'the index is complete' : 'stopped; the next one goes on from here');
  process.exit(isComplete ? 0 : 1);
} catch (error) {
  console.error(`The index cannot be made: ${(error as Error).message}`);
  process.exit(error instanceof ConfigError ? 2 : 1);
}
