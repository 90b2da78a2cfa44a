import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../../src/prepare.mjs';

/** Ends with the test, even where that is killed and nobody is left to end it. */
const endWithParent = `data:text/javascript,${encodeURIComponent(
  'process.on("disconnect", () => process.kill(process.pid, "SIGKILL"))',
)}`;

const START_MS = 60_000;

export interface NodeProcess {
  readonly name: string;
  readonly pid: number;
  /** Where it listens; nothing while it does not. */
  readonly url: string | undefined;
  readonly running: boolean;
  /** Of the last run. */
  readonly exit: { code: number | null; signal: NodeJS.Signals | null } | undefined;
  /** Starts it, on a new port, and waits until it is ready. */
  start(env?: Record<string, string>): Promise<void>;
  /** SIGKILL, and waits until it is gone. */
  kill(): Promise<void>;
  /** SIGTERM, and waits until it has ended. @returns its exit code */
  terminate(): Promise<number | null>;
  /** SIGSTOP: connections stay open and nothing answers. */
  freeze(): void;
  /** True while it is stopped, by `freeze` or at a crash point. */
  readonly frozen: boolean;
  /** SIGCONT. */
  wake(): void;
  /** Resolves when it has ended by itself. */
  ended(): Promise<void>;
  /** What it has logged in all its runs. */
  logs(): string;
  /** Resident memory in bytes. */
  memory(): number;
}

/** A real server process of the compiled program; `start` may be called again once it has ended. */
export function createNode(
  name: string,
  directory: string,
  ownEnv: Record<string, string>,
): NodeProcess {
  const logPath = join(directory, `${name}.txt`);
  let child: ChildProcess | undefined;
  let url: string | undefined;
  let exit: NodeProcess['exit'];

  const end = async (signal: NodeJS.Signals) => {
    const ended = child;
    if (!ended || ended.exitCode !== null || ended.signalCode !== null) return;
    const gone = once(ended, 'exit');
    ended.kill(signal);
    await gone;
  };
  const logs = () => readFileSync(logPath, { encoding: 'utf8', flag: 'a+' });

  return {
    name,
    get pid() {
      return child?.pid ?? 0;
    },
    get url() {
      return url;
    },
    get running() {
      return child !== undefined && child.exitCode === null && child.signalCode === null;
    },
    get exit() {
      return exit;
    },
    async start(env = {}) {
      const out = openSync(logPath, 'a');
      const started = fork(join(root, 'dist/src/main.js'), {
        cwd: directory,
        env: { PATH: process.env.PATH, HOME: process.env.HOME, ...ownEnv, ...env },
        execArgv: ['--enable-source-maps', '--import', endWithParent],
        stdio: ['ignore', out, out, 'ipc'],
      });
      closeSync(out);
      child = started;
      exit = undefined;
      await new Promise<void>((resolve, reject) => {
        const fail = (why: string) => {
          clearTimeout(timer);
          reject(new Error(`${name} ${why}:\n${logs().slice(-3000)}`));
        };
        const timer = setTimeout(() => fail('is not ready in time'), START_MS);
        started.on('message', (message: { listening?: number; ready?: true }) => {
          if (message.listening) url = `http://127.0.0.1:${message.listening}`;
          if (!message.ready) return;
          clearTimeout(timer);
          resolve();
        });
        started.once('exit', (code, signal) => {
          if (child === started) url = undefined;
          exit = { code, signal };
          fail(`ended with ${code ?? signal}`);
        });
      });
    },
    kill: () => end('SIGKILL'),
    async terminate() {
      await end('SIGTERM');
      return exit?.code ?? null;
    },
    get frozen() {
      return /State:\s+T/.test(readFileSync(`/proc/${child?.pid}/status`, 'utf8'));
    },
    freeze: () => void child?.kill('SIGSTOP'),
    wake: () => void child?.kill('SIGCONT'),
    async ended() {
      if (child && child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    },
    logs,
    memory() {
      const status = readFileSync(`/proc/${child?.pid}/status`, 'utf8');
      return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) * 1024;
    },
  };
}
