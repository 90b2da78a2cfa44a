import { execFile, spawn } from 'node:child_process';
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { ensureBuilt, root } from '../../src/prepare.mjs';
import { type RunningApp, startApp } from '../support/app.ts';
import { eventually } from '../support/eventually.ts';
import { mintToken, personAt } from '../support/people.ts';
import { makeTempDir } from '../support/temp-dir.ts';

const run = promisify(execFile);
let app: RunningApp;
/** An empty project that has installed the package. */
let project: string;

beforeAll(async () => {
  await ensureBuilt();
  app = await startApp();
  project = await makeTempDir('package');
  await run('npm', ['pack', join(root, 'dist/package'), '--pack-destination', project]);
  const [tarball] = await readdir(project);
  await writeFile(join(project, 'package.json'), '{ "type": "module" }');
  const install = ['install', '--offline', '--no-audit', '--no-fund', `./${tarball}`];
  await run('npm', install, { cwd: project });
  await mkdir(join(project, 'src'));
  const installed = join(project, 'node_modules/@deskcord/client');
  for (const name of ['example.mjs', 'desk-example.mjs']) {
    await cp(join(installed, name), join(project, 'src', name));
  }
}, 240_000);

afterAll(async () => {
  await app?.stop();
  if (project) await rm(project, { recursive: true, force: true });
});

test('when the package is installed into an empty project without a registry, then its example opens a ticket, writes and hears the answer', async () => {
  const token = mintToken({ id: 'ana', username: 'Ana' });
  const child = spawn(process.execPath, ['src/example.mjs'], {
    cwd: project,
    env: { PATH: process.env.PATH, DESKCORD_URL: app.url, DESKCORD_TOKEN: token },
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
  }
  const ended = new Promise((resolve) => child.once('close', resolve));
  await eventually(() => expect(said).toBe('sent as number 1\n'), { timeout: 20_000 });
  const staff = personAt(app.url, mintToken({ id: 'kim', role: 'AGENT', username: 'Kim' }));
  const { body: tickets } = await staff.call<{ id: string }[]>('GET', '/tickets');
  await staff.call('POST', `/tickets/${tickets[0]?.id}/messages`, { content: 'Less sun' });
  expect(await ended).toBe(0);
  expect(said).toBe('sent as number 1\nKim: Less sun\n');
}, 60_000);

test('the desk of the package is there beside it: its example claims a ticket, tags, answers and snoozes it', async () => {
  const ana = personAt(app.url, mintToken({ id: 'ana-2', username: 'Ana' }));
  const { id, number } = await ana.createTicket({ topic: 'My rose' });
  const token = mintToken({ id: 'lee', role: 'AGENT', username: 'Lee' });
  const { stdout } = await run(process.execPath, ['src/desk-example.mjs'], {
    cwd: project,
    env: { PATH: process.env.PATH, DESKCORD_URL: app.url, DESKCORD_TOKEN: token },
  });
  expect(stdout).toBe(`1 waiting\n#${number} My rose: IN_PROGRESS\n`);
  expect((await ana.list(id)).body).toMatchObject([{ content: 'I am looking into it.' }]);
}, 60_000);

test('its types are complete without the libraries it is made with', async () => {
  const manifest = JSON.parse(
    await readFile(join(project, 'node_modules/@deskcord/client/package.json'), 'utf8'),
  );
  expect(manifest).not.toHaveProperty('dependencies');
  const wrong = 'import { createDeskClient } from "@deskcord/client";\n';
  await writeFile(
    join(project, 'src/wrong.ts'),
    `${wrong}createDeskClient({ url: 1 });\ncreateDeskClient({ url: '', getToken: () => '' }).on('message', (one) => one.contents);`,
  );
  const check = async (file: string) => {
    const own = ['--noEmit', '--strict', '--module', 'nodenext', '--allowJs', '--checkJs'];
    const types = ['--types', 'node', '--typeRoots', join(root, 'node_modules/@types')];
    const tsc = join(root, 'node_modules/typescript/bin/tsc');
    const args = [tsc, ...own, ...types, '--skipLibCheck', 'false', `src/${file}`];
    return run(process.execPath, args, { cwd: project }).then(
      () => '',
      ({ stdout }: { stdout: string }) => stdout,
    );
  };
  await writeFile(
    join(project, 'src/wrong-desk.ts'),
    `import { createDesk } from "@deskcord/client/desk";
const { tickets } = createDesk({ url: '', getToken: () => '' });
tickets.claim();
tickets.setStatus('id', { state: 'OPEN' });
tickets.get('id').then((one) => one.topics);
tickets.list({ page: 1, status: 'open' }).then(({ rows }) => rows[0]?.subjects);`,
  );
  for (const name of ['example.mjs', 'desk-example.mjs']) expect(await check(name)).toBe('');
  const complaints = await check('wrong.ts');
  expect(complaints).toContain("Type 'number' is not assignable to type 'string'");
  expect(complaints).toContain("Did you mean 'content'?");
  const ofDesk = await check('wrong-desk.ts');
  expect(ofDesk).toContain('wrong-desk.ts(3,9): error');
  expect(ofDesk).toContain("'state' does not exist");
  expect(ofDesk).toContain("Did you mean 'topic'?");
  expect(ofDesk).toContain("'subjects' does not exist");
}, 60_000);
