import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';

/**
 * A chat for other people's pages that can be had from npm as one built file and runs without anybody's
 * cloud. It has neither a launcher nor a server of its own: a page of the bench gives it both.
 */
export const peer = {
  name: 'deep-chat',
  version: '2.4.2',
  file: 'dist/deepChat.bundle.js',
} as const;

const INSTALL_MS = 120_000;

export interface Peer {
  script: Buffer;
  gzip: number;
}

/** Installs it into `directory`. Rejects where the registry cannot be reached. */
export async function installPeer(directory: string): Promise<Peer> {
  const args = ['install', '--no-save', '--ignore-scripts', '--no-audit', '--no-fund'];
  const where = ['--prefix', directory, `${peer.name}@${peer.version}`];
  await promisify(execFile)('npm', [...args, ...where], { timeout: INSTALL_MS });
  const script = await readFile(join(directory, 'node_modules', peer.name, peer.file));
  return { script, gzip: gzipSync(script, { level: 9 }).length };
}
