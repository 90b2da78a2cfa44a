import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));

export interface DemoProcess {
  url: string;
  process: ChildProcess;
  /** Every process below it, however deep. */
  descendants(): { pid: number; command: string }[];
  stop(signal?: NodeJS.Signals): Promise<void>;
}

/** Starts the demo as a user does and waits for its address. */
export async function startDemo(
  dataDir: string,
  env: Record<string, string> = {},
): Promise<DemoProcess> {
  const child = spawn(process.execPath, ['widget/demo/run.mjs'], {
    cwd: root,
    // The binary of MongoDB is looked for where the tests have it; the data is this demo's own.
    env: { ...process.env, DEMO_PORT: '0', DATA_DIR: dataDir, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  const url = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      const found = /^Deskcord demo: (http:\S+)$/.exec(line)?.[1];
      if (found) resolve(found);
    });
    child.once('exit', (code) => reject(new Error(`the demo ended with ${code}:\n${said}`)));
  });
  return {
    url,
    process: child,
    descendants: () => descendantsOf(child.pid ?? 0),
    async stop(signal = 'SIGTERM') {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal);
      await ended;
    },
  };
}

function descendantsOf(pid: number): { pid: number; command: string }[] {
  const ids = readProcess(pid, `task/${pid}/children`).split(' ').filter(Boolean).map(Number);
  return ids.flatMap((id) => {
    const command = readProcess(id, 'cmdline').replaceAll('\0', ' ');
    return [{ pid: id, command }, ...descendantsOf(id)];
  });
}

function readProcess(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return '';
  }
}

/** True while the process is there, other than as a zombie nobody has buried yet. */
export function isRunning(pid: number): boolean {
  const state = /^State:\s+(\S)/m.exec(readProcess(pid, 'status'))?.[1];
  return state !== undefined && state !== 'Z';
}
