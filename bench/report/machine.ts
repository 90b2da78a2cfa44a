import { execFileSync } from 'node:child_process';
import { cpus, totalmem } from 'node:os';

/** What the numbers depend on. */
export interface Machine {
  cores: number;
  cpu: string;
  memoryGib: number;
  node: string;
  mongod: string;
  redis: string;
  commit: string;
  /** Runnable processes when the scenario began; above 1 somebody else was at work. */
  loadBefore: number;
}

function firstMatch(command: string, args: string[], pattern: RegExp): string {
  try {
    const output = execFileSync(command, args, { stdio: ['ignore', 'pipe', 'ignore'] }).toString();
    return pattern.exec(output)?.[1] ?? 'unknown';
  } catch {
    return 'none';
  }
}

export function describeMachine(mongod: string, loadBefore: number): Machine {
  const [cpu] = cpus();
  return {
    cores: cpus().length,
    cpu: cpu?.model.trim() || 'unknown',
    memoryGib: Math.round(totalmem() / 2 ** 30),
    node: process.versions.node,
    mongod,
    redis: firstMatch('redis-server', ['--version'], /v=(\S+)/),
    commit: firstMatch('git', ['rev-parse', '--short', 'HEAD'], /(\S+)/),
    loadBefore: Math.round(loadBefore * 10) / 10,
  };
}
