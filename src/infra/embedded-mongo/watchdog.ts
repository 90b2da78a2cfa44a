import { spawn } from 'node:child_process';

/**
 * Given to `node -e`, so that it needs no file of its own, whether this runs from TypeScript, from
 * `dist` or inside jest. The pipe it reads from ends when the process holding the other end dies,
 * however it dies; the signals a terminal or a process supervisor sends to all are not for it.
 */
const source = `
let input = '';
process.stdin.setEncoding('utf8');
process.stdin.on('data', (chunk) => { input += chunk; });
process.stdin.on('end', endServer);
process.stdin.on('error', endServer);
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(name, () => {});
let ending = false;
function endServer() {
  if (ending) return;
  ending = true;
  const pid = Number(input);
  const until = Date.now() + 5000;
  send(pid, 'SIGTERM');
  send(pid, 'SIGCONT');
  setInterval(() => {
    if (!send(pid, 0)) process.exit(0);
    if (Date.now() > until) send(pid, 'SIGKILL');
  }, 50);
}
function send(pid, signal) {
  try {
    return pid > 1 && process.kill(pid, signal);
  } catch {
    return false;
  }
}
`;

/**
 * Makes sure that the process `pid` ends within seconds of this one, even of a `kill -9`.
 * @returns a function to call once `pid` has ended, before its id can belong to another
 */
export function watch(pid: number): () => void {
  let released = false;
  let watchdog = start();

  function start() {
    const child = spawn(process.execPath, ['--max-old-space-size=16', '-e', source], {
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true,
      cwd: '/',
      env: { PATH: process.env.PATH },
    });
    child.stdin.on('error', () => undefined);
    child.stdin.write(String(pid));
    child.unref();
    // A pipe is a handle of its own; it must not keep this process alive either.
    (child.stdin as unknown as { unref(): void }).unref();
    // Killed or not even started: a server without it could be left behind.
    for (const event of ['error', 'exit']) {
      child.once(event, () => setTimeout(replace, 1000).unref());
    }
    return child;
  }

  function replace(): void {
    const isThere =
      watchdog.pid !== undefined && watchdog.exitCode === null && !watchdog.signalCode;
    if (!released && !isThere) watchdog = start();
  }

  return () => {
    released = true;
    watchdog.kill('SIGKILL');
  };
}
