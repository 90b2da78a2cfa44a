import { execFile } from 'node:child_process';

/** The oldest MongoDB the promise is tested with. */
const OLDEST_MAJOR = 6;

/**
 * Runs `binary --version`, which also proves that it starts on this machine.
 * @returns the version, such as `6.0.5`
 * @throws an Error whose message is the reason it cannot be used, fit to follow "path: " or to stand in brackets
 */
export async function readMongodVersion(binary: string): Promise<string> {
  const output = await run(binary);
  const version = /db version v(\d+)(\.\d+\.\d+)/.exec(output);
  if (!version) throw new Error('it does not say its version, so it is no mongod');
  const [, major, rest] = version;
  if (Number(major) < OLDEST_MAJOR) {
    throw new Error(`it is version ${major}${rest}, and ${OLDEST_MAJOR}.0 or newer is needed`);
  }
  return `${major}${rest}`;
}

function run(binary: string): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(binary, ['--version'], { timeout: 15_000 }, (error, stdout, stderr) => {
      if (error) reject(new Error(explain(error, stderr), { cause: error }));
      else resolve(stdout);
    });
  });
}

function explain(error: Error & { code?: unknown; signal?: unknown }, stderr: string): string {
  if (error.code === 'ENOENT') return 'there is no such file';
  if (error.code === 'EACCES') return 'it may not be executed';
  if (error.signal === 'SIGILL') return 'it needs a processor with AVX';
  const said = stderr.trim().split('\n')[0];
  return `it does not run here (${said || error.signal || error.message})`;
}
