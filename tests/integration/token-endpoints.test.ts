import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { root } from '../../src/prepare.mjs';
import { type RunningApp, SECRET, startApp } from '../support/app.ts';

const run = promisify(execFile);
const folder = join(root, 'docs/token-endpoints');

/** The program of each sample, with its arguments. */
const samples: Record<string, [command: string, ...args: string[]]> = {
  'node.mjs': ['node'],
  'php.php': ['php'],
  'python.py': ['python3'],
  'go.go': ['go', 'run'],
  'ruby.rb': ['ruby'],
  'SupportToken.java': ['java'],
  'dotnet.cs': ['dotnet', 'run'],
};
const isHere = (command: string) =>
  (process.env.PATH ?? '').split(delimiter).some((path) => existsSync(join(path, command)));

let app: RunningApp;
beforeAll(async () => {
  app = await startApp();
}, 120_000);
afterAll(() => app?.stop());

async function runSample(file: string): Promise<string> {
  const [command, ...args] = samples[file] as [string, ...string[]];
  const user = ['7', 'Zoë "Z" O’Neil', 'zoe@example.com'];
  const { stdout } = await run(command, [...args, join(folder, file), ...user], {
    env: { ...process.env, JWT_SECRET_KEY: SECRET, LC_ALL: 'C.UTF-8' },
  });
  return (JSON.parse(stdout) as { token: string }).token;
}

test('what EMBEDDING shows of each language is the file that is run here', async () => {
  const document = await readFile(join(root, 'docs/EMBEDDING.md'), 'utf8');
  expect((await readdir(folder)).sort()).toEqual(Object.keys(samples).sort());
  for (const file of Object.keys(samples)) {
    const code = await readFile(join(folder, file), 'utf8');
    expect({ file, isShown: document.includes(`\n${code}\`\`\`\n`) }).toEqual({
      ...{ file, isShown: true },
    });
  }
});

test('in every language whose tools are here, the sample’s token is accepted for the person it names', async () => {
  const here = Object.keys(samples).filter((file) => isHere(samples[file]?.[0] ?? ''));
  const missing = Object.keys(samples).filter((file) => !here.includes(file));
  if (missing.length > 0) console.log(`not run, for want of their tools: ${missing.join(', ')}`);
  expect(here).toContain('node.mjs');
  for (const file of here) {
    const token = await runSample(file);
    const answer = await fetch(`${app.url}/api/v1/tickets`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ topic: file, description: 'made with a token of the sample' }),
    });
    const { username, user_id, user_role } = (await answer.json()) as Record<string, string>;
    expect([file, answer.status, username, user_id, user_role]).toEqual([
      ...[file, 201, 'Zoë "Z" O’Neil', '7', 'CUSTOMER'],
    ]);
    const { exp = 0 } = JSON.parse(
      Buffer.from(token.split('.')[1] as string, 'base64url').toString(),
    ) as { exp?: number };
    expect([file, Math.round((exp * 1000 - Date.now()) / 60_000)]).toEqual([file, 15]);
  }
}, 120_000);
