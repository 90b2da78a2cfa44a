/**
 * What has to be there before anything can run: the packages, and the compiled programs in `dist`.
 * Plain JavaScript on Node's own modules, because it runs before either of them exists.
 */
import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

/** The directory of the checkout. */
export const root = dirname(dirname(fileURLToPath(import.meta.url)));

const lockFile = join(root, 'package-lock.json');
const stamps = {
  installed: join(root, 'node_modules/.deskcord-installed'),
  built: join(root, 'dist/.built'),
};
const sources = ['src', 'bot', 'client', 'simulator', 'widget', 'console', 'bench'];
const settings = ['package-lock.json', 'package.json', 'tsconfig.json', 'tsconfig.build.json'];

/** No install and no build takes longer; its holder's id has gone to another process. */
const LOCK_MS = 15 * 60_000;

/** Prints one line of progress; on stderr, so that what a command answers stays its own. */
export function say(line) {
  process.stderr.write(`${line}\n`);
}

/**
 * Runs a program in the checkout with this terminal.
 * @returns {Promise<number>} its exit code; 128 and more for a signal
 */
export function run(command, args, { env = {}, cwd = root, stdout = 'inherit' } = {}) {
  return new Promise((resolve, reject) => {
    const stdio = ['ignore', stdout, 'inherit'];
    const shell = process.platform === 'win32';
    const child = spawn(command, args, { cwd, stdio, shell, env: { ...process.env, ...env } });
    const forward = (signal) => child.kill(signal);
    // Ctrl-C in a terminal goes to the child as well; what is left to do is to wait for it.
    const wait = () => undefined;
    process.on('SIGTERM', forward).on('SIGINT', wait);
    child.once('error', reject);
    child.once('exit', (code) => {
      process.off('SIGTERM', forward).off('SIGINT', wait);
      resolve(code ?? 128);
    });
  });
}

/** Runs `npm install` when the packages are missing or older than the lock file. */
export async function ensureInstalled() {
  if (await isInstalled()) return;
  await withLock('install', async () => {
    if (await isInstalled()) return;
    say('installing packages (npm install)');
    // The compiler is a development dependency.
    const args = ['install', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'];
    const code = await run('npm', args, { stdout: 'ignore' });
    if (code !== 0) throw new Error(`npm install failed with ${code}`);
    await writeFile(stamps.installed, '');
  });
}

/** Compiles into `dist` when a source differs from what was compiled there last. */
export async function ensureBuilt() {
  if (!existsSync(join(root, 'node_modules/typescript'))) {
    // An installation without development dependencies brings its dist with it.
    if (existsSync(stamps.built)) return;
    throw new Error('nothing is built here and there is no compiler: run npm install first');
  }
  if (await isBuilt(await fingerprint())) return;
  await withLock('build', async () => {
    const before = await fingerprint();
    if (await isBuilt(before)) return;
    say('building (npm run build)');
    const code = await run('npm', ['run', '--silent', 'build']);
    if (code !== 0) throw new Error(`npm run build failed with ${code}`);
    await mkdir(dirname(stamps.built), { recursive: true });
    await writeFile(`${stamps.built}.${process.pid}`, before);
    await rename(`${stamps.built}.${process.pid}`, stamps.built);
  });
}

/**
 * Under `npm run`, sends this process a SIGTERM when npm, or the shell between the two, is gone: npm
 * cannot pass a `kill -9` on. Started any other way, by systemd or in the background of a shell that
 * closes, a process outlives whoever started it.
 */
export function endWithNpm() {
  if (!process.env.npm_lifecycle_event || process.platform === 'win32') return;
  const shell = process.ppid;
  const npm = readParent(shell);
  const timer = setInterval(() => {
    if (process.ppid === shell && readParent(shell) === npm) return;
    clearInterval(timer);
    process.kill(process.pid, 'SIGTERM');
  }, 500);
  timer.unref();
}

function readParent(pid) {
  try {
    if (process.platform !== 'linux') {
      return Number(execFileSync('ps', ['-o', 'ppid=', '-p', String(pid)]).toString());
    }
    const line = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The command, in parentheses, may contain spaces; the parent is the second field after it.
    return Number(line.slice(line.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return 0;
  }
}

async function isInstalled() {
  const time = (path) =>
    stat(path).then(
      ({ mtimeMs }) => mtimeMs,
      () => 0,
    );
  const own = await time(join(root, 'node_modules/.package-lock.json'));
  return own > 0 && Math.max(own, await time(stamps.installed)) >= (await time(lockFile));
}

async function isBuilt(print) {
  return (await readFile(stamps.built, 'utf8').catch(() => '')) === print;
}

/** Changes whenever the content of a source does; times alone lie after a checkout or a copy. */
async function fingerprint() {
  const files = [...settings];
  for (const source of sources) {
    const entries = await readdir(join(root, source), {
      recursive: true,
      withFileTypes: true,
    }).catch(() => []);
    for (const entry of entries) {
      // What the bench has found is no source.
      if (!entry.isFile() || entry.parentPath.endsWith(join('bench', 'results'))) continue;
      files.push(join(entry.parentPath, entry.name).slice(root.length + 1));
    }
  }
  const hash = createHash('sha256');
  for (const file of files.sort()) {
    // Somebody may be editing: a file that is gone by now is one more difference.
    const content = await readFile(join(root, file)).catch(() => '');
    hash.update(`${file}\0${content.length}\0`).update(content);
  }
  return hash.digest('hex');
}

/** One process at a time for this checkout; the others wait, and find the work done. */
async function withLock(name, work) {
  const id = createHash('sha256').update(root).digest('hex').slice(0, 16);
  const path = join(tmpdir(), `deskcord-${name}-${id}.lock`);
  for (let waiting = false; !takeLock(path); waiting = true) {
    if (!waiting) say(`waiting for another ${name} in ${root}`);
    await sleep(200);
  }
  const release = () => rmSync(path, { force: true });
  process.once('exit', release);
  try {
    await work();
  } finally {
    process.off('exit', release);
    release();
  }
}

function takeLock(path) {
  try {
    writeFileSync(path, String(process.pid), { flag: 'wx', mode: 0o600 });
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
  }
  if (isAbandoned(path)) rmSync(path, { force: true });
  return false;
}

function isAbandoned(path) {
  try {
    // Made this instant, it does not have its holder's id in it yet.
    const holder = Number(readFileSync(path, 'utf8')) || process.pid;
    process.kill(holder, 0);
    return Date.now() - statSync(path).mtimeMs > LOCK_MS;
  } catch (error) {
    return error.code === 'ESRCH';
  }
}
