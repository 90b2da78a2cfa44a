/**
 * Bundles the client library, a step of `npm run build`: into modules that a page can load
 * (`dist/browser/deskcord.js`, and `deskcord-desk.js` for the desk), and into a package that `npm install` takes (`dist/package`).
 */
import { execFile } from 'node:child_process';
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { printContract } from './contract-types.mjs';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const library = {
  entryPoints: [here('index.ts')],
  bundle: true,
  format: 'esm',
  target: 'es2022',
  logLevel: 'warning',
};
const out = here('../dist/package/');

/** Declarations of the library's files, with the contract's types from one module beside them. */
async function writeTypes() {
  const declared = here('../dist/declarations/');
  await rm(declared, { recursive: true, force: true });
  const tsc = here('../node_modules/typescript/bin/tsc');
  await promisify(execFile)(process.execPath, [tsc, '-p', here('tsconfig.json')]);
  const wanted = new Set();
  for (const name of await readdir(`${declared}client`)) {
    const text = await readFile(`${declared}client/${name}`, 'utf8');
    for (const [, names] of text.matchAll(/\{([^}]*)\} from '\.\.\/src\/contract\//g)) {
      for (const one of names.match(/\b[A-Z]\w+/g) ?? []) wanted.add(one);
    }
    const own = text
      .replace(/'\.\.\/src\/contract\/[\w-]+\.ts'/g, "'./contract.js'")
      .replace(/(['"])(\.\/[\w-]+)\.ts\1/g, '$1$2.js$1');
    await writeFile(`${out}types/${name}`, own);
  }
  await writeFile(`${out}types/contract.d.ts`, await printContract(wanted));
  await rm(declared, { recursive: true });
}

await build({
  ...library,
  outfile: here('../dist/browser/deskcord.js'),
  minify: true,
  sourcemap: true,
});
// The help desk's own, apart: customers load none of it.
await build({
  ...library,
  entryPoints: [here('desk-index.ts')],
  outfile: here('../dist/browser/deskcord-desk.js'),
  minify: true,
  sourcemap: true,
});

await rm(out, { recursive: true, force: true });
await mkdir(`${out}types`, { recursive: true });
await build({
  ...library,
  entryPoints: { index: here('index.ts'), desk: here('desk-index.ts') },
  outdir: out,
  // What both are made of is there once: an error of the one is an error of the other.
  splitting: true,
  chunkNames: 'shared-[hash]',
  // No dependencies: what an application builds in is small, and nothing can be missing.
  alias: { 'socket.io-client': here('light-socket.ts') },
});
await writeTypes();
const { version } = JSON.parse(await readFile(here('../package.json'), 'utf8'));
const manifest = { version, ...JSON.parse(await readFile(here('package.json'), 'utf8')) };
await writeFile(`${out}package.json`, `${JSON.stringify(manifest, null, 2)}\n`);
await cp(here('README.md'), `${out}README.md`);
await cp(here('example.mjs'), `${out}example.mjs`);
await cp(here('desk-example.mjs'), `${out}desk-example.mjs`);
await cp(here('../LICENSE'), `${out}LICENSE`);
