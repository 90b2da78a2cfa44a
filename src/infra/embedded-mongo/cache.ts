import { copyFile, link, mkdir, mkdtemp, open, readdir, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { makeDirectory } from './make-directory.ts';
import { isRunning } from './process-table.ts';
import { readMongodVersion } from './version.ts';

const SERVER = process.platform === 'win32' ? 'mongod.exe' : 'mongod';
const STAGING = 'fetching-';

/** Where a server that was fetched is kept for this user, for every checkout and data directory. */
export function userCacheDirectory(env: NodeJS.ProcessEnv): string {
  return join(env.XDG_CACHE_HOME || join(env.HOME || homedir(), '.cache'), 'deskcord');
}

/** The server kept beside the data. */
export function keptMongod(dataDir: string): string {
  return join(dataDir, 'bin', SERVER);
}

/** The servers in the user's cache, newest version first. */
export async function listCachedMongods(env: NodeJS.ProcessEnv): Promise<string[]> {
  const cache = userCacheDirectory(env);
  const names = await readdir(cache).catch(() => []);
  return names
    .filter((name) => name.startsWith('mongod-'))
    .sort((a, b) => b.localeCompare(a, 'en', { numeric: true }))
    .map((name) => join(cache, name, SERVER));
}

/**
 * Keeps the server beside the data as well, so that emptying the user's cache takes nothing away.
 * A hard link costs no space; across file systems the cache alone has to do.
 */
export async function keepMongod(binary: string, dataDir: string): Promise<void> {
  const kept = keptMongod(dataDir);
  await makeDirectory(dirname(kept));
  await link(binary, kept).catch(() => undefined);
}

/**
 * Runs `fetch` in an empty directory and moves the server it returns into the cache in one step:
 * two processes that fetch at once, or one that is killed, never leave half a server behind.
 * @returns the server's path in the cache
 * @throws what `fetch` throws, or the reason the server does not run here
 */
export async function fetchIntoCache(
  cache: string,
  fetch: (directory: string) => Promise<string>,
): Promise<string> {
  await makeDirectory(cache);
  await removeAbandoned(cache);
  const staging = await mkdtemp(join(cache, `${STAGING}${process.pid}-`));
  try {
    const found = await fetch(staging);
    const binary = found.startsWith(staging) ? found : join(staging, SERVER);
    if (binary !== found) await copyFile(found, binary);
    const version = await readMongodVersion(binary);
    const target = join(cache, `mongod-${version}`, SERVER);
    await mkdir(dirname(target), { recursive: true });
    const file = await open(binary, 'r');
    await file.sync().finally(() => file.close());
    await rename(binary, target);
    return target;
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

/** What a process that was killed in the middle of a download left here. */
async function removeAbandoned(cache: string): Promise<void> {
  for (const name of await readdir(cache)) {
    const pid = name.startsWith(STAGING) && Number(basename(name).split('-')[1]);
    if (pid && !isRunning(pid)) await rm(join(cache, name), { recursive: true, force: true });
  }
}
