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
}, 120_000);

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
  }, 120_000);

  test('a conversation that is shown again leads to the list and to a new one before the list is known', async () => {
    const { page } = await come();
    await begin(page);
    await said(page, 'My fern').waitFor();
    const lists = /\/api\/v1\/tickets(\?|$)/;
    await page.route(lists, (route) => route.abort());
    await page.reload();
    await said(page, 'My fern').waitFor();
    await page.getByRole('button', { name: 'All conversations' }).click();
    await page.getByRole('button', { name: 'New conversation' }).click();
    await page.getByLabel('Your message').waitFor();
    await page.unroute(lists);
  }, 120_000);

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

  test('when somebody else signs in, their chat takes the place at once; logout leaves no trace', async () => {
    const { page } = await come();
    await begin(page, 'This is mine alone');
    await page.getByLabel('Your message').fill('a secret');
    site.user = { id: `ben-${users}`, username: 'Ben' };
    await page.evaluate("SupportChat('refreshToken')");
    await page.getByPlaceholder('What is it about?').waitFor();
    expect(await page.getByText('This is mine alone').count()).toBe(0);
    expect(await page.getByLabel('Your message').inputValue()).toBe('');
    site.user = { id: `ana-${users}`, username: 'Ana' };
    await page.evaluate("SupportChat('refreshToken')");
    await page.getByText('This is mine alone').first().click();
    expect(await page.getByLabel('Your message').inputValue()).toBe('a secret');
    await page.evaluate("SupportChat('logout')");
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    expect(await page.evaluate('localStorage.length + sessionStorage.length')).toBe(0);
  }, 120_000);

  test('a ticket closed while somebody writes keeps the text, which starts a new one', async () => {
    const { page } = await come();
    const ticketId = await begin(page, 'A first matter');
    await page
      .getByText('Sent', { exact: true })
      .or(page.getByLabel('Your message'))
      .first()
      .waitFor();
    await page.getByLabel('Your message').fill('and one more thing');
    await staff.call('POST', `/tickets/${ticketId}/close`, { reason: 'Solved' });
    await page.getByText('Conversation ended: Solved').waitFor();
    await page.getByText('and one more thing').waitFor();
    await picture(page, 'ended-with-text');
    await page.getByRole('button', { name: 'Send in a new conversation' }).click();
    expect(await page.getByLabel('Your message').inputValue()).toBe('and one more thing');
    await page.getByRole('button', { name: 'Send', exact: true }).click();
    await eventually(async () => {
      expect((await ticketsOf(site.user?.id ?? '')).map(({ topic }) => topic)).toContain(
        'and one more thing',
      );
    });
  }, 120_000);

  test('with the keyboard alone a message is written, changed and deleted, and the focus is never lost', async () => {
    const { page } = await come();
    const focused = () =>
      page.evaluate(
        "document.activeElement?.shadowRoot?.activeElement?.getAttribute('aria-label')",
      );
    const expectFocus = (label: string) =>
      eventually(async () => expect(await focused()).toBe(label));
    await page.getByRole('button', { name: 'Open chat' }).focus();
    await page.keyboard.press('Enter');
    await expectFocus('Your message');
    await page.keyboard.type('From the keyboard');
    await page.keyboard.press('Enter');
    const ticketId = await ticketOf(site.user?.id ?? '');
    await expectFocus('Your message');
    await page.keyboard.type('with a tipo');
    await page.keyboard.press('Enter');
    await page.getByText('Sent', { exact: true }).waitFor();
    await page.keyboard.press('ArrowUp');
    await expectFocus('Editing your message');
    await page.keyboard.press('Control+A');
    await page.keyboard.type('without one');
    await page.keyboard.press('Enter');
    await said(page, 'without one').waitFor();
    await expectFocus('Your message');
    await page
      .locator('.row', { has: said(page, 'without one') })
      .getByRole('button', { name: 'Message options' })
      .focus();
    await page.keyboard.press('Enter');
    await page.keyboard.press('ArrowUp');
    await page.keyboard.press('Enter');
    await page.getByRole('alertdialog').waitFor();
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await eventually(async () => expect(await contents(ticketId)).toEqual([]));
    await expectFocus('Your message');
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await expectFocus('Open chat');
  }, 120_000);

  test('a page that is hostile in its style covers nothing of the chat', async () => {
    site.page = { head: '<link rel="stylesheet" href="/hostile.css">' };
    const { page } = await come();
    await begin(page, 'Still here');
    await said(page, 'Still here').waitFor();
    await picture(page, 'hostile');
  }, 120_000);

  test('calls made before the script is there wait for it; a second init and a second mount change nothing', async () => {
    site.page = { before: '<script src="/early.js"></script>' };
    const { page } = await come();
    await page.getByLabel('Your message').waitFor();
    await eventually(async () => {
      expect(await page.getByLabel('Your message').inputValue()).toBe('Where is my order?');
    });
    await page.evaluate("SupportChat('init', { tokenUrl: '/support-token' })");
    expect(await page.evaluate("document.querySelectorAll('deskcord-chat').length")).toBe(1);
    await page.evaluate(
      "SupportChat('destroy'); SupportChat('init'); SupportChat('destroy'); SupportChat('init')",
    );
    await page
      .getByText('Where is my order?')
      .or(page.getByLabel('Your message'))
      .first()
      .waitFor();
    expect(await page.evaluate("document.querySelectorAll('deskcord-chat').length")).toBe(1);
    expect(await page.evaluate('heard.includes("open") && heard.includes("ready")')).toBe(true);
  }, 120_000);

  test('where nothing lets a WebSocket through, the chat works all the same', async () => {
    const context = await browser.newContext({ locale: 'en-GB' });
    await context.addInitScript('delete window.WebSocket');
    const one = await visit(browser, site.url, {}, context);
    open.push(one);
    const ticketId = await begin(one.page, 'Over long polling');
    await answer(ticketId, 'it comes through');
    await said(one.page, 'it comes through').waitFor();
  }, 120_000);

  test('a token that soon expires is replaced before anybody refuses it', async () => {
    site.user = { id: `ana-${users}`, username: 'Ana', lifeSeconds: 4 };
    const { page, complaints } = await come();
    const ticketId = await begin(page, 'A long talk');
    await eventually(() => expect(site.asked).toBeGreaterThan(3), { timeout: 20_000 });
    await write(page, 'still here');
    await eventually(async () => expect(await contents(ticketId)).toEqual(['still here']));
    expect(complaints).toEqual([]);
  }, 120_000);

  test('a site that never answers who is here is asked again', async () => {
    const { page } = await come();
    let asked = 0;
    await page.route('**/support-token', (route) => (++asked === 1 ? undefined : route.continue()));
    await page.clock.install();
    await page.reload();
    await openChat(page);
    await eventually(() => expect(asked).toBe(1));
    await page.clock.fastForward(30_000);
    await page.getByLabel('Your message').waitFor();
    await write(page, 'Is somebody there?');
    await said(page, 'Is somebody there?').waitFor();
    expect(asked).toBeGreaterThan(1);
  }, 60_000);

  test('of a long conversation only what is near the view exists, and the first line can be reached', async () => {
    const { page } = await come();
    const ticketId = await begin(page, 'A very long talk');
    for (let at = 0; at < 560; at += 40) {
      await Promise.all(Array.from({ length: 40 }, (_, n) => answer(ticketId, `line ${at + n}`)));
    }
    await page.reload();
    await page
      .getByText(/^line 5[45]\d$/)
      .first()
      .waitFor();
    expect(await page.locator('.line').count()).toBeLessThan(150);
    await eventually(
      async () => {
        await page.locator('.log').press('Home');
        expect(await page.getByText('A very long talk').count()).toBeGreaterThan(1);
      },
      { timeout: 30_000 },
    );
    expect(await page.locator('.line').count()).toBeLessThan(150);
  }, 120_000);
});

const sizes = [
  { width: 320, height: 568, name: 'narrow' },
  { width: 360, height: 740, name: 'phone' },
  { width: 768, height: 1024, name: 'tablet' },
  { width: 1280, height: 800, name: 'desk' },
];

describe('everybody can use it, on every screen', () => {
  test.each(sizes)(
    'at $width px, in light and dark, every state is free of barriers',
    async ({ name, ...viewport }) => {
      const isTouch = viewport.width < 700;
      const { page } = await come({
        viewport,
        bypassCSP: true,
        hasTouch: isTouch,
        isMobile: isTouch,
      });
      const look = async (state: string) => {
        for (const colorScheme of ['light', 'dark'] as const) {
          await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
          await picture(page, `${name}-${state}-${colorScheme}`);
          expect([state, colorScheme, ...(await findBarriers(page))]).toEqual([state, colorScheme]);
        }
        await expectNoSidewaysScroll(page);
      };
      await look('closed');
      await openChat(page);
      await page.getByLabel('Your message').waitFor();
      await look('start');
      await write(page, 'Hello! My order 1042 has not arrived, and it is a present for tomorrow.');
      const ticketId = await ticketOf(site.user?.id ?? '');
      await page.locator('input[type=file]').setInputFiles({
        name: 'parcel-label.pdf',
        mimeType: 'application/pdf',
        buffer: Buffer.from('%PDF-1.4 a label'),
      });
      await write(page, 'This is the label: https://example.com/track/1042.');
      await page.getByText('parcel-label.pdf').waitFor();
      await answer(
        ticketId,
        'Good morning Ana! I am looking into it.\nIt left us **on Monday**, so:\n- it is in Cologne\n- it comes *today*',
      );
      await answer(ticketId, 'Here is [the tracking page](https://example.com/track/1042).');
      await said(page, 'the tracking page').waitFor();
      await write(page, 'مرحبا، شكرا جزيلا!');
      await page.getByText('Sent', { exact: true }).waitFor();
      await look('chat');
      await page
        .locator('.row.mine')
        .last()
        .getByRole('button', { name: 'Message options' })
        .click();
      await page.getByRole('menu').waitFor();
      await look('menu');
      await page.getByRole('menuitem', { name: 'Delete' }).click();
      await page.getByRole('alertdialog').waitFor();
      await look('question');
      await page.getByRole('alertdialog').getByRole('button', { name: 'Cancel' }).click();
      await staff.call('POST', `/tickets/${ticketId}/close`);
      await page.getByText('Conversation ended').waitFor();
      await look('ended');
      await page.getByRole('button', { name: 'All conversations' }).click();
      await page.getByRole('heading', { name: 'Your conversations' }).waitFor();
      await look('list');
    },
    120_000,
  );

  test.each([
    ['ar', 'رسالتك', 'rtl'],
    ['ja', 'メッセージ', 'ltr'],
    ['de', 'Ihre Nachricht', 'ltr'],
  ])(
    'in %s it speaks the language of the page and runs in its direction',
    async (lang, field, direction) => {
      site.page = { lang };
      const { page } = await come({ bypassCSP: true });
      await page.locator('.launcher').click();
      await page.getByLabel(field).waitFor();
      expect(await page.getByRole('dialog').getAttribute('dir')).toBe(direction);
      await page.getByLabel(field).fill('Hello, 12:30?');
      await page.locator('.send').click();
      const ticketId = await ticketOf(site.user?.id ?? '');
      await answer(ticketId, 'Yes, of course!');
      await said(page, 'of course').waitFor();
      await page.emulateMedia({ reducedMotion: 'reduce' });
      await picture(page, `language-${lang}`);
      expect(await findBarriers(page)).toEqual([]);
    },
    60_000,
  );
});
