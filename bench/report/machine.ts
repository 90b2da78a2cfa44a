import { execFileSync } from 'node:child_process';
import { cpus, totalmem } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

/** What the numbers depend on. */
export interface Machine {
  cores: number;
  cpu: string;
  memoryGib: number;
  node: string;
  mongod: string;
  redis: string;
  commit: string;
  /** Cores that somebody else kept busy just before the scenario began. */
  busyBefore: number;
}

function firstMatch(command: string, args: string[], pattern: RegExp): string {
  try {
    const output = execFileSync(command, args, { stdio: ['ignore', 'pipe', 'ignore'] }).toString();
    return pattern.exec(output)?.[1] ?? 'unknown';
  } catch {
    return 'none';
  }
}

export function describeMachine(mongod: string, busyBefore: number): Machine {
  const [cpu] = cpus();
  return {
    cores: cpus().length,
    cpu: cpu?.model.trim() || 'unknown',
    memoryGib: Math.round(totalmem() / 2 ** 30),
    node: process.versions.node,
    mongod,
    redis: firstMatch('redis-server', ['--version'], /v=(\S+)/),
    commit: firstMatch('git', ['rev-parse', '--short', 'HEAD'], /(\S+)/),
    busyBefore: Math.round(busyBefore * 10) / 10,
  };
}

/** How many cores are busy while the bench waits for a second. */
export async function measureBusy(): Promise<number> {
  const read = () => {
    const times = cpus().map((core) => core.times);
    return {
      idle: times.reduce((sum, { idle }) => sum + idle, 0),
      all: times.reduce((sum, each) => sum + Object.values(each).reduce((a, b) => a + b, 0), 0),
    };
  };
  const before = read();
  await sleep(1000);
  const after = read();
  return cpus().length * (1 - (after.idle - before.idle) / (after.all - before.all));
}
