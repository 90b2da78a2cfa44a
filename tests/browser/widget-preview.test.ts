import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { findFreePort } from '../../src/infra/embedded-mongo/launch.ts';
import { ensureBuilt, root } from '../../src/prepare.mjs';
import { openApp, type RunningApp } from '../support/app.ts';
import { eventually } from '../support/eventually.ts';
import { openBrowser } from './browser.ts';
import { type PartnerSite, servePartner } from './partner-site.ts';
import { findBarriers, said, type Visit, visit, write } from './widget-desk.ts';

let browser: Browser;
let app: RunningApp;
let site: PartnerSite;
const open: Visit[] = [];

beforeAll(async () => {
  await ensureBuilt();
  app = await openApp({ WEB_SERVER_PORT: String(await findFreePort()) });
  await app.ready;
  site = await servePartner(app.url);
  browser = await openBrowser();
}, 240_000);

afterAll(async () => {
  await browser?.close();
  await site?.close();
  await app?.stop();
});

afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});

async function come(url: string, options: Parameters<typeof visit>[2] = {}): Promise<Visit> {
  const one = await visit(browser, url, options);
  open.push(one);
  return one;
}

const picture = (page: Page, name: string) =>
  page.screenshot({ path: join(root, 'tests/browser/screenshots', `${name}.png`) });

const brandOf = (page: Page) =>
  page.evaluate(
    "getComputedStyle(document.querySelector('deskcord-chat')).getPropertyValue('--brand')",
  );

test('a partner picks colour, language, side and words, sees the chat follow, and the tag they copy makes the same chat', async () => {
  const { page, context, complaints } = await come(`${app.url}/widget/preview`);
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await page.getByRole('dialog', { name: 'Chat with us' }).waitFor();
  await picture(page, 'preview');
  await page.getByLabel('Colour').fill('#1f6f4a');
  await page.getByLabel('Position').selectOption('left');
  await page.getByLabel('Language').selectOption('de');
  await page.getByLabel('Title').fill('Fern & "Friends"');
  await page.getByLabel('Greeting').fill('Moin!');
  await page.getByLabel('Where your backend gives tokens').fill('/support-token?for=chat');
  await page.getByRole('dialog', { name: 'Fern & "Friends"' }).waitFor();
  await page.getByPlaceholder('Worum geht es?').waitFor();
  expect(await brandOf(page)).toBe('#1f6f4a');
  await page.getByRole('button', { name: 'Copy the tag' }).click();
  await page.getByText('Copied.').waitFor();
  await picture(page, 'preview-picked');
  const tag = (await page.evaluate('navigator.clipboard.readText()')) as string;
  expect(complaints).toEqual([]);

  site.page = { tag };
  const partner = await come(site.url);
  await partner.page.getByRole('button', { name: 'Chat öffnen' }).click();
  await partner.page.getByRole('dialog', { name: 'Fern & "Friends"' }).waitFor();
  await partner.page.getByRole('heading', { name: 'Moin!' }).waitFor();
  expect(await brandOf(partner.page)).toBe('#1f6f4a');
  const side = "document.querySelector('deskcord-chat').dataset.side";
  expect(await partner.page.evaluate(side)).toBe('left');
  expect(site.asked).toBeGreaterThan(0);
  expect(partner.complaints).toEqual([]);

  await page.getByRole('button', { name: 'Start over' }).click();
  await eventually(async () => {
    expect(await page.getByLabel('For the head of your page').inputValue()).toBe(
      `<script async src="${app.url}/widget/v1.js"\n  data-token-url="/support-token"></script>`,
    );
  });
  await page.getByRole('dialog', { name: 'Chat with us' }).waitFor();
}, 120_000);

test('the chat of the preview talks to the page alone: files, edits and the end of a conversation work, and nothing reaches the server or stays', async () => {
  const { page, complaints } = await come(`${app.url}/widget/preview`);
  const asked: string[] = [];
  page.on('request', (request) => asked.push(request.url()));
  page.on('websocket', (socket) => asked.push(socket.url()));
  await page.getByLabel('Your message').waitFor();
  await write(page, 'Does it look like this?');
  await said(page, 'This is what an answer').or(said(page, 'what an')).first().waitFor();
  await page
    .locator('input[type=file]')
    .setInputFiles({ name: 'a.txt', mimeType: 'text/plain', buffer: Buffer.from('a') });
  await write(page, 'with a file');
  await page.getByRole('link', { name: 'a.txt' }).waitFor();
  await said(page, 'Nothing of this leaves').waitFor();
  await page.getByLabel('Your message').press('ArrowUp');
  await page.getByLabel('Editing your message').fill('with another word');
  await page.keyboard.press('Enter');
  await said(page, 'with another word').waitFor();
  await picture(page, 'preview-talk');
  await page.getByRole('button', { name: 'More options' }).click();
  await page.getByRole('menuitem', { name: 'End conversation' }).click();
  await page.getByRole('button', { name: 'Undo' }).waitFor();
  await page.getByText('Conversation ended').waitFor();
  await page.locator('.rating .star').last().click();
  await page.getByRole('button', { name: 'Send rating' }).click();
  await page.getByText('Thank you for your rating.').first().waitFor();
  await page.getByRole('button', { name: 'Reopen conversation' }).click();
  await page.getByLabel('Your message').waitFor();
  expect(asked.filter((url) => /\/api\/|socket\.io/.test(url))).toEqual([]);
  expect(complaints).toEqual([]);
  await page.goto(`${app.url}/readyz`);
  expect(await page.evaluate('localStorage.length + sessionStorage.length')).toBe(0);
  await eventually(async () => {
    expect(await page.evaluate('indexedDB.databases()')).toEqual([]);
  });
}, 120_000);

test.each(['light', 'dark'] as const)(
  'in %s, on a phone and on a desk, the page is free of barriers',
  async (colorScheme) => {
    for (const viewport of [
      { width: 360, height: 740 },
      { width: 1280, height: 800 },
    ]) {
      const { page } = await come(`${app.url}/widget/preview`, {
        ...{ viewport, colorScheme, bypassCSP: true, reducedMotion: 'reduce' },
      });
      await page.getByRole('button', { name: 'Open chat' }).waitFor({ state: 'attached' });
      await picture(page, `preview-${viewport.width}-${colorScheme}`);
      expect(await findBarriers(page)).toEqual([]);
    }
  },
  120_000,
);
