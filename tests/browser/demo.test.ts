import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Browser, BrowserContext, FrameLocator, Locator, Page } from 'playwright-core';
import { eventually } from '../support/eventually.ts';
import { makeDataDir } from '../support/temp-dir.ts';
import { collectComplaints, openBrowser } from './browser.ts';
import { type DemoProcess, startDemo } from './demo-process.ts';

const START_MS = 120_000;
const PATIENCE = { timeout: 20_000 };

let demo: DemoProcess;
let browser: Browser;
let dataDir: string;
let pictures: string;

beforeAll(async () => {
  dataDir = await makeDataDir('demo');
  const kept = process.env.DESKCORD_SCREENSHOTS === '1';
  pictures = kept ? fileURLToPath(new URL('../../docs/images/', import.meta.url)) : dataDir;
  await mkdir(pictures, { recursive: true });
  [demo, browser] = await Promise.all([startDemo(dataDir), openBrowser()]);
}, START_MS);

afterAll(async () => {
  await browser?.close();
  await demo?.stop();
  await rm(dataDir, { recursive: true, force: true });
}, 120_000);

interface Sides {
  page: Page;
  /** The partner's page, with the chat in it. */
  shop: FrameLocator;
  discord: Locator;
  complaints: string[];
  close(): Promise<void>;
}

async function openPage(options: Parameters<Browser['newContext']>[0] = {}): Promise<Sides> {
  const context: BrowserContext = await browser.newContext({
    viewport: { width: 1280, height: 840 },
    colorScheme: 'light',
    locale: 'en-GB',
    ...options,
  });
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE.timeout);
  const complaints = collectComplaints(page);
  await page.goto(demo.url);
  return {
    page,
    shop: page.frameLocator('iframe.shop'),
    discord: page.getByRole('region', { name: 'Discord' }),
    complaints,
    close: () => context.close(),
  };
}

async function openTicket({ shop, discord }: Sides, description: string) {
  await discord.getByRole('button', { name: /transcripts/ }).waitFor();
  await shop.getByRole('button', { name: 'Open chat' }).click();
  const field = shop.getByLabel('Your message');
  const again = shop.getByRole('button', { name: 'New conversation' });
  // Who has written before finds the conversations first.
  const known = shop.locator('.ticket').first();
  await field.or(known).first().waitFor();
  if (await known.isVisible()) await again.click();
  await field.fill(description);
  await shop.getByRole('button', { name: 'Send', exact: true }).click();
  // The card, and behind it the line that says it is pinned: then the channel is complete.
  await discord.getByText(description).first().waitFor();
  await discord.getByText('pinned a message').waitFor();
}

/** Something for the customer to attach. */
async function paintFern(page: Page): Promise<Buffer> {
  const painter = await page.context().newPage();
  const fronds = [-64, -40, -16, 16, 40, 64].map(
    (turn) => `<path d="M110 92 q14 -46 0 -78 q-14 32 0 78" transform="rotate(${turn} 110 92)"
      fill="${Math.abs(turn) === 64 ? '#a5713c' : '#3f8f5a'}"/>`,
  );
  const pot = '<path d="M84 90 h52 l-7 40 h-38 z" fill="#c9683f"/>';
  await painter.setContent(`<svg width="220" height="136">
    <rect width="220" height="136" fill="#f3ead9"/>${fronds.join('')}${pot}</svg>`);
  const photo = await painter.locator('svg').screenshot();
  await painter.close();
  return photo;
}

const write = async ({ shop }: Sides, text: string) => {
  await shop.getByLabel('Your message').fill(text);
  // Where fingers type, Enter makes a new line.
  await shop.getByRole('button', { name: 'Send', exact: true }).click();
};
const answer = async ({ discord }: Sides, text: string) => {
  const field = discord.getByRole('textbox', { name: /^Message #/ });
  await field.fill(text);
  await field.press('Enter');
};
const bubble = ({ shop }: Sides, text: string) => shop.locator('.bubble', { hasText: text });
/** Chooses from the menu of a message of one's own. */
const choose = async (sides: Sides, text: string, name: string) => {
  await bubble(sides, text).hover();
  const row = sides.shop.locator('.row', { has: bubble(sides, text) });
  await row.getByRole('button', { name: 'Message options' }).click();
  await sides.shop.getByRole('menuitem', { name }).click();
};
const post = ({ discord }: Sides, text: string) =>
  discord.getByRole('article').filter({ hasText: text });

describe('the demo, as a visitor meets it', () => {
  test('a ticket from the first word to its transcript', async () => {
    const sides = await openPage();
    const { page, shop, discord } = sides;
    await openTicket(sides, 'My fern is unwell. Is it the light?');
    await discord.getByText('Ticket #1: My fern is unwell. Is it the light?').waitFor();

    await write(sides, 'It stands by the window.');
    await bubble(sides, 'It stands by the window.').waitFor();
    await post(sides, 'It stands by the window.').waitFor();
    await shop.getByText('Delivered', { exact: true }).waitFor();

    await answer(sides, 'Good morning! A **little** less sun, please.');
    await bubble(sides, 'less sun').waitFor();
    await shop.getByText('Seen', { exact: true }).waitFor();
    await post(sides, 'less sun').getByText('✅').waitFor();

    await choose(sides, 'by the window', 'Edit');
    await shop.getByLabel('Editing your message').fill('It stands by the south window.');
    await shop.getByRole('button', { name: 'Save' }).click();
    await post(sides, 'south window').waitFor();

    await post(sides, 'less sun').hover();
    await post(sides, 'less sun').getByRole('button', { name: 'Edit message' }).click();
    await discord
      .getByLabel('Edit message', { exact: true })
      .fill('A little less sun, and more water.');
    await discord.getByLabel('Edit message', { exact: true }).press('Enter');
    await bubble(sides, 'more water').waitFor();

    await write(sides, 'sent by mistake');
    await post(sides, 'sent by mistake').waitFor();
    await choose(sides, 'sent by mistake', 'Delete');
    await shop.getByRole('alertdialog').getByRole('button', { name: 'Delete' }).click();
    await post(sides, 'sent by mistake').waitFor({ state: 'detached' });

    const photo = await paintFern(page);
    await shop
      .locator('input[type=file]')
      .setInputFiles({ name: 'fern.png', mimeType: 'image/png', buffer: photo });
    await shop.getByRole('img', { name: 'fern.png' }).waitFor();
    await choose(sides, 'more water', 'Reply');
    await write(sides, 'This is how it looks.');
    await shop.getByRole('button', { name: 'Picture fern.png' }).waitFor();
    await post(sides, 'This is how it looks.')
      .locator('.discord-answered')
      .getByText('more water')
      .waitFor();
    await discord.getByRole('img', { name: 'fern.png' }).waitFor();

    await post(sides, 'This is how it looks.').hover();
    await post(sides, 'This is how it looks.').getByRole('button', { name: 'Reply' }).click();
    await answer(sides, 'Thank you, I see.');
    const thanks = shop.locator('.row', { has: bubble(sides, 'Thank you, I see.') });
    await thanks.getByText('how it looks').waitFor();
    await bubble(sides, 'Thank you, I see.').waitFor();
    await post(sides, 'Thank you, I see.').getByText('✅').waitFor();
    await page.mouse.move(0, 0);
    await page.screenshot({ path: join(pictures, 'demo.png') });
    await page.emulateMedia({ colorScheme: 'dark' });
    // What changes its colour does so slowly.
    await page.waitForTimeout(500);
    await page.screenshot({ path: join(pictures, 'demo-dark.png') });

    await discord.getByRole('button', { name: 'Close', exact: true }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('textbox').fill('Less sun, more water');
    await dialog.getByRole('button', { name: 'Submit' }).click();
    await shop.getByText('Conversation ended: Less sun, more water').waitFor();
    await discord.getByRole('button', { name: /ticket-0*1/ }).waitFor({ state: 'detached' });
    await discord.getByRole('button', { name: /transcripts/ }).click();
    const transcript = discord.getByRole('link', { name: /\.html/ });
    await transcript.waitFor();
    const html = await (await fetch((await transcript.getAttribute('href')) ?? '')).text();
    for (const line of ['south window', 'more water', 'Thank you, I see.']) {
      expect(html).toContain(line);
    }
    const paper = await page.context().newPage();
    await paper.setViewportSize({ width: 760, height: 844 });
    await paper.setContent(html);
    await paper.getByText('south window').first().waitFor();
    await paper.screenshot({ path: join(pictures, 'transcript.png') });
    await paper.close();
    expect(sides.complaints).toEqual([]);
    await sides.close();
  }, 90_000);

  test('typing shows on the other side, and /close closes', async () => {
    const sides = await openPage();
    const { shop, discord } = sides;
    await openTicket(sides, 'Where is my parcel?');
    await shop.getByLabel('Your message').pressSequentially('I wonder');
    await discord.getByText(/is typing/).waitFor();
    await discord.getByRole('textbox', { name: /^Message #/ }).pressSequentially('It');
    await shop.getByText('Kim is typing…').waitFor();
    await discord.getByRole('textbox', { name: /^Message #/ }).fill('/close it has arrived');
    await discord.getByRole('button', { name: 'Send to Discord' }).click();
    await shop.getByText('Conversation ended: it has arrived').waitFor();
    expect(sides.complaints).toEqual([]);
    await sides.close();
  }, 120_000);

  test('what staff have: the card, notes, commands with their words, and the ends of both', async () => {
    const sides = await openPage({ viewport: { width: 1280, height: 1180 } });
    const { page, shop, discord } = sides;
    await shop.getByLabel('Signed in as').selectOption('Ben');
    await openTicket(sides, 'Two of my three pots arrived broken.');
    await discord.getByRole('button', { name: 'Claim', exact: true }).click();
    await discord.getByRole('button', { name: 'Unclaim', exact: true }).waitFor();
    await answer(sides, '// the third one this week: ask the packers');
    await post(sides, 'ask the packers').getByText('📝').waitFor();
    await answer(sides, 'I am sorry! Two new ones leave today.');
    await post(sides, 'leave today').getByText('👁').waitFor();
    await write(sides, 'That was quick, thank you!');
    await post(sides, 'That was quick').waitFor();
    await page.mouse.move(0, 0);
    await discord.screenshot({ path: join(pictures, 'staff-ticket.png') });
    const field = discord.getByRole('textbox', { name: /^Message #/ });
    await field.fill('/cl');
    await discord.getByRole('list', { name: 'Commands' }).getByText('/close-request').waitFor();
    await discord.screenshot({ path: join(pictures, 'staff-commands.png') });
    await field.fill('/notes');
    await field.press('Enter');
    const threads = discord.getByRole('list', { name: /^Threads of ticket-/ });
    await threads.getByRole('button').click();
    await answer(sides, 'I asked them: it was the new box.');
    await post(sides, 'the new box').getByText('📝').waitFor();
    await threads.getByRole('button', { name: 'notes' }).waitFor();
    expect(await shop.getByText(/packers|new box/).count()).toBe(0);
    expect(sides.complaints).toEqual([]);
    await sides.close();
  }, 120_000);

  test('who is chosen before the shop’s program has come is who writes', async () => {
    const sides = await openPage();
    const { page, shop } = sides;
    await page.route('**/shop.js', async (route) => {
      await page.waitForTimeout(1000);
      await route.continue();
    });
    await page.reload({ waitUntil: 'commit' });
    await shop.getByLabel('Signed in as').selectOption('Ben');
    await eventually(async () => {
      const cookies = await page.context().cookies();
      expect(cookies.find(({ name }) => name === 'shop_customer')?.value).toBe('ben');
    });
    expect(await shop.getByLabel('Signed in as').inputValue()).toBe('ben');
    await sides.close();
  });

  test('what is written while the server is frozen survives a reload, and arrives once', async () => {
    const sides = await openPage();
    const { page, shop, discord } = sides;
    await openTicket(sides, 'A long story begins below.');
    await write(sides, 'the beginning');
    await post(sides, 'the beginning').waitFor();
    const server = demo.descendants().find(({ command }) => command.includes('server-process'));
    process.kill(server?.pid ?? 0, 'SIGSTOP');
    try {
      await write(sides, 'the middle');
      await bubble(sides, 'the middle').waitFor();
      await page.reload();
      await bubble(sides, 'the middle').waitFor();
      await write(sides, 'the end');
      await shop
        .getByText(/Sending|Waiting to be sent/)
        .first()
        .waitFor();
    } finally {
      process.kill(server?.pid ?? 0, 'SIGCONT');
    }
    await shop.getByText('Delivered', { exact: true }).waitFor();
    await discord
      .getByRole('button', { name: /ticket-/ })
      .last()
      .click();
    await post(sides, 'the end').waitFor();
    expect(await post(sides, 'the middle').count()).toBe(1);
    const order = await shop.locator('.bubble .said').allInnerTexts();
    expect(order.slice(1)).toEqual(['the beginning', 'the middle', 'the end']);
    await sides.close();
  }, 120_000);

  test('on a phone, in the dark', async () => {
    const sides = await openPage({
      viewport: { width: 390, height: 844 },
      colorScheme: 'dark',
      isMobile: true,
      hasTouch: true,
    });
    const { page, shop } = sides;
    // Each customer may open three tickets a minute.
    await shop.getByLabel('Signed in as').selectOption('Ben');
    await openTicket(sides, 'Do you deliver on Sundays?');
    await write(sides, 'And to an island?');
    await answer(sides, 'To every island with a letterbox.');
    await bubble(sides, 'letterbox').waitFor();
    await eventually(async () => {
      const width = await page.evaluate('document.documentElement.scrollWidth');
      expect(width).toBeLessThanOrEqual(390);
    });
    await page.evaluate('window.scrollTo(0, 0)');
    await page.screenshot({ path: join(pictures, 'demo-phone.png') });
    expect(sides.complaints).toEqual([]);
    await sides.close();
  }, 120_000);
});
