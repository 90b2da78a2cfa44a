/** Bundles the client library into one module that a page can load; a step of `npm run build`. */
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = fileURLToPath(new URL('.', import.meta.url));

await build({
  stdin: {
    contents: `
      export { createDeskClient } from './client.ts';
      export { createStaffClient } from './staff-client.ts';
      export { createLocalStorage, createMemoryStorage } from './storage.ts';
      export { createIndexedBlobs } from './indexed-blobs.ts';
    `,
    resolveDir: here,
  },
  outfile: `${here}../dist/browser/deskcord.js`,
  bundle: true,
  format: 'esm',
  target: 'es2022',
  minify: true,
  sourcemap: true,
  logLevel: 'warning',
});
