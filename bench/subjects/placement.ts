import { execFileSync } from 'node:child_process';
import { cpus } from 'node:os';

/**
 * Where processes run, the same for every program compared: each measured server has a core of its
 * own, and MongoDB, Redis and the generator share the rest. Without `taskset`, or on one core, the
 * system decides.
 */
export const placement = decidePlacement();

function decidePlacement(): { pinned: boolean; server(index: number): string; others: string } {
  const cores = cpus().length;
  const pinned = cores > 1 && hasTaskset();
  return {
    pinned,
    server: (index) => String(index % cores),
    others: cores > 2 ? `1-${cores - 1}` : '1',
  };
}

function hasTaskset(): boolean {
  try {
    execFileSync('taskset', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Moves a running process with all its threads; one that ends meanwhile makes taskset fail. */
export function pin(pid: number, cores: string): void {
  if (!placement.pinned) return;
  for (let tries = 1; ; tries++) {
    try {
      execFileSync('taskset', ['-a', '-p', '-c', cores, String(pid)], { stdio: 'ignore' });
      return;
    } catch (error) {
      if (tries === 5) throw error;
    }
  }
}
