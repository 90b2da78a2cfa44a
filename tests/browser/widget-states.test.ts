import { describe, expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { eventually } from '../support/eventually.ts';
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts';
import { useWidget } from '../support/widget.ts';
import { expectNoSidewaysScroll, findBarriers, openChat, said, write } from './widget-desk.ts';

const PICTURE = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAIAAAD91JpzAAAAFklEQVR4nGNsaGhgYGBgYgADBgYGABYGAQGf5mUgAAAAAElFTkSuQmCC',
  'base64',
);

let proxy: FaultProxy;
// With the limits of a real server: each test is somebody else.
const widget = useWidget({
  env: { RATE_LIMIT_FACTOR: '1' },
  async front({ url }) {
    proxy = await startFaultProxy({ target: { port: Number(new URL(url).port) } });
    return `http://127.0.0.1:${proxy.port}`;
  },
  // Coming back to a page as it was left is switched off where tests are driven.
  launch: { ignoreDefaultArgs: ['--disable-back-forward-cache'] },
  onStart: () => () => proxy?.close(),
});
const { come, begin, me, staff, picture } = widget;

/** Files as the clipboard, or whoever drags them, hands them over. */
const transferOf = (page: Page, name: string, type: string) =>
  page.evaluateHandle(
    `(() => { const all = new DataTransfer(); all.items.add(new File(['a'], '${name}', { type: '${type}' })); return all; })()`,
  );

/** Counts what would be heard and seen outside of the page, and lets it think that nobody looks. */
const calls = `
  window.sounds = 0;
  window.notices = [];
  let hidden = false;
  window.look = (isSeen) => { hidden = !isSeen; };
  Object.defineProperty(document, 'hidden', { get: () => hidden });
  const Real = AudioContext;
  window.AudioContext = class extends Real {
    get state() { return 'running'; }
    createOscillator() { sounds += 0.5; return super.createOscillator(); }
  };
  window.Notification = class {
    static permission = 'granted';
    static requestPermission = async () => 'granted';
    constructor(title, { body, tag }) { notices.push(title + ': ' + body + ' (' + tag + ')'); }
    close() {}
  };`;

type Element = { dispatchEvent(event: unknown): void };
interface Dom {
  ClipboardEvent: new (name: string, init: object) => unknown;
  getComputedStyle(element: unknown): { borderTopWidth: string };
}

const paste = (field: unknown, clipboardData: unknown) => {
  const { ClipboardEvent } = globalThis as unknown as Dom;
  const event = new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true });
  (field as Element).dispatchEvent(event);
};

const borderOf = (element: unknown) =>
  (globalThis as unknown as Dom).getComputedStyle(element).borderTopWidth;

const widthOf = (image: unknown) => (image as { naturalWidth: number }).naturalWidth;

const focused = (page: Page) =>
  page.evaluate("document.activeElement?.shadowRoot?.activeElement?.getAttribute('aria-label')");

describe('what a customer meets', () => {
  test('of a file that is empty or too big, or one too many, it says so by name and in MB before anything is sent', async () => {
    const { page } = await come();
    await begin(page);
    const pick = page.locator('input[type=file]');
    const file = (name: string, size: number) => {
      return { name, mimeType: 'text/plain', buffer: Buffer.alloc(size, 'a') };
    };
    await pick.setInputFiles(file('nothing.txt', 0));
    await page.getByText('“nothing.txt” is empty.').waitFor();
    await pick.setInputFiles(file('film.mov', 10.5 * 1024 * 1024));
    await page.getByText('“film.mov” has 10.5 MB. A file can have up to 10 MB.').waitFor();
    await pick.setInputFiles(Array.from({ length: 11 }, (_, n) => file(`${n}.txt`, 3)));
    await page.getByText('Up to 10 files go with one message.').waitFor();
    await page.getByRole('button', { name: 'Remove 9.txt' }).waitFor();
    await picture(page, 'file-too-many');
    expect(await page.getByRole('button', { name: /^Remove / }).count()).toBe(10);
  }, 60_000);

  test('who writes more than the server takes sees the seconds count down, and can go on writing', async () => {
    const { page } = await come();
    const ticketId = await begin(page);
    const { send } = me();
    await Promise.all(Array.from({ length: 15 }, (_, n) => send(ticketId, `line ${n}`)));
    await write(page, 'one too many');
    const waiting = page.getByText(/Sent again in \d+ s/);
    const seconds = async () => Number(/\d+/.exec((await waiting.textContent()) ?? '')?.[0]);
    const first = await seconds();
    await eventually(async () => expect(await seconds()).toBeLessThan(first));
    await picture(page, 'limited');
    await page.getByLabel('Your message').fill('meanwhile');
    expect(await page.getByRole('button', { name: 'Send', exact: true }).isEnabled()).toBe(true);
  }, 60_000);

  test('without a connection a banner says so, what was written stays in sight, a menu that is not loaded yet says it too, and both work again with it', async () => {
    const { page } = await come();
    await page.route('**/overlays.js*', (route) => route.abort());
    // The connection may be gone before the first message has been read back.
    await page.route('**/tickets/*/messages*', (route) => route.abort());
    await begin(page);
    await proxy.refuse();
    proxy.resetAll();
    await page.getByText('No connection. What you write is kept and sent later.').waitFor();
    await page.getByRole('button', { name: 'More options' }).click();
    await page.getByText('There is no connection at the moment. Please try again.').waitFor();
    await said(page, 'My fern is unwell').waitFor();
    await picture(page, 'no-connection');
    await page.unrouteAll();
    await proxy.accept();
    await page.getByText('No connection.').waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'More options' }).click();
    await page.getByRole('menuitemcheckbox', { name: 'Sound' }).waitFor();
  }, 60_000);

  test('an answer while the chat is closed shows on the button and in the title, through a reload, until it is read', async () => {
    const { page } = await come();
    const ticketId = await begin(page);
    await page.getByRole('button', { name: 'Close chat' }).first().click();
    await staff().send(ticketId, 'A little less sun');
    await page.getByRole('button', { name: 'Open chat (1)' }).waitFor();
    await eventually(async () => expect(await page.title()).toBe('(1) A shop'));
    await page.reload();
    const badged = page.getByRole('button', { name: 'Open chat (1)' });
    await badged.waitFor();
    await picture(page, 'badge');
    await badged.click();
    await said(page, 'A little less sun').waitFor();
    await eventually(async () => expect(await page.title()).toBe('A shop'));
  }, 60_000);

  test('who has asked for it hears one sound and sees one notice for all tabs, and none while they look on', async () => {
    const one = await come();
    const { page, context } = one;
    await context.grantPermissions(['notifications']);
    await context.addInitScript(calls);
    await page.reload();
    const id = await begin(page);
    await said(page, 'My fern is unwell').waitFor();
    for (const name of ['Sound', 'Notifications']) {
      await page.getByRole('button', { name: 'More options' }).click();
      await page.getByRole('menuitemcheckbox', { name }).click();
    }
    await staff().send(id, 'Do you see this?');
    await said(page, 'Do you see this?').waitFor();
    const { page: second } = await come({}, one);
    await second.getByRole('button', { name: 'Open chat' }).waitFor();
    await page.getByRole('button', { name: 'Close chat' }).first().click();
    for (const tab of [page, second]) await tab.evaluate('look(false)');
    await staff().send(id, 'A little less sun');
    for (const tab of [page, second])
      await tab.getByRole('button', { name: 'Open chat (1)' }).waitFor();
    const heard = async (what: string) =>
      (await Promise.all([page, second].map((tab) => tab.evaluate(what)))) as unknown[];
    await eventually(async () => expect((await heard('sounds')).sort()).toEqual([0, 1]));
    await eventually(async () => {
      const tags = new Set((await heard('notices')).flat());
      expect([...tags]).toEqual([`Kim: A little less sun (deskcord-${id})`]);
    });
  }, 60_000);

  test('files are pasted and dropped, sent without words, and seen large and left again with the keyboard', async () => {
    const { page, complaints } = await come();
    await begin(page);
    const field = page.getByLabel('Your message');
    await field.evaluate(paste, await transferOf(page, 'pasted.txt', 'text/plain'));
    await page.getByRole('button', { name: 'Remove pasted.txt' }).waitFor();
    const dataTransfer = await transferOf(page, 'dropped.txt', 'text/plain');
    const chat = page.locator('.screen.chat');
    await chat.dispatchEvent('dragenter', { dataTransfer });
    await page.getByText('Drop files here').waitFor();
    await chat.dispatchEvent('drop', { dataTransfer });
    await page.getByText('Drop files here').waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Remove dropped.txt' }).waitFor();
    const leaf = { name: 'leaf.png', mimeType: 'image/png', buffer: PICTURE };
    await page.locator('input[type=file]').setInputFiles(leaf);
    await page.getByRole('button', { name: 'Remove leaf.png' }).waitFor();
    await page.getByRole('button', { name: 'Send', exact: true }).click();
    for (const name of ['pasted.txt', 'dropped.txt']) {
      await page.getByRole('link', { name }).waitFor();
    }
    await page.getByRole('button', { name: 'Picture leaf.png' }).press('Enter');
    const large = page.getByRole('dialog', { name: 'Picture leaf.png' });
    const shown = large.getByRole('img', { name: 'leaf.png' });
    // The policy of the page lets it through, and it is more than its name.
    await eventually(async () => expect(await shown.evaluate(widthOf)).toBe(2));
    await picture(page, 'lightbox');
    await page.keyboard.press('Escape');
    await large.waitFor({ state: 'detached' });
    await eventually(async () => expect(await focused(page)).toBe('Picture leaf.png'));
    expect(complaints).toEqual([]);
  }, 60_000);

  test('an emoji is chosen with arrow keys and stands where the caret was; Escape goes back to its button', async () => {
    const { page } = await come();
    await openChat(page);
    const field = page.getByLabel('Your message');
    await field.fill('Hello Kim');
    for (let step = 0; step < 4; step++) await field.press('ArrowLeft');
    const emoji = page.getByRole('button', { name: 'Emoji', exact: true });
    await emoji.press('Enter');
    await page.getByRole('button', { name: '😀' }).waitFor();
    await picture(page, 'emoji');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Enter');
    await eventually(async () => expect(await field.inputValue()).toBe('Hello😃 Kim'));
    await emoji.press('Enter');
    await page.getByRole('button', { name: '😀' }).waitFor();
    await page.keyboard.press('Escape');
    await eventually(async () => expect(await focused(page)).toBe('Emoji'));
    expect(await page.getByRole('button', { name: '😀' }).count()).toBe(0);
  }, 60_000);
});

describe('the page around it', () => {
  test('a component that mounts, unmounts and mounts again, as React’s StrictMode has it, leaves one chat that hears and sends once', async () => {
    widget.site.page = { before: '<script src="/strict.js"></script>' };
    const { page } = await come();
    await page.getByRole('button', { name: 'Open chat' }).waitFor();
    await page.evaluate('strict.twice()');
    const ticketId = await begin(page);
    await write(page, 'just once');
    await eventually(async () => expect((await me().list(ticketId)).body).toHaveLength(1));
    await page.getByText('Sent', { exact: true }).waitFor();
    expect(await page.evaluate("document.querySelectorAll('deskcord-chat').length")).toBe(1);
    expect(await page.evaluate('strict.heard')).toEqual(['open', 'ticket:created']);
  }, 60_000);

  test('a component that does so before the script is there leaves the same, and nothing throws', async () => {
    const before = '<script src="/strict.js"></script><script src="/strict-early.js"></script>';
    widget.site.page = { before };
    const { page, complaints } = await come();
    await page.getByRole('button', { name: 'Open chat' }).waitFor();
    await begin(page);
    await page.getByText('Sent', { exact: true }).waitFor();
    expect(await page.evaluate("document.querySelectorAll('deskcord-chat').length")).toBe(1);
    expect(await page.evaluate('strict.heard')).toEqual(['open', 'ticket:created']);
    expect(complaints).toEqual([]);
  }, 60_000);

  test('a tab that another one tells of a message before it has that itself goes on', async () => {
    const visit = await come();
    const { page } = visit;
    const ticketId = await begin(page);
    await write(page, 'hello');
    await eventually(async () => expect((await me().list(ticketId)).body).toHaveLength(1));
    await page.getByText('Sent', { exact: true }).waitFor();
    const { page: other } = await come({}, visit);
    // What a tab keeps of a message that it has heard of.
    await other.evaluate(`(() => {
      const key = Object.keys(localStorage).find((one) => one.endsWith('/tickets'));
      const all = JSON.parse(localStorage.getItem(key));
      localStorage.setItem(key, JSON.stringify({ ...all, '${ticketId}': { unread: [2], seen: 0 } }));
    })()`);
    await page.getByLabel('Your message').fill('still here', { timeout: 5000 });
    await staff().send(ticketId, 'the message itself');
    await said(page, 'the message itself').waitFor();
  }, 60_000);

  test('a page that comes back from the back/forward cache has its draft, what was said meanwhile, and sends', async () => {
    widget.site.page = { before: '<script src="/shown.js"></script>' };
    const { page } = await come();
    const ticketId = await begin(page);
    await said(page, 'My fern is unwell').waitFor();
    await page.getByLabel('Your message').fill('half a sentence');
    await page.goto(`${widget.site.url}/other`);
    await staff().send(ticketId, 'said meanwhile');
    // There is no load to wait for.
    await page.evaluate('history.back()').catch(() => undefined);
    await eventually(async () => expect(await page.evaluate('persisted')).toBe(true));
    await said(page, 'said meanwhile').waitFor();
    expect(await page.getByLabel('Your message').inputValue()).toBe('half a sentence');
    await page.getByRole('button', { name: 'Send', exact: true }).click();
    await eventually(async () => {
      const { body } = await me().list(ticketId);
      expect(body.map(({ content }) => content)).toEqual(['said meanwhile', 'half a sentence']);
    });
  }, 60_000);
});

describe('other ways to look at it', () => {
  test.each([200, 400])(
    'at %s % zoom everything is there and can be used',
    async (percent) => {
      const scale = percent / 100;
      const viewport = { width: 1280 / scale, height: 800 / scale };
      const { page } = await come({ viewport, deviceScaleFactor: scale, bypassCSP: true });
      await page.emulateMedia({ reducedMotion: 'reduce' });
      const ticketId = await begin(page);
      await staff().send(ticketId, 'A little less sun');
      await said(page, 'A little less sun').waitFor();
      for (const name of ['More options', 'Close chat', 'Attach files', 'Emoji', 'Send']) {
        const box = await page.getByRole('button', { name, exact: true }).first().boundingBox();
        const { x = -1, y = -1, width = 0, height = 0 } = box ?? {};
        const isInside =
          x >= 0 && y >= 0 && x + width <= viewport.width && y + height <= viewport.height;
        expect({ name, isInside }).toEqual({ name, isInside: true });
      }
      await picture(page, `zoom-${percent}`);
      await expectNoSidewaysScroll(page);
      await page.getByRole('button', { name: 'More options' }).click();
      await page.getByRole('menuitem', { name: 'End conversation' }).click();
      await page.getByRole('button', { name: 'Undo' }).click();
      await page.getByRole('button', { name: 'Undo' }).waitFor({ state: 'detached' });
      expect(await findBarriers(page)).toEqual([]);
    },
    60_000,
  );

  test('in forced colours what is told apart by its surface has a border', async () => {
    const { page } = await come({ forcedColors: 'active', reducedMotion: 'reduce' });
    const ticketId = await begin(page);
    await staff().send(ticketId, 'A little less sun');
    await said(page, 'A little less sun').waitFor();
    const hasBorder = async (selector: string) =>
      (await page.locator(selector).first().evaluate(borderOf)) !== '0px';
    for (const selector of ['.bubble', '.composer-box', '.send', '.panel']) {
      expect([selector, await hasBorder(selector)]).toEqual([selector, true]);
    }
    await page.getByRole('button', { name: 'More options' }).click();
    await page.getByRole('menu').waitFor();
    expect(await hasBorder('.menu')).toBe(true);
    await picture(page, 'forced-colours');
    await page.getByRole('menuitem', { name: 'End conversation' }).click();
    await page.getByRole('button', { name: 'Undo' }).waitFor();
    expect(await hasBorder('.strip')).toBe(true);
    await write(page, 'A word too many');
    const own = page.locator('.row', { has: said(page, 'A word too many') });
    await own.getByRole('button', { name: 'Message options' }).click();
    await page.getByRole('menuitem', { name: 'Delete' }).click();
    await page.getByRole('alertdialog').waitFor();
    expect(await hasBorder('.question')).toBe(true);
  }, 60_000);
});
