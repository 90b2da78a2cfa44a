import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { nodeFlags } from './node-flags.ts';
import { compiled, sourceRoot } from './paths.ts';
import { pin, placement } from './placement.ts';

const READY_MS = 60_000;
const probe = pathToFileURL(join(sourceRoot, 'bench/probe.mjs')).href;

/** A server under measurement, with the probe in it. */
export interface MeasuredProcess {
  readonly port: number;
  readonly pid: number;
  /** Asks the probe; see `bench/probe.mjs`. */
  ask<T>(probe: 'delays-start' | 'delays-stop' | 'memory'): Promise<T>;
  stop(): Promise<void>;
}

/**
 * Starts a program of ours that says `listening` and `ready` over IPC. Its output goes to a file,
 * as it would under a service manager.
 * @param core which core it gets; servers of one round get different ones
 */
export async function startMeasured(
  program: string,
  env: Record<string, string>,
  { core = 0, log, nodeArgs = [] }: { core?: number; log: string; nodeArgs?: string[] },
): Promise<MeasuredProcess> {
  const output = openSync(log, 'a');
  const args = [...nodeFlags, ...nodeArgs, '--import', probe, compiled(program)];
  const child = spawn(process.execPath, args, {
    env: { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '', ...env },
    stdio: ['ignore', output, output, 'ipc'],
  });
  closeSync(output);
  const end = () => child.kill('SIGKILL');
  process.once('exit', end);
  child.once('exit', () => process.off('exit', end));
  pin(child.pid as number, placement.server(core));
  const port = await waitUntilReady(child, log);
  return {
    port,
    pid: child.pid as number,
    ask: (name) => askProbe(child, name),
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      const patience = setTimeout(() => child.kill('SIGKILL'), 15_000);
      await ended;
      clearTimeout(patience);
    },
  };
}

function waitUntilReady(child: ChildProcess, log: string): Promise<number> {
  return new Promise((resolve, reject) => {
    let port = 0;
    const give = (why: string) => reject(new Error(`${why}; its output is in ${log}`));
    const patience = setTimeout(() => give('a server was not ready in time'), READY_MS);
    child.once('exit', (code) => give(`a server ended with ${code}`));
    child.on('message', (message: { listening?: number; ready?: boolean }) => {
      port = message.listening ?? port;
      if (!message.ready) return;
      clearTimeout(patience);
      resolve(port);
    });
  });
}

let asked = 0;

function askProbe<T>(child: ChildProcess, name: string): Promise<T> {
  const id = asked++;
  return new Promise((resolve, reject) => {
    const patience = setTimeout(() => reject(new Error('the probe did not answer')), 20_000);
    const listener = (message: { id?: number; answer?: T }) => {
      if (message.id !== id) return;
      clearTimeout(patience);
      child.off('message', listener);
      resolve(message.answer as T);
    };
    child.on('message', listener);
    child.send({ probe: name, id });
  });
}
