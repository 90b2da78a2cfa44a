/** Builds the widget for browsers: what `/widget/…` serves; a step of `npm run build`. */
import { createHash } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { minify } from '@swc/core';
import { build, transform } from 'esbuild';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const out = here('../dist/widget/public/');
const { version: release } = JSON.parse(await readFile(here('../package.json'), 'utf8'));
const languages = ['en', 'de', 'fr', 'es', 'pt', 'ar', 'ja'];

/** A style sheet becomes a text that the program gives to the shadow root. */
const styleText = {
  name: 'style-text',
  setup(setup) {
    setup.onLoad({ filter: /\.css$/ }, async ({ path }) => {
      const source = await readFile(path, 'utf8');
      const { code } = await transform(source, { loader: 'css', minify: true, target });
      return { contents: code.trim(), loader: 'text' };
    });
  },
};

/** A lazy file that draws takes Preact and the icons from the chat that loads it (`chat/main.tsx`). */
const fromChat = {
  name: 'from-chat',
  setup(setup) {
    const found = () => ({ path: './chat.js', external: true });
    setup.onResolve({ filter: /^preact($|\/)|\/icons\.tsx$/ }, found);
  },
};

const target = ['chrome111', 'firefox121', 'safari16.4'];

/** @returns {Promise<string>} the bundled program */
async function bundle(entry, options = {}) {
  const { outputFiles } = await build({
    entryPoints: [here(entry)],
    bundle: true,
    write: false,
    format: 'esm',
    target,
    jsx: 'automatic',
    jsxImportSource: 'preact',
    minify: true,
    legalComments: 'none',
    charset: 'utf8',
    plugins: [styleText],
    alias: { 'socket.io-client': here('../client/light-socket.ts') },
    logLevel: 'warning',
    ...options,
  });
  // Bundled by the one, folded smaller by the other: each is the better half.
  const { code } = await minify(outputFiles[0].text, {
    ...{ ecma: 2022, module: options.format !== 'iife', mangle: { toplevel: true } },
    compress: { passes: 3, toplevel: true },
  });
  return code;
}

const files = {
  'chat.js': await bundle('src/chat/main.tsx'),
  'overlays.js': await bundle('src/lazy/overlays.ts', { plugins: [styleText, fromChat] }),
  'service.js': await bundle('src/lazy/service.ts', { plugins: [styleText, fromChat] }),
  'copy.js': await bundle('src/lazy/copy.ts'),
  'emoji.js': await bundle('src/lazy/emoji.ts'),
  'lightbox.js': await bundle('src/lazy/lightbox.ts'),
  'attention.js': await bundle('src/lazy/attention.ts'),
  'hints.js': await bundle('src/lazy/hints.ts'),
  'preview.js': await bundle('preview/main.ts'),
  'preview.css': await readFile(here('preview/preview.css'), 'utf8'),
};
for (const language of languages) {
  files[`locale-${language}.js`] = await bundle(`src/locales/${language}.ts`);
}
const loader = (version) =>
  bundle('src/loader/main.ts', {
    format: 'iife',
    define: { VERSION: JSON.stringify(version) },
  });

// The version names the content, so that a file under it never changes.
const hash = createHash('sha256')
  .update(await loader(''))
  .update(JSON.stringify(files));
const version = `${release}-${hash.digest('hex').slice(0, 8)}`;
files['loader.js'] = await loader(version);

const integrity = (text) => `sha384-${createHash('sha384').update(text).digest('base64')}`;

async function write(path, text) {
  const file = `${out}${path}`;
  await writeFile(file, text);
  await writeFile(`${file}.gz`, gzipSync(text, { level: 9 }));
  await writeFile(`${file}.br`, brotliCompressSync(text));
}

await rm(out, { recursive: true, force: true });
await mkdir(`${out}${version}`, { recursive: true });
const listed = {};
for (const [name, text] of Object.entries(files)) {
  await write(`${version}/${name}`, text);
  const [bytes, gzip] = [Buffer.byteLength(text), gzipSync(text, { level: 9 }).length];
  listed[name] = { integrity: integrity(text), bytes, gzip };
}
await write('v1.js', files['loader.js']);
const preview = await readFile(here('preview/index.html'), 'utf8');
await writeFile(`${out}preview.html`, preview.replaceAll('{version}', version));
await write('manifest.json', `${JSON.stringify({ version, files: listed }, null, 2)}\n`);
