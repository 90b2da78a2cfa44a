import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runFetchProcess } from './fetch-process.ts';

const DOWNLOAD_SITE = 'https://fastdl.mongodb.org';
const PROBE_MS = 2000;

/** In a process of its own: the library takes its settings from the environment and prints. */
const source = `
const { MongoBinary } = await import('mongodb-memory-server-core');
const path = await MongoBinary.getPath({ downloadDir: process.env.MONGOMS_DOWNLOAD_DIR });
process.stdout.write('\\nmongod=' + path);
`;

/**
 * Downloads MongoDB's own build for this machine, checksum verified.
 * @param directory an empty directory for it
 * @returns the path of the server, inside `directory` unless the library had one already
 * @throws within about two seconds where the download site cannot be reached
 */
export async function fetchOfficialMongod(
  directory: string,
  env: NodeJS.ProcessEnv,
  log: (line: string) => void,
): Promise<string> {
  requireDownloader();
  await probe(env);
  log("downloading MongoDB from MongoDB's download site");
  const output = await runFetchProcess({
    command: process.execPath,
    args: ['--input-type=module', '-e', source],
    // The library checks certificates only when npm is told to.
    env: {
      ...env,
      NODE_OPTIONS: '',
      npm_config_strict_ssl: 'true',
      MONGOMS_DOWNLOAD_DIR: directory,
      MONGOMS_PREFER_GLOBAL_PATH: 'false',
      MONGOMS_MAX_RETRIES: '2',
    },
    cwd: dirname(fileURLToPath(import.meta.url)),
    label: 'MongoDB',
    directory,
    log,
  });
  const path = /^mongod=(.+)$/m.exec(output)?.[1];
  if (!path) throw new Error('the download ended without a server');
  return path;
}

/** A development dependency: a production installation runs against a MongoDB of its own. */
function requireDownloader(): void {
  try {
    import.meta.resolve('mongodb-memory-server-core');
  } catch {
    throw new Error('the downloader is not installed here (npm install --include=dev)');
  }
}

/** The library itself takes seven seconds to find out that there is no internet. */
async function probe(env: NodeJS.ProcessEnv): Promise<void> {
  if (env.https_proxy || env.HTTPS_PROXY) return;
  const site = env.MONGOMS_DOWNLOAD_MIRROR ?? DOWNLOAD_SITE;
  try {
    await fetch(site, { method: 'HEAD', signal: AbortSignal.timeout(PROBE_MS) });
  } catch (error) {
    const reason = error instanceof Error && error.name === 'TimeoutError' ? 'no answer' : 'no way';
    throw new Error(`${reason} to ${new URL(site).host}`, { cause: error });
  }
}
