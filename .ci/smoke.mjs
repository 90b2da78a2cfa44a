/** The demo from a fresh clone: it starts, prints its address, serves a page, and leaves nothing. */
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const START_MS = 180_000;
const STOP_MS = 30_000;
const directory = realpathSync(mkdtempSync(join(tmpdir(), 'deskcord-demo-')));
const clone = join(directory, 'deskcord');

/** The address the demo prints. */
function readAddress(demo) {
  return new Promise((resolve, reject) => {
    let output = '';
    const look = (chunk) => {
      process.stdout.write(chunk);
      output += chunk;
      const address = /http:\/\/127\.0\.0\.1:\d+[\w./?=&%#-]*(?=[^\w./?=&%#-])/.exec(output)?.[0];
      if (address) resolve(address);
    };
    demo.stdout.on('data', look);
    demo.stderr.on('data', look);
    demo.once('exit', (code) => reject(new Error(`the demo exited with ${code}`)));
    setTimeout(() => reject(new Error('the demo printed no address')), START_MS).unref();
  });
}

/** The processes that work in the clone, or on its data. */
function listLeftovers() {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((pid) => {
      try {
        const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll(/[\0\s]+/g, ' ');
        const environment = readFileSync(`/proc/${pid}/environ`, 'utf8');
        const isOurs = `${command} ${environment}`.includes(directory);
        return isOurs && command ? [{ pid: Number(pid), command: command.slice(0, 160) }] : [];
      } catch {
        return [];
      }
    });
}

async function waitUntilGone() {
  const until = Date.now() + STOP_MS;
  while (listLeftovers().length > 0 && Date.now() < until) await sleep(200);
  const left = listLeftovers();
  for (const { pid } of left) killIfThere(pid);
  if (left.length > 0) {
    throw new Error(
      `still there: ${left.map(({ pid, command }) => `${pid} ${command}`).join('; ')}`,
    );
  }
}

function killIfThere(pid) {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}

async function main() {
  execFileSync('git', ['clone', '--quiet', '--no-hardlinks', '.', clone], { stdio: 'inherit' });
  const temporary = join(directory, 'tmp');
  mkdirSync(temporary);
  const demo = spawn('npm', ['run', 'demo'], {
    cwd: clone,
    // A group of its own, which Ctrl-C in a terminal would go to.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, DEMO_PORT: '0', TMPDIR: temporary },
  });
  let failure;
  try {
    const address = await readAddress(demo);
    const answer = await fetch(address, { signal: AbortSignal.timeout(10_000) });
    if (answer.status !== 200) throw new Error(`${address} answered ${answer.status}`);
    console.log(`${address} answered 200`);
  } catch (error) {
    failure = error;
  }
  if (demo.exitCode === null && demo.signalCode === null) process.kill(-demo.pid, 'SIGINT');
  await waitUntilGone();
  if (failure) throw failure;
}

try {
  await main();
  console.log('the demo started, answered and left nothing behind');
} catch (error) {
  console.error(`the demo: ${error.message}`);
  process.exitCode = 1;
} finally {
  rmSync(directory, { recursive: true, force: true });
}
