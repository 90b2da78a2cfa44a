import { type ChildProcess, spawn } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeDirectory } from './make-directory.ts';
import { watch } from './watchdog.ts';

const STOP_MS = 10_000;

export interface LaunchOptions {
  binary: string;
  /** Made when missing, with no access for others. */
  dbPath: string;
  port: number;
  /** The name of the replica set, without which it is a standalone server. */
  replSet?: string;
  /** Written anew at each start. */
  logPath: string;
  /** Further arguments, after the ones every server here gets. */
  args?: readonly string[];
  /** How long recovery after a crash may take before the first connection. Default 120 s. */
  startMs?: number;
}

export interface MongodExit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** A running mongod, which ends with this process even if that is killed. */
export interface Mongod {
  readonly pid: number;
  readonly port: number;
  /** Resolves when it has ended, for whatever reason. */
  readonly exited: Promise<MongodExit>;
  kill(signal: NodeJS.Signals): void;
  /** A clean shutdown, forced after 10 seconds. */
  stop(): Promise<void>;
}

/** Thrown when the server ends before it accepts a connection. */
export class MongodStartError extends Error {
  /** 48: the port is taken; 62: the data is of another version; 100: the data is in use. */
  readonly exitCode: number | null;

  constructor(message: string, exitCode: number | null) {
    super(message);
    this.name = 'MongodStartError';
    this.exitCode = exitCode;
  }
}

/**
 * Starts a mongod on loopback and waits until it accepts connections.
 * @throws MongodStartError with what its log says
 */
export async function launchMongod(options: LaunchOptions): Promise<Mongod> {
  await makeDirectory(options.dbPath);
  await rm(options.logPath, { force: true });
  // In a session of its own: Ctrl-C in a terminal is for this process, which then stops it.
  const child = spawn(options.binary, buildArguments(options), {
    stdio: 'ignore',
    detached: true,
    env: mongodEnvironment(),
  });
  const pid = await spawned(child);
  const release = watch(pid);
  let exit: MongodExit | undefined;
  const exited = new Promise<MongodExit>((resolve) => {
    child.once('exit', (code, signal) => {
      release();
      exit = { code, signal };
      resolve(exit);
    });
  });
  const kill = (signal: NodeJS.Signals) => void child.kill(signal);
  const stop = async () => {
    kill('SIGTERM');
    kill('SIGCONT');
    const force = setTimeout(() => kill('SIGKILL'), STOP_MS);
    await exited;
    clearTimeout(force);
  };
  try {
    await waitForPort(options, () => exit);
  } catch (error) {
    kill('SIGKILL');
    throw error;
  }
  return { pid, port: options.port, exited, kill, stop };
}

function buildArguments({ dbPath, port, replSet, logPath, args = [] }: LaunchOptions): string[] {
  return [
    ...['--dbpath', dbPath, '--port', String(port), '--bind_ip', '127.0.0.1'],
    ...(replSet ? ['--replSet', replSet, '--oplogSize', '512'] : []),
    ...['--logpath', logPath, '--quiet', '--slowms', '2000'],
    // MongoDB 6.0.5 lets anyone who can connect read memory through zlib (CVE-2025-14847).
    ...['--networkMessageCompressors', 'disabled'],
    ...['--setParameter', 'diagnosticDataCollectionEnabled=false'],
    // How long a primary that is told to stop waits for others to take over.
    ...['--setParameter', 'shutdownTimeoutMillisForSignaledShutdown=100'],
    // A killed process's transaction holds its ticket up for no longer.
    ...['--setParameter', 'transactionLifetimeLimitSeconds=10'],
    ...(process.platform === 'win32' ? [] : ['--nounixsocket']),
    ...args,
  ];
}

/** Not the secrets of this process, and not a locale that mongod may refuse to start with. */
function mongodEnvironment(): NodeJS.ProcessEnv {
  const { PATH, HOME, TMPDIR, LD_LIBRARY_PATH, SystemRoot } = process.env;
  return { PATH, HOME, TMPDIR, LD_LIBRARY_PATH, SystemRoot, LC_ALL: 'C' };
}

function spawned(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('error', (error) => {
      reject(new MongodStartError(`mongod cannot be started: ${error.message}`, null));
    });
    child.once('spawn', () => resolve(child.pid as number));
  });
}

async function waitForPort(
  { port, logPath, startMs = 120_000 }: LaunchOptions,
  hasExited: () => MongodExit | undefined,
): Promise<void> {
  const until = Date.now() + startMs;
  while (!(await acceptsConnections(port))) {
    const exit = hasExited();
    if (exit) {
      const ended = exit.signal ?? `code ${exit.code}`;
      const said = await readComplaints(logPath);
      throw new MongodStartError(`mongod ended with ${ended}${said} (log: ${logPath})`, exit.code);
    }
    if (Date.now() > until) {
      throw new MongodStartError(`mongod was not ready after ${startMs / 1000} s`, null);
    }
    await sleep(25);
  }
}

function acceptsConnections(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    const done = (accepted: boolean) => {
      socket.destroy();
      resolve(accepted);
    };
    socket.once('connect', () => done(true)).once('error', () => done(false));
  });
}

/** The errors in mongod's log, the newest three. */
async function readComplaints(logPath: string): Promise<string> {
  const log = await readFile(logPath, 'utf8').catch(() => '');
  const complaints = log
    .split('\n')
    .filter((line) => /"s":"[EF]"/.test(line))
    .map((line) => {
      const { msg, attr } = JSON.parse(line) as { msg: string; attr?: { error?: unknown } };
      return attr?.error ? `${msg}: ${JSON.stringify(attr.error)}` : msg;
    });
  return complaints.length > 0 ? `: ${complaints.slice(-3).join('; ')}` : '';
}

/** A port nobody listens on: `preferred` when it is still free, or else one the system picks. */
export async function findFreePort(preferred = 0): Promise<number> {
  const port = await tryListening(preferred);
  return port ?? ((await tryListening(0)) as number);
}

function tryListening(port: number): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE' || error.code === 'EACCES') resolve(undefined);
      else reject(error);
    });
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => {
      const { port: got } = server.address() as { port: number };
      server.close(() => resolve(got));
    });
  });
}
