import { type ChildProcess, spawn } from 'node:child_process';
import { SECRET } from './app.ts';
import { freshDatabaseName, testMongoUri } from './mongo.ts';
import { programArgs, root } from './program.ts';

export interface ServerProcess {
  child: ChildProcess;
  /** Everything it has printed so far, on either stream. */
  output(): string;
  /** The address of its HTTP server, once it listens; rejects when it ends before. */
  listening: Promise<string>;
  /** Its exit code, or the signal that ended it. */
  exited: Promise<number | string>;
  /** Ends it if it still runs. */
  kill(): Promise<void>;
}

/** The environment of a process in tests: nothing of ours, no `.env`, a database of its own. */
export function processEnv(env: Record<string, string | undefined> = {}): NodeJS.ProcessEnv {
  const { PATH, HOME, TMPDIR } = process.env;
  return {
    PATH,
    HOME,
    TMPDIR,
    MONGO_URI: testMongoUri(),
    DB_NAME: freshDatabaseName(),
    JWT_SECRET_KEY: SECRET,
    WEB_SERVER_PORT: '0',
    HOST: '127.0.0.1',
    ROLES: 'server,bot',
    RATE_LIMIT_FACTOR: '1000',
    MAX_OPEN_TICKETS_PER_USER: '100000',
    ...env,
  };
}

/** Runs `src/main.ts` as a process of its own, in a directory without a `.env`. */
export function spawnServer(env: Record<string, string | undefined> = {}): ServerProcess {
  const child = spawn(process.execPath, programArgs('src/main.ts'), {
    cwd: `${root}/tests`,
    env: processEnv(env),
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (data) => {
      output += data;
    });
  }
  const exited = new Promise<number | string>((resolve) => {
    child.once('close', (code, signal) => resolve(code ?? signal ?? 'unknown'));
  });
  const listening = new Promise<string>((resolve, reject) => {
    child.on('message', (message: { listening?: number }) => {
      if (message.listening) resolve(`http://127.0.0.1:${message.listening}`);
    });
    void exited.then((code) => reject(new Error(`it ended with ${code}: ${output}`)));
  });
  listening.catch(() => undefined);
  return {
    child,
    output: () => output,
    listening,
    exited,
    async kill() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}
