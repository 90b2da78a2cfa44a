/** Bundles the demo's pages for browsers; the last step of `npm run build`. */
import { cp, mkdir, rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const page = fileURLToPath(new URL('page/', import.meta.url));
const shop = fileURLToPath(new URL('shop/', import.meta.url));
const out = fileURLToPath(new URL('../../dist/widget/demo/public/', import.meta.url));

await rm(out, { recursive: true, force: true });
await mkdir(out, { recursive: true });
await build({
  entryPoints: [`${page}main.tsx`],
  outfile: `${out}app.js`,
  bundle: true,
  format: 'esm',
  target: 'es2023',
  jsx: 'automatic',
  jsxImportSource: 'preact',
  minify: true,
  sourcemap: true,
  logLevel: 'warning',
});
await build({
  entryPoints: [`${page}style.css`],
  outfile: `${out}style.css`,
  bundle: true,
  minify: true,
  logLevel: 'warning',
});
await cp(`${page}index.html`, `${out}index.html`);
await build({
  entryPoints: [`${shop}shop.ts`, `${shop}shop.css`],
  outdir: out,
  bundle: true,
  format: 'esm',
  target: 'es2023',
  minify: true,
  logLevel: 'warning',
});
await cp(`${shop}index.html`, `${out}shop.html`);
