import { spawn } from 'node:child_process';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

export interface FetchProcess {
  command: string;
  args: readonly string[];
  env: NodeJS.ProcessEnv;
  cwd?: string;
  /** What it downloads, for the progress lines. */
  label: string;
  /** The directory it fills; its growth is the progress. */
  directory: string;
  log(line: string): void;
  /** Ends the download when the directory has not grown for so long. Default 60 s. */
  stallMs?: number;
}

/**
 * Runs a downloading program, logging once a second how much has arrived.
 * @returns what it printed to its standard output
 * @throws an Error with the last thing it said, when it fails, stalls or is not there
 */
export function runFetchProcess(fetching: FetchProcess): Promise<string> {
  const { command, args, env, cwd, label, directory, log, stallMs = 60_000 } = fetching;
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { env, cwd, stdio: ['ignore', 'pipe', 'pipe'] });
    const said = { out: '', err: '' };
    child.stdout.on('data', (chunk) => {
      said.out += chunk;
    });
    child.stderr.on('data', (chunk) => {
      said.err = (said.err + chunk).slice(-4000);
    });
    let bytes = 0;
    let grownAt = Date.now();
    let stalled = false;
    const timer = setInterval(async () => {
      const now = await sizeOf(directory);
      if (now > bytes) {
        grownAt = Date.now();
        log(`${label}: ${(now / 1e6).toFixed(1)} MB so far`);
      }
      bytes = now;
      if (Date.now() - grownAt < stallMs) return;
      stalled = true;
      child.kill('SIGKILL');
    }, 1000);
    child.on('error', (error: NodeJS.ErrnoException) => {
      clearInterval(timer);
      reject(new Error(error.code === 'ENOENT' ? `there is no ${command}` : error.message));
    });
    child.on('close', (code) => {
      clearInterval(timer);
      if (code === 0) resolve(said.out);
      else if (stalled) reject(new Error(`no data for ${stallMs / 1000} s`));
      else
        reject(new Error(lastWords(said.err) || lastWords(said.out) || `it exited with ${code}`));
    });
  });
}

/** The last line that names an error, or else the last; a line of a stack trace names none. */
function lastWords(text: string): string | undefined {
  const lines = text
    .split('\n')
    .filter((line) => line.trim() !== '' && !/^\s*(at |node:|Node\.js v|[\]})^]+\s*$)/.test(line));
  return (lines.findLast((line) => /error/i.test(line)) ?? lines.at(-1))?.trim().slice(0, 300);
}

async function sizeOf(directory: string): Promise<number> {
  const names = await readdir(directory, { recursive: true }).catch(() => []);
  const sizes = names.map((name) =>
    // A download renames and removes files while they are counted.
    stat(join(directory, name)).then(
      (file) => (file.isFile() ? file.size : 0),
      () => 0,
    ),
  );
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}
