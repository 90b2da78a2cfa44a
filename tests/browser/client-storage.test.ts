import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { ensureBuilt } from '../../src/prepare.mjs';
import { openBrowser } from './browser.ts';

const SITE = 'https://shop.example.com';
const library = join(import.meta.dirname, '../../dist/browser/deskcord.js');

let browser: Browser;
let context: BrowserContext;

beforeAll(async () => {
  await ensureBuilt();
  browser = await openBrowser();
}, 240_000);
afterAll(() => browser?.close());
beforeEach(async () => {
  context = await browser.newContext();
  const body = await readFile(library, 'utf8');
  await context.route('**/*', (route) =>
    route.request().url().endsWith('.js')
      ? route.fulfill({ contentType: 'text/javascript', body })
      : route.fulfill({ contentType: 'text/html', body: '<!doctype html>' }),
  );
});
afterEach(() => context.close());

async function openTab(): Promise<Page> {
  const page = await context.newPage();
  await page.goto(SITE);
  return page;
}

/** Runs code in a tab that has the library as `client`; what it comes to, or `waits`. */
const run = (page: Page, code: string): Promise<unknown> =>
  page.evaluate(`(async () => {
    const client = await import('/deskcord.js');
    const work = (async () => { ${code} })();
    const late = new Promise((resolve) => setTimeout(() => resolve('waits'), 5000));
    return Promise.race([work.catch(({ message }) => message), late]);
  })()`);

const keepOne = `
  const blobs = client.createIndexedBlobs('files');
  await blobs.set('a', new Blob(['abc']));
  window.blobs = blobs;`;
const readOne = `return (await window.blobs.get('a'))?.size ?? 'nothing';`;

test('when one tab deletes the files of a user, then whoever is that user next keeps files, in every tab', async () => {
  const [one, other] = [await openTab(), await openTab()];
  for (const tab of [one, other]) await run(tab, keepOne);
  await one.evaluate(`void indexedDB.deleteDatabase('files')`);
  expect(await run(one, `${keepOne} ${readOne}`)).toBe(3);
  expect(await run(other, readOne)).toBe(3);
});

test('when the database of files cannot be opened, then it fails in time, and is opened when it can be', async () => {
  const [one, other] = [await openTab(), await openTab()];
  // Another program of the site holds the database, and is asked in vain to let it go.
  await run(
    other,
    `await new Promise((resolve) => {
      const opening = indexedDB.open('files');
      opening.onupgradeneeded = () => opening.result.createObjectStore('files');
      opening.onsuccess = () => { window.held = opening.result; resolve(); };
    });`,
  );
  await one.evaluate(`void indexedDB.deleteDatabase('files')`);
  const open = `window.blobs = client.createIndexedBlobs('files', 500);`;
  expect(await run(one, `${open} ${readOne}`)).toBe("the browser's database does not answer");
  await other.evaluate('window.held.close()');
  expect(await run(one, readOne)).toBe('nothing');
});

test('when a tab that holds the turn stands still, then another goes on without it', async () => {
  const [one, other] = [await openTab(), await openTab()];
  const storage = `const storage = client.createLocalStorage('ana', localStorage, undefined, 500);`;
  await run(
    one,
    `${storage} void storage.exclusive('send/1', () => new Promise(() => {}));
    while ((await navigator.locks.query()).held.length === 0);`,
  );
  expect(
    await run(other, `${storage} return storage.exclusive('send/1', async () => 'sent');`),
  ).toBe('sent');
  // What fails in its turn is not done twice.
  const failing = `let tries = 0;
    await storage.exclusive('send/2', async () => { tries++; throw new Error(); }).catch(() => {});
    return tries;`;
  expect(await run(other, `${storage} ${failing}`)).toBe(1);
});
