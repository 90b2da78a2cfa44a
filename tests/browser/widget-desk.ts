import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { expect } from '@jest/globals';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { mintToken, personAt } from '../support/people.ts';
import { collectComplaints } from './browser.ts';

const axeFile = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

export interface Visit {
  page: Page;
  context: BrowserContext;
  complaints: string[];
  close(): Promise<void>;
}

type ContextOptions = Parameters<Browser['newContext']>[0];

/** Opens a page as somebody new, or in the browser of `context`. */
export async function visit(
  browser: Browser,
  url: string,
  options: ContextOptions = {},
  known?: BrowserContext,
): Promise<Visit> {
  const context =
    known ??
    (await browser.newContext({
      locale: 'en-GB',
      viewport: { width: 1280, height: 800 },
      ...options,
    }));
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  const complaints = collectComplaints(page);
  await page.goto(url);
  return { page, context, complaints, close: () => context.close() };
}

export const openChat = (page: Page) => page.getByRole('button', { name: 'Open chat' }).click();

export async function write(page: Page, text: string): Promise<void> {
  await page.getByLabel('Your message').fill(text);
  await page.getByRole('button', { name: 'Send', exact: true }).click();
}

export const said = (page: Page, text: string) => page.locator('.bubble', { hasText: text });

/** A member of the staff at the API. */
export const staffAt = (url: string) =>
  personAt(url, mintToken({ id: 'kim', role: 'AGENT', username: 'Kim' }));

/** What axe finds wrong on the page, in words. */
export async function findBarriers(page: Page): Promise<string[]> {
  if (!(await page.evaluate('typeof axe === "object"'))) {
    await page.evaluate(await readFile(axeFile, 'utf8'));
  }
  const script = `axe.run(document, { resultTypes: ['violations'], rules: { region: { enabled: false } } })
    .then(({ violations }) => violations.flatMap(({ id, nodes }) =>
      nodes.map((node) => id + ': ' + node.target.join(' ') + ' ' + node.failureSummary)))`;
  return page.evaluate(script) as Promise<string[]>;
}

/** Nothing is wider than the window. */
export async function expectNoSidewaysScroll(page: Page): Promise<void> {
  const [wide, window] = (await page.evaluate(
    '[document.documentElement.scrollWidth, innerWidth]',
  )) as [number, number];
  expect(wide).toBeLessThanOrEqual(window);
}
