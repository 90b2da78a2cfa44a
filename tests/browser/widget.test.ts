import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { findFreePort } from '../../src/infra/embedded-mongo/launch.ts';
import { ensureBuilt, root } from '../../src/prepare.mjs';
import { type ServerRole, startServer } from '../../src/server-role.ts';
import { openApp, type RunningApp } from '../support/app.ts';
import { eventually } from '../support/eventually.ts';
import { openBrowser } from './browser.ts';
import { type PartnerSite, servePartner } from './partner-site.ts';
import {
  expectNoSidewaysScroll,
  findBarriers,
  openChat,
  said,
  staffAt,
  type Visit,
  visit,
  write,
} from './widget-desk.ts';

const PICTURE = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAIAAAD91JpzAAAAFklEQVR4nGNsaGhgYGBgYgADBgYGABYGAQGf5mUgAAAAAElFTkSuQmCC',
  'base64',
);

let browser: Browser;
let app: RunningApp;
let site: PartnerSite;
let staff: ReturnType<typeof staffAt>;
let restarted: ServerRole | undefined;
let users = 0;
const open: Visit[] = [];
const pictures = join(root, 'tests/browser/screenshots');

beforeAll(async () => {
  await ensureBuilt();
  await mkdir(pictures, { recursive: true });
  app = await openApp({ WEB_SERVER_PORT: String(await findFreePort()) });
  await app.ready;
  site = await servePartner(app.url);
  staff = staffAt(app.url);
  browser = await openBrowser();
}, 240_000);

afterAll(async () => {
  await browser?.close();
  await site?.close();
  await restarted?.stop();
  await app?.stop();
}, 30_000);

beforeEach(() => {
  site.user = { id: `ana-${++users}`, username: 'Ana' };
  site.page = {};
});
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});

async function come(options: Parameters<typeof visit>[2] = {}): Promise<Visit> {
  const one = await visit(browser, site.url, options);
  open.push(one);
  return one;
}

const picture = (page: Page, name: string) =>
  page.screenshot({ path: join(pictures, `${name}.png`) });

async function ticketsOf(id: string) {
  const { body } = await staff.call<{ id: string; user_id: string; topic: string }[]>(
    'GET',
    '/tickets',
  );
  return body.filter(({ user_id }) => user_id === id);
}

async function ticketOf(id: string): Promise<string> {
  let found = '';
  await eventually(async () => {
    found = (await ticketsOf(id))[0]?.id ?? '';
    expect(found).not.toBe('');
  });
  return found;
}

const contents = async (ticketId: string) => {
  const { body } = await staff.call<{ content: string; files: { name: string }[] }[]>(
    'GET',
    `/tickets/${ticketId}/messages`,
  );
  return body.map(({ content, files }) => [content, ...files.map(({ name }) => name)].join('|'));
};

const answer = (ticketId: string, content: string) =>
  staff.call('POST', `/tickets/${ticketId}/messages`, { content });

/** Opens the chat and makes a ticket. */
async function begin(page: Page, text = 'My fern is unwell'): Promise<string> {
  await openChat(page);
  await write(page, text);
  return ticketOf(site.user?.id ?? '');
}

describe('the widget on a partner’s page', () => {
  test('under the strictest policy, one field starts a conversation and an answer shows; before it is opened nothing is stored', async () => {
    const { page, context, complaints } = await come();
    await page.getByRole('button', { name: 'Open chat' }).waitFor();
    expect(await page.evaluate('localStorage.length + sessionStorage.length')).toBe(0);
    expect(await context.cookies()).toEqual([]);
    expect(site.asked).toBe(0);
    const ticketId = await begin(page, 'My fern is unwell, see https://example.com/fern.');
    expect((await ticketsOf(site.user?.id ?? ''))[0]?.topic).toMatch(/^My fern is unwell/);
    const link = page.getByRole('link', { name: 'https://example.com/fern' });
    expect(await link.getAttribute('href')).toBe('https://example.com/fern');
    await answer(ticketId, 'A **little** less [sun](https://example.com/sun), please');
    await page.getByText('Kim', { exact: true }).waitFor();
    expect(await page.getByRole('link', { name: 'sun' }).getAttribute('href')).toBe(
      'https://example.com/sun',
    );
    await write(page, 'Thank you');
    await page.getByText('Sent', { exact: true }).waitFor();
    expect(await context.cookies()).toEqual([]);
    expect(complaints).toEqual([]);
  }, 60_000);

  test('unsent text, a chosen file, and a new ticket written while the server is away survive a reload and arrive once', async () => {
    const { page } = await come();
    const ticketId = await begin(page);
    await said(page, 'My fern').waitFor();
    await page
      .locator('input[type=file]')
      .setInputFiles({ name: 'leaf.png', mimeType: 'image/png', buffer: PICTURE });
    await page.getByRole('img', { name: 'leaf.png' }).waitFor();
    await page.getByLabel('Your message').fill('half a sentence');
    await page.reload();
    await page.getByRole('img', { name: 'leaf.png' }).waitFor();
    expect(await page.getByLabel('Your message').inputValue()).toBe('half a sentence');

    await app.stopServer();
    await write(page, 'a whole sentence');
    await page.getByText('Waiting to be sent').first().waitFor();
    await page.getByRole('button', { name: 'All conversations' }).click();
    await page.getByRole('button', { name: 'New conversation' }).click();
    await write(page, 'And where is my parcel?');
    await page.getByText('No connection. What you write is kept').waitFor();
    await picture(page, 'offline');
    // The widget's own files come from the server that is away: the tab is kept, the page is not.
    restarted = await startServer(app);
    await page.reload();
    await eventually(
      async () => {
        expect((await ticketsOf(site.user?.id ?? '')).map(({ topic }) => topic).sort()).toEqual([
          'And where is my parcel?',
          'My fern is unwell',
        ]);
        expect(await contents(ticketId)).toEqual(['a whole sentence|leaf.png']);
      },
      { timeout: 20_000 },
    );
  }, 90_000);
});
