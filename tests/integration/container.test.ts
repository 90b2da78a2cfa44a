import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { MongoClient } from 'mongodb';
import { pino } from 'pino';
import { parse } from 'yaml';
import { nodeFlags } from '../../bench/subjects/node-flags.ts';
import { findMongod } from '../../src/infra/embedded-mongo/find.ts';
import { findFreePort } from '../../src/infra/embedded-mongo/launch.ts';
import { readCommandLine } from '../../src/infra/embedded-mongo/process-table.ts';
import { openRedis } from '../../src/infra/redis.ts';
import { ensureBuilt } from '../../src/prepare.mjs';
import { SECRET } from '../support/app.ts';
import { eventually } from '../support/eventually.ts';
import { freshDatabaseName, testMongoUri } from '../support/mongo.ts';
import { makeTempDir } from '../support/temp-dir.ts';

const root = join(import.meta.dirname, '../..');
const dockerfile = readFileSync(join(root, 'Dockerfile'), 'utf8');

/** The words of an instruction in its exec form. */
function execForm(pattern: RegExp): string[] {
  return JSON.parse(pattern.exec(dockerfile)?.[1] ?? '[]') as string[];
}

/** What the image sets. */
function imageEnvironment(): Record<string, string> {
  const [, block = ''] = /^ENV ((?:.*\\\n)*.*)$/m.exec(dockerfile) ?? [];
  return Object.fromEntries(
    [...block.matchAll(/([A-Z_]+)=(\S+)/g)].map(([, name, value]) => [name, value]),
  );
}

/**
 * The packages of an installation without development dependencies, as links to those that are
 * installed here; with `--preserve-symlinks` nothing is found beside them.
 */
function linkProductionPackages(target: string): void {
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { dev?: boolean; devOptional?: boolean }>;
  };
  for (const [path, { dev, devOptional }] of Object.entries(lock.packages)) {
    const isTop = path.startsWith('node_modules/') && !path.includes('/node_modules/');
    if (!isTop || dev || devOptional || !existsSync(join(root, path))) continue;
    mkdirSync(join(target, path, '..'), { recursive: true });
    symlinkSync(join(root, path), join(target, path));
  }
}

test('when the image has just what the Dockerfile copies into it, then its command starts and its health check passes', async () => {
  await ensureBuilt();
  const image = await makeTempDir('image');
  const copied = [...dockerfile.matchAll(/^COPY --from=build \/app\/(\S+) (\S+)$/gm)];
  expect(copied.length).toBeGreaterThanOrEqual(4);
  for (const [, from = '', to = ''] of copied) {
    if (from === 'node_modules') linkProductionPackages(image);
    else {
      const target = to === './' ? join(image, from) : join(image, to);
      mkdirSync(join(target, '..'), { recursive: true });
      cpSync(join(root, from), target, { recursive: true });
    }
  }
  for (const name of ['pino-pretty', 'mongodb-memory-server-core', 'typescript']) {
    expect(existsSync(join(image, 'node_modules', name))).toBe(false);
  }
  const [command = '', ...args] = execForm(/^CMD (\[.*\])$/m);
  const port = String(await findFreePort());
  const env = {
    PATH: process.env.PATH,
    NODE_OPTIONS: '--preserve-symlinks --preserve-symlinks-main',
    ...imageEnvironment(),
    WEB_SERVER_PORT: port,
    MONGO_URI: testMongoUri(),
    DB_NAME: freshDatabaseName(),
    JWT_SECRET_KEY: SECRET,
    LOG_LEVEL: 'error',
  };
  const server = spawn(command, args, { cwd: image, env, stdio: ['ignore', 'ignore', 'inherit'] });
  const ended = new Promise<number | null>((resolve) => server.once('exit', resolve));
  try {
    await eventually(
      async () => expect((await fetch(`http://127.0.0.1:${port}/readyz`)).status).toBe(200),
      { timeout: 15_000 },
    );
    const [check = '', ...checkArgs] = execForm(/^HEALTHCHECK [^[]*\\\n\s*CMD (\[.*\])$/m);
    const probe = spawn(check, checkArgs, { env, stdio: 'ignore' });
    expect(await new Promise((resolve) => probe.once('exit', resolve))).toBe(0);
  } finally {
    server.kill('SIGTERM');
  }
  expect(await ended).toBe(0);
}, 180_000);

test('npm start and the image give node the flags that the bench measures with', () => {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  expect(nodeFlags.length).toBeGreaterThan(0);
  expect(scripts.start.split(' ')).toEqual(expect.arrayContaining([...nodeFlags]));
  expect(execForm(/^CMD (\[.*\])$/m)).toEqual(expect.arrayContaining([...nodeFlags]));
});

interface Service {
  command: string[];
  entrypoint: string[];
}

const { services } = parse(readFileSync(join(root, 'compose.yaml'), 'utf8'), { merge: true }) as {
  services: Record<'mongo' | 'redis', Service>;
};

/** Runs a service's start command as its container would, but below `directory` and on `port`. */
async function runService(
  { entrypoint, command }: Service,
  directory: string,
  env: Record<string, string>,
  replace: (line: string) => string,
) {
  const [line = ''] = command;
  const inside = line.replaceAll('$$', '$').replaceAll('/tmp', directory);
  const [shell = '', ...flags] = entrypoint;
  const child = spawn(shell, [...flags, replace(inside)], {
    cwd: directory,
    env: { PATH: process.env.PATH, LC_ALL: 'C', ...env },
    stdio: 'ignore',
  });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  return {
    pid: child.pid as number,
    async stop() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}

describe('the start commands of compose.yaml', () => {
  test('start a Redis that wants the password, which nobody reads from its command line', async () => {
    const directory = await makeTempDir('compose-redis');
    const port = await findFreePort();
    const place = (line: string) => `${line} --port ${port} --bind 127.0.0.1`;
    const password = 'hunter2redis';
    const env = { REDIS_PASSWORD: password };
    const redis = await runService(services.redis, directory, env, place);
    const log = pino({ level: 'silent' });
    const right = openRedis(`redis://:${password}@127.0.0.1:${port}`, log);
    const wrong = openRedis(`redis://127.0.0.1:${port}`, log, { enableReadyCheck: false });
    try {
      await eventually(async () => expect(await right.ping()).toBe('PONG'), { timeout: 10_000 });
      await expect(wrong.ping()).rejects.toThrow('NOAUTH');
      expect(readCommandLine(redis.pid).join(' ')).toContain('redis-server');
      expect(readCommandLine(redis.pid).join(' ')).not.toContain(password);
    } finally {
      right.disconnect();
      wrong.disconnect();
      await redis.stop();
      await rm(directory, { recursive: true, force: true });
    }
  });

  test('start a MongoDB that wants a password, and again on the same data', async () => {
    const directory = await makeTempDir('compose-mongo');
    const binary = await findMongod({ dataDir: directory, log: () => undefined });
    const port = await findFreePort();
    mkdirSync(join(directory, 'db'));
    const place = (line: string) =>
      line
        .replace('exec mongod', `exec ${binary} --port ${port} --nounixsocket`)
        .replace('--bind_ip_all', '--bind_ip 127.0.0.1')
        .replace('/data/db', join(directory, 'db'));
    const uri = `mongodb://127.0.0.1:${port}/?directConnection=true`;
    for (const run of ['first', 'second']) {
      const mongo = await runService(services.mongo, directory, {}, place);
      const client = new MongoClient(uri, { serverSelectionTimeoutMS: 20_000 });
      try {
        await client.connect();
        const read = client.db('support').collection('x').findOne();
        await expect({ run, read: await read.catch((error) => error.codeName) }).toEqual({
          run,
          read: 'Unauthorized',
        });
      } finally {
        await client.close();
        await mongo.stop();
      }
    }
    await rm(directory, { recursive: true, force: true });
  }, 120_000);
});
