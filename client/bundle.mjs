/** Bundles the client library into modules that a page can load; a step of `npm run build`. */
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = fileURLToPath(new URL('.', import.meta.url));

const modules = {
  'deskcord.js': `
    export { createDeskClient } from './client.ts';
    export { createLocalStorage, createMemoryStorage } from './storage.ts';
    export { createIndexedBlobs } from './indexed-blobs.ts';
  `,
  'deskcord-desk.js': `export { createDesk } from './desk.ts';`,
};

for (const [name, contents] of Object.entries(modules)) {
  await build({
    stdin: { contents, resolveDir: here },
    outfile: `${here}../dist/browser/${name}`,
    bundle: true,
    format: 'esm',
    target: 'es2022',
    minify: true,
    sourcemap: true,
    logLevel: 'warning',
  });
}
