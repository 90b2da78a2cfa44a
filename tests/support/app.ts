import { type App, createApp } from '../../src/app.ts';
import { type Config, readConfig } from '../../src/config.ts';
import { createLog } from '../../src/infra/log.ts';
import { startServer } from '../../src/server-role.ts';
import { freshDatabaseName } from './mongo.ts';

export const SECRET = 'a-secret-for-tests-of-32-bytes-or-more';

export interface RunningApp extends App {
  url: string;
  /** Ends the server and forgets its database. */
  stop(): Promise<void>;
  /** Ends the sockets and the port only. */
  stopServer(): Promise<void>;
}

/** The configuration of a test, from the same schema as a real one. */
export function testConfig(env: Record<string, string> = {}): Config {
  return readConfig({
    MONGO_URI: process.env.TEST_MONGO_URI,
    DB_NAME: freshDatabaseName(),
    JWT_SECRET_KEY: SECRET,
    WEB_SERVER_PORT: '0',
    HOST: '127.0.0.1',
    LOG_LEVEL: process.env.TEST_LOG_LEVEL ?? 'error',
    RATE_LIMIT_FACTOR: '1000',
    MAX_OPEN_TICKETS_PER_USER: '100000',
    ...env,
  });
}

/** A whole server in this process, on a port of the system's choice and a database of its own. */
export async function startApp(env: Record<string, string> = {}): Promise<RunningApp> {
  const app = await openApp(env);
  await app.ready;
  return app;
}

/** The same, without waiting for its database. */
export async function openApp(env: Record<string, string> = {}): Promise<RunningApp> {
  const config = testConfig(env);
  const app = createApp(config, createLog(config), config.mongoUri as string);
  const server = await startServer(app);
  return {
    ...app,
    url: `http://127.0.0.1:${server.port}`,
    stopServer: () => server.stop(),
    async stop() {
      await server.stop();
      await app.ctx.db.connection.db?.dropDatabase();
      await app.close();
    },
  };
}
