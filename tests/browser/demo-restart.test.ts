import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { findFreePort } from '../../src/infra/embedded-mongo/launch.ts';
import { eventually } from '../support/eventually.ts';
import { makeDataDir } from '../support/temp-dir.ts';
import { openBrowser } from './browser.ts';
import { type DemoProcess, startDemo } from './demo-process.ts';

let dataDir: string;
let browser: Browser;
let demo: DemoProcess | undefined;

beforeAll(async () => {
  dataDir = await makeDataDir('demo-restart');
  browser = await openBrowser();
}, 120_000);
afterAll(async () => {
  await browser?.close();
  await demo?.stop();
  await rm(dataDir, { recursive: true, force: true });
}, 120_000);

const placesOf = async (url: string) =>
  (await (await fetch(`${url}/places.json`)).json()) as { run: string; serverUrl: string };

test('a page left open while the demo is started anew shows the new one by itself', async () => {
  const port = await findFreePort();
  demo = await startDemo(dataDir, { DEMO_PORT: String(port) });
  const before = await placesOf(demo.url);
  const page = await browser.newPage();
  await page.goto(demo.url);
  await page.getByRole('region', { name: 'Discord' }).waitFor();
  const loaded: string[] = [];
  page.on('load', () => loaded.push(page.url()));
  await demo.stop();
  demo = await startDemo(dataDir, { DEMO_PORT: String(port) });
  const after = await placesOf(demo.url);
  expect(after.run).not.toBe(before.run);
  await eventually(() => expect(loaded).toHaveLength(1), { timeout: 20_000 });
  await page.getByRole('region', { name: 'Discord' }).waitFor();
  // Where the port above the page's is free, the server is there each time.
  if (before.serverUrl.endsWith(`:${port + 1}`)) expect(after.serverUrl).toBe(before.serverUrl);
}, 240_000);

test('a DEMO_PORT that is none is told in one line', async () => {
  const failed = await startDemo(dataDir, { DEMO_PORT: 'abc' }).catch((error: Error) => error);
  expect(failed).toMatchObject({
    message: expect.stringContaining('DEMO_PORT: got "abc"; wants a port, 0 to 65535'),
  });
  expect((failed as Error).message).not.toMatch(/\n\s+at /);
}, 120_000);
