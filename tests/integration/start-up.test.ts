import { spawn } from 'node:child_process';
import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { eventually } from '../support/eventually.ts';
import { testMongoUri } from '../support/mongo.ts';
import { programArgs, root } from '../support/program.ts';
import { processEnv, type ServerProcess, spawnServer } from '../support/server-process.ts';
import { makeTempDir } from '../support/temp-dir.ts';

const stackLine = /\n\s+at /;
let directory: string;
let server: ServerProcess | undefined;

beforeAll(async () => {
  directory = await makeTempDir('start-up');
});
afterEach(async () => {
  await server?.kill();
  server = undefined;
});
afterAll(() => rm(directory, { recursive: true, force: true }));

/** Runs a program of ours to its end. */
function runToEnd(script: string, args: string[], options: { cwd?: string; env?: object }) {
  const child = spawn(process.execPath, [...programArgs(script), ...args], {
    cwd: options.cwd ?? join(root, 'tests'),
    env: processEnv(options.env as Record<string, string>),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      output += chunk;
    });
  }
  return new Promise<{ code: number | null; output: string }>((resolve) => {
    child.once('close', (code) => resolve({ code, output }));
  });
}

/** What a process that does not start says, with its exit code. */
async function refusalOf(env: Record<string, string | undefined>) {
  server = spawnServer(env);
  const code = await server.exited;
  expect(server.output()).not.toMatch(stackLine);
  return { code, output: server.output() };
}

describe('the port', () => {
  test('that another program has is told by its variable, and no database is started for it', async () => {
    const held = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => held.once('listening', resolve));
    const { port } = held.address() as { port: number };
    const { code, output } = await refusalOf({
      WEB_SERVER_PORT: String(port),
      MONGO_URI: undefined,
      DATA_DIR: join(directory, 'never'),
    });
    expect(code).toBe(2);
    expect(output).toContain(
      `WEB_SERVER_PORT: got "${port}" (another program has this port: EADDRINUSE); wants`,
    );
    expect(output).not.toMatch(/embedded|mongod/i);
    await new Promise((resolve) => held.close(resolve));
  });

  test.each(['198.51.100.7', 'no-such-host.invalid'])(
    'on an address this machine does not have (%s) is told as HOST',
    async (HOST) => {
      const { code, output } = await refusalOf({ HOST, SERVER_MODE: 'DEVELOPMENT' });
      expect(code).toBe(2);
      expect(output).toContain(`HOST: got "${HOST}" (no address of this machine: E`);
    },
  );
});

describe('DATA_DIR that cannot hold a database is told at once, without a word of fetching one', () => {
  const expectRefused = async (DATA_DIR: string, why: string | RegExp) => {
    const { code, output } = await refusalOf({ DATA_DIR, MONGO_URI: undefined });
    expect(code).toBe(2);
    const [, said = ''] = output.split(`DATA_DIR: got "${DATA_DIR}" (`);
    expect(said).toMatch(why);
    expect(output).not.toMatch(/install MongoDB|fetch/);
  };

  test('where no directory can be made', () =>
    expectRefused('/proc/foo/bar', 'no directory can be made there: ENOENT'));

  test('where it is a file, or below one', async () => {
    const file = join(directory, 'file');
    await writeFile(file, '');
    await expectRefused(file, 'a part of it is a file: ENOTDIR');
    await expectRefused(join(file, 'deeper'), 'a part of it is a file: ENOTDIR');
  });

  test('where its links lead in a circle', async () => {
    const circle = join(directory, 'circle');
    await symlink(circle, circle);
    await expectRefused(circle, 'its symbolic links lead in a circle: ELOOP');
  });

  test('where it is read-only', () =>
    // Root may write anywhere; the kernel's own file system takes nothing from anybody.
    expectRefused('/sys/kernel/deskcord', /^(this user may not write there|the file system is)/));
});

test('MONGOD_PATH of nothing is told by its name, in words', async () => {
  const MONGOD_PATH = join(directory, 'nowhere');
  const { code, output } = await refusalOf({
    MONGOD_PATH,
    MONGO_URI: undefined,
    DATA_DIR: join(directory, 'data'),
  });
  expect(code).toBe(2);
  expect(output).toContain(`MONGOD_PATH: got "${MONGOD_PATH}" (there is no such file); wants`);
});

test('a .env that is a directory is told in one line', async () => {
  const cwd = join(directory, 'with-env');
  await mkdir(join(cwd, '.env'), { recursive: true });
  for (const script of ['src/main.ts', 'src/token.ts']) {
    const { code, output } = await runToEnd(script, [], { cwd });
    expect({ script, code }).toEqual({ script, code: 2 });
    expect(output).toContain('.env: got a directory; wants a file of NAME=value lines');
    expect(output).not.toMatch(stackLine);
  }
});

describe('npm run token', () => {
  test.each(['banana', '12', '0s'])('refuses --expires %j in one line', async (expires) => {
    const { code, output } = await runToEnd('src/token.ts', [`--expires=${expires}`], {});
    expect(code).toBe(2);
    expect(output).toMatch(/^--expires: got ".*"; wants a time such as 90s, 15m, 12h or 7d$/m);
    expect(output).not.toMatch(stackLine);
  });

  test('refuses an algorithm and a placeholder in one line', async () => {
    const none = await runToEnd('src/token.ts', [], { env: { JWT_ALGORITHMS: 'none' } });
    expect(none).toMatchObject({ code: 2, output: expect.stringMatching(/^JWT_ALGORITHMS: /) });
    const env = { JWT_SECRET_KEY: '<super_secret_key>' };
    const left = await runToEnd('src/token.ts', [], { env });
    expect(left).toMatchObject({ code: 2, output: expect.stringContaining('placeholder') });
  });

  test('mints one that ends when it was told to', async () => {
    const { code, output } = await runToEnd('src/token.ts', ['--expires', '15m'], {});
    expect(code).toBe(0);
    const [, claims = ''] = output.trim().split('.');
    const { iat, exp } = JSON.parse(Buffer.from(claims, 'base64url').toString());
    expect(exp - iat).toBe(900);
  });
});

test('what is allowed and looks wrong is a line of the log', async () => {
  server = spawnServer({ HOST: undefined, MONGO_URL: testMongoUri(), MONGO_URI: testMongoUri() });
  await server.listening;
  await eventually(() => {
    expect(server?.output()).toContain('SERVER_MODE is not set: this is DEVELOPMENT');
    expect(server?.output()).toContain('listening on 127.0.0.1, port ');
  });
  expect(server.output()).not.toContain('MONGO_URL is not read');
  await server.kill();
  server = spawnServer({ PORT: '80', WEB_SERVER_PORT: undefined, SERVER_MODE: 'DEVELOPMENT' });
  await eventually(() => expect(server?.output()).toContain('is WEB_SERVER_PORT meant?'));
});
