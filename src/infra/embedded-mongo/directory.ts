import { randomBytes } from 'node:crypto';
import { chmod, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeDirectory } from './make-directory.ts';
import { isRunning, readCommandLine, readStartTime } from './process-table.ts';

/** What is remembered between two starts; the data cannot be read without it. */
export interface MongoState {
  port: number;
  user: string;
  password: string;
  /** The version that last opened the data. */
  version: string;
  /** Whether the replica set and its user were made. */
  ready: boolean;
}

/** The directory of an embedded MongoDB, held by this process alone. */
export interface MongoDirectory {
  dbPath: string;
  keyPath: string;
  logPath: string;
  /** Nothing the first time. */
  readState(): Promise<MongoState | undefined>;
  writeState(state: MongoState): Promise<void>;
  release(): Promise<void>;
}

/**
 * Takes `dataDir/mongo` for this process, and ends a mongod that a killed one has left there.
 * @throws an Error when another process that lives has it
 */
export async function claimDirectory(
  dataDir: string,
  log: (line: string) => void,
): Promise<MongoDirectory> {
  const root = join(dataDir, 'mongo');
  await makeDirectory(root);
  await chmod(root, 0o700);
  const lockPath = join(root, 'lock');
  await lock(lockPath, root);
  const release = () => rm(lockPath, { force: true });
  const dbPath = join(root, 'db');
  const keyPath = join(root, 'key');
  const statePath = join(root, 'state.json');
  try {
    await endOrphan(dbPath, log);
    await makeKey(keyPath);
  } catch (error) {
    await release();
    throw error;
  }
  return {
    dbPath,
    keyPath,
    logPath: join(root, 'mongod.log'),
    readState: () => readState(statePath, dbPath),
    writeState: (state) => replaceFile(statePath, JSON.stringify(state, null, 2)),
    release,
  };
}

async function lock(lockPath: string, root: string): Promise<void> {
  const own = `${process.pid} ${readStartTime(process.pid)}`;
  for (let attempt = 0; attempt < 5; attempt++) {
    try {
      return await writeFile(lockPath, own, { flag: 'wx', mode: 0o600 });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const holder = await readFile(lockPath, 'utf8').catch(() => '');
    const [pid = '', startTime = ''] = holder.split(' ');
    if (isRunning(Number(pid)) && readStartTime(Number(pid)) === startTime) {
      throw new Error(
        `${root} is in use by the process ${pid}: stop that one, or give this one another DATA_DIR.`,
      );
    }
    // Should two get here at once, mongod's own lock refuses the slower one.
    await rm(lockPath, { force: true });
  }
  throw new Error(`${lockPath} cannot be taken`);
}

/** A killed parent's mongod ends by itself, but a restart can be quicker. */
async function endOrphan(dbPath: string, log: (line: string) => void): Promise<void> {
  const pid = Number(await readFile(join(dbPath, 'mongod.lock'), 'utf8').catch(() => ''));
  const isOurs = () => {
    const line = readCommandLine(pid);
    return line.includes('--dbpath') && line.includes(dbPath);
  };
  if (!(pid > 1) || !isOurs()) return;
  log(`ending the mongod ${pid} that an earlier run has left`);
  for (const { signal, ms } of [
    { signal: 'SIGTERM', ms: 10_000 },
    { signal: 'SIGKILL', ms: 5000 },
  ] as const) {
    if (isOurs()) process.kill(pid, signal);
    for (const until = Date.now() + ms; isOurs() && Date.now() < until; ) await sleep(50);
  }
  if (isOurs()) throw new Error(`the mongod ${pid} on ${dbPath} does not end`);
}

async function makeKey(keyPath: string): Promise<void> {
  const known = await readFile(keyPath, 'utf8').catch(() => '');
  if (known.length < 64) await replaceFile(keyPath, randomBytes(192).toString('base64'));
  await chmod(keyPath, 0o600);
}

/** What is remembered in `dataDir`, whoever runs its server; nothing where none was ever started. */
export function readMongoState(dataDir: string): Promise<MongoState | undefined> {
  const root = join(dataDir, 'mongo');
  return readState(join(root, 'state.json'), join(root, 'db'));
}

async function readState(statePath: string, dbPath: string): Promise<MongoState | undefined> {
  const text = await readFile(statePath, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (text !== undefined) return JSON.parse(text) as MongoState;
  if ((await readdir(dbPath).catch(() => [])).length === 0) return undefined;
  throw new Error(`${statePath} is missing, and the data in ${dbPath} cannot be opened without it`);
}

/** Whole or not at all, whenever the machine stops. */
async function replaceFile(path: string, content: string): Promise<void> {
  const draft = `${path}.${process.pid}`;
  await writeFile(draft, content, { mode: 0o600 });
  const file = await open(draft, 'r');
  await file.sync().finally(() => file.close());
  await rename(draft, path);
}
