import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { findFreePort } from '../../src/infra/embedded-mongo/launch.ts';
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

test('when the image has just what the Dockerfile copies into it, then its command starts and its health check passes', async () => {
  await ensureBuilt();
  const image = await makeTempDir('image');
  const copied = [...dockerfile.matchAll(/^COPY --from=build \/app\/(\S+) (\S+)$/gm)];
  expect(copied.length).toBeGreaterThanOrEqual(4);
  for (const [, from = '', to = ''] of copied) {
    if (from === 'node_modules') symlinkSync(join(root, from), join(image, from));
    else {
      const target = to === './' ? join(image, from) : join(image, to);
      mkdirSync(join(target, '..'), { recursive: true });
      cpSync(join(root, from), target, { recursive: true });
    }
  }
  const [command = '', ...args] = execForm(/^CMD (\[.*\])$/m);
  const port = String(await findFreePort());
  const env = {
    PATH: process.env.PATH,
    NODE_ENV: 'production',
    SERVER_MODE: 'PRODUCTION',
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
});
