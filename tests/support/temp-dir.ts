import { mkdtemp, readdir, rm, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const PREFIX = 'deskcord-test-';

/** Linux's file system in memory. */
const MEMORY = '/dev/shm';
/** What must be free in it, in bytes: the databases of a whole run take a part of this. */
const MEMORY_NEEDED = 6 * 1024 ** 3;

/** A directory under the system's own for such things; the caller removes it. */
export function makeTempDir(name: string): Promise<string> {
  return mkdtemp(join(tmpdir(), `${PREFIX}${process.pid}-${name}-`));
}

/**
 * A directory for the data of a database, in memory where there is enough of it: it survives every kill of a
 * process, as a disk does, and a flush to it takes no time. Programs may not be startable from it.
 */
export async function makeDataDir(name: string): Promise<string> {
  const parent = (await hasMemory()) ? MEMORY : tmpdir();
  return mkdtemp(join(parent, `${PREFIX}${process.pid}-${name}-`));
}

async function hasMemory(): Promise<boolean> {
  try {
    const { bsize, bavail } = await statfs(MEMORY);
    return bsize * bavail >= MEMORY_NEEDED;
  } catch {
    return false;
  }
}

/** Removes what test runs that were killed have left. */
export async function removeAbandonedTempDirs(): Promise<void> {
  for (const parent of [tmpdir(), MEMORY]) {
    for (const name of await readdir(parent).catch(() => [])) {
      const pid = name.startsWith(PREFIX) && Number(name.slice(PREFIX.length).split('-')[0]);
      if (pid && !isRunning(pid)) await rm(join(parent, name), { recursive: true, force: true });
    }
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
