import { join } from 'node:path';

export const root = join(import.meta.dirname, '../..');

/** What Node.js runs one of our programs with, as it is compiled; `global-setup` sees to that. */
export function programArgs(source: string): string[] {
  return ['--enable-source-maps', join(root, 'dist', source.replace(/\.ts$/, '.js'))];
}
