import { readFile } from 'node:fs/promises';
import { expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { seedMessages } from '../../bench/subjects/deskcord.ts';
import { eventually } from '../support/eventually.ts';
import { useWidget } from '../support/widget.ts';
import { said, write } from './widget-desk.ts';

const widget = useWidget();
const { come, begin, staff } = widget;
const patience = { timeout: 30_000 };

/** Rows that one task may draw; see `BATCH` of the list. */
const BATCH = 3;
const LINES = 80;

const inLog = (script: string) =>
  `((log) => { ${script} })(document.querySelector('deskcord-chat').shadowRoot.querySelector('.log'))`;

/** What the page counts from now on: the most rows that came in one task, and nodes that came. */
const watchRows = (page: Page) =>
  page.evaluate(
    inLog(`window.most = 0; window.came = [];
      new MutationObserver((records) => {
        const lines = records.flatMap(({ addedNodes }) => [...addedNodes]).filter((node) => node.className === 'line');
        window.most = Math.max(window.most, lines.length);
        window.came.push(...lines.map((line) => line.textContent));
      }).observe(log, { childList: true });`),
  );

/** Pixels of the view that no row covers, at its top and its end. */
const gaps = (page: Page) =>
  page.evaluate(
    inLog(`const view = log.getBoundingClientRect();
      const lines = [...log.querySelectorAll('.line')].map((line) => line.getBoundingClientRect());
      return [Math.max(0, lines[0].top - view.top), Math.max(0, view.bottom - lines.at(-1).bottom)];`),
  ) as Promise<[number, number]>;

async function beginLong(page: Page): Promise<string> {
  const id = await begin(page);
  for (let at = 0; at < LINES; at += 20) {
    const texts = Array.from({ length: 20 }, (_, n) => `line ${at + n}`);
    await Promise.all(texts.map((text) => staff().send(id, text)));
  }
  await eventually(async () => expect(await page.locator('.line').count()).toBeGreaterThan(15));
  return id;
}

test('wherever a long conversation is scrolled to, its view fills with rows, a few in each task', async () => {
  const { page, complaints } = await come();
  await beginLong(page);
  await watchRows(page);
  for (const key of ['Home', 'End', 'PageUp', 'PageUp', 'Home', 'PageDown']) {
    await page.locator('.log').press(key);
    await eventually(async () => {
      const [above, below] = await gaps(page);
      expect(above).toBeLessThan(20);
      expect(below).toBeLessThan(20);
    }, patience);
  }
  const most = (await page.evaluate('window.most')) as number;
  expect(most).toBeGreaterThan(0);
  expect(most).toBeLessThanOrEqual(BATCH);
  expect(complaints).toEqual([]);
}, 120_000);

test('what comes at the end is seen at once there, and moves nothing for who reads above', async () => {
  const { page } = await come();
  const id = await beginLong(page);
  await staff().send(id, 'Seen at the end');
  await said(page, 'Seen at the end').waitFor();
  await eventually(async () => {
    expect(await said(page, 'Seen at the end').isVisible()).toBe(true);
    expect((await gaps(page))[1]).toBeLessThan(20);
  }, patience);
  await page.locator('.log').press('Home');
  await page.getByText('line 0', { exact: true }).waitFor();
  await eventually(async () => expect((await gaps(page))[1]).toBe(0), patience);
  const place = () =>
    page.evaluate(
      inLog(
        `return [...log.querySelectorAll('.line')].find((line) => line.textContent.includes('line 3'))?.getBoundingClientRect().top`,
      ),
    );
  // Rows are measured a few at a time: what is above may still find its height.
  let before: unknown;
  const stays = async () => {
    const was = before;
    before = await place();
    expect(before).toBe(was);
  };
  await eventually(stays, { ...patience, every: 400 });
  await staff().send(id, 'Not yet seen');
  await page.getByRole('button', { name: 'Newest messages' }).waitFor();
  await eventually(async () => expect(await said(page, 'Not yet seen').count()).toBe(0));
  expect(await place()).toBe(before);
  await write(page, 'My own word');
  await said(page, 'My own word').waitFor();
  await said(page, 'Not yet seen').waitFor();
  await eventually(async () => expect((await gaps(page))[1]).toBeLessThan(20), patience);
}, 120_000);

test('a talk of hours keeps the newest of what was said, while a copy of it still has all', async () => {
  const { page } = await come();
  const id = await begin(page);
  const seat = { ticket: id, token: '' };
  await seedMessages(widget.app.ctx.db.connection.db as never, seat, 1300);
  await page.reload();
  await said(page, '1299 a customer').waitFor();
  // Three pages above the newest hundred.
  const log = page.locator('.log');
  await eventually(async () => {
    await log.press('Home');
    expect(await page.locator('.said', { hasText: /^0 a customer/ }).count()).toBe(1);
  }, patience);
  const height = () => page.evaluate(inLog('return log.scrollHeight;')) as Promise<number>;
  const whole = await height();
  await eventually(async () => {
    // Again where the way up had not ended.
    await log.press('End');
    // Rows nobody has looked at count for less than they are.
    expect(await height()).toBeLessThan((whole * 2) / 3);
  }, patience);
  await said(page, '1299 a customer').waitFor();
  await page.getByRole('button', { name: 'More options' }).click();
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('menuitem', { name: 'Save a copy' }).click(),
  ]);
  const text = await readFile(await download.path(), 'utf8');
  expect(text.match(/\d+ a customer writes a line/g)).toHaveLength(1300);
}, 120_000);
