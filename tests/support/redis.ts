import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { findFreePort } from '../../src/infra/embedded-mongo/launch.ts';
import { watch } from '../../src/infra/embedded-mongo/watchdog.ts';
import { eventually } from './eventually.ts';
import { makeDataDir } from './temp-dir.ts';

export interface TestRedis {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** SIGKILL, and waits until it is gone. */
  kill(): Promise<void>;
  /** SIGSTOP: connections stay open and nothing answers. */
  pause(): void;
  /** SIGCONT. */
  resume(): void;
  /** Starts it again on the same port, empty, ending it first if it runs. */
  restart(): Promise<void>;
  /** FLUSHALL. */
  flush(): Promise<void>;
  close(): Promise<void>;
}

/** A real redis-server on loopback that keeps nothing on disk and ends with this process. */
export async function startRedis(): Promise<TestRedis> {
  const directory = await makeDataDir('redis');
  const port = await findFreePort();
  let server: ChildProcess | undefined = await launch(port, directory);
  const kill = async () => {
    const ended = server;
    server = undefined;
    if (!ended || ended.exitCode !== null || ended.signalCode !== null) return;
    ended.kill('SIGKILL');
    await once(ended, 'exit');
  };
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    get pid() {
      if (!server?.pid) throw new Error('this Redis does not run');
      return server.pid;
    },
    kill,
    pause: () => void server?.kill('SIGSTOP'),
    resume: () => void server?.kill('SIGCONT'),
    restart: async () => {
      await kill();
      server = await launch(port, directory);
    },
    flush: async () => {
      const answer = await sendCommand(port, 'FLUSHALL');
      if (answer !== '+OK') throw new Error(`FLUSHALL answered ${answer}`);
    },
    close: async () => {
      await kill();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function launch(port: number, directory: string): Promise<ChildProcess> {
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--dir', directory];
  const quiet = ['--save', '', '--appendonly', 'no', '--loglevel', 'warning'];
  const server = spawn('redis-server', [...args, ...quiet], { stdio: 'ignore' });
  const failed = new Promise<never>((_, reject) => {
    server.once('error', () => reject(new Error('there is no redis-server: run npm test')));
    server.once('exit', (code) => reject(new Error(`redis-server exited with ${code}`)));
  });
  const ready = eventually(async () => {
    const answer = await sendCommand(port, 'PING');
    if (answer !== '+PONG') throw new Error(`redis-server answers ${answer}`);
  });
  server.once('spawn', () => server.once('exit', watch(server.pid as number)));
  await Promise.race([ready, failed]);
  failed.catch(() => undefined);
  return server;
}

/** One command on a connection of its own, without a client library in between. */
function sendCommand(port: number, command: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.setTimeout(2000, () => socket.destroy(new Error('redis-server does not answer')));
    socket.once('error', reject);
    socket.once('connect', () => socket.write(`${command}\r\n`));
    socket.once('data', (data) => {
      socket.destroy();
      resolve(data.toString().trim());
    });
  });
}
