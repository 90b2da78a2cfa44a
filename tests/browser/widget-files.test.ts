import { createHash } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { ensureBuilt } from '../../src/prepare.mjs';
import { type RunningApp, startApp } from '../support/app.ts';

let app: RunningApp;
beforeAll(async () => {
  await ensureBuilt();
  app = await startApp({ ALLOWED_ORIGINS: 'https://shop.example.com' });
}, 240_000);
afterAll(() => app?.stop());

interface Manifest {
  version: string;
  files: Record<string, { integrity: string; bytes: number; gzip: number }>;
}

const readManifest = async () =>
  (await (await fetch(`${app.url}/widget/manifest.json`)).json()) as Manifest;

/** Bytes, gzipped, as a visitor pays for them. */
const budgets: [file: RegExp, limit: number][] = [
  [/^loader\.js$/, 4000],
  [/^chat\.js$/, 43_000],
  [/^locale-\w+\.js$/, 3000],
  [/^preview\.(js|css)$/, 6000],
  [/^(overlays|service|copy|emoji|lightbox|attention|hints)\.js$/, 6000],
];

test('every file of the widget keeps to its budget', async () => {
  const { files } = await readManifest();
  expect(Object.keys(files)).toContain('locale-ar.js');
  for (const [name, { gzip }] of Object.entries(files)) {
    const limit = budgets.find(([file]) => file.test(name))?.[1] ?? 0;
    expect({ name, gzip, fits: gzip <= limit }).toEqual({ name, gzip, fits: true });
  }
});

test('v1.js may be asked for anew, a file under its version never changes, and both may be loaded by every site', async () => {
  const { version, files } = await readManifest();
  const loader = await fetch(`${app.url}/widget/v1.js`, {
    headers: { origin: 'https://any.example.org' },
  });
  expect(loader.headers.get('cache-control')).toContain('max-age=300');
  const chat = await fetch(`${app.url}/widget/${version}/chat.js`);
  expect(chat.headers.get('cache-control')).toContain('immutable');
  for (const { headers } of [loader, chat]) {
    expect(headers.get('cross-origin-resource-policy')).toBe('cross-origin');
    expect(headers.get('access-control-allow-origin')).toBe('*');
    expect(headers.get('content-type')).toContain('text/javascript');
  }
  const hash = createHash('sha384')
    .update(await chat.text())
    .digest('base64');
  expect(files['chat.js']?.integrity).toBe(`sha384-${hash}`);
  const etag = loader.headers.get('etag') ?? '';
  const again = await fetch(`${app.url}/widget/v1.js`, { headers: { 'if-none-match': etag } });
  expect(again.status).toBe(304);
});

test('what is not a file of the widget is not found, whatever the path', async () => {
  const { version } = await readManifest();
  const paths = [
    'x.js',
    `${version}/..%2f..%2f..%2fpackage.json`,
    '0.0.0/chat.js',
    `${version}/chat.js.gz`,
  ];
  for (const path of paths) {
    const found = await fetch(`${app.url}/widget/${path}`);
    expect([path, found.status]).toEqual([path, 404]);
  }
});

test('/chat is a page that only allowed sites may frame', async () => {
  const page = await fetch(`${app.url}/chat`);
  const policy = page.headers.get('content-security-policy');
  expect(policy).toContain("frame-ancestors 'self' https://shop.example.com");
  expect(policy).toContain("require-trusted-types-for 'script'");
  expect(await page.text()).toContain('data-mode="page"');
});
