import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** Whether a process with this id exists, a zombie included. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** The arguments of a process; empty when there is none, or only a zombie. */
export function readCommandLine(pid: number): string[] {
  try {
    if (process.platform === 'linux') {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').filter(Boolean);
    }
    if (process.platform === 'win32') return [];
    const line = execFileSync('ps', ['-ww', '-o', 'command=', '-p', String(pid)]).toString();
    return line.trim().split(' ');
  } catch {
    return [];
  }
}

/**
 * What tells a process from a later one with the same id: a container's first process always has
 * the same. Empty where the system does not say.
 */
export function readStartTime(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The command, in parentheses, may contain spaces; the start time is field 22 of all.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
}
