import { expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { seedMessages } from '../../bench/subjects/deskcord.ts';
import { eventually } from '../support/eventually.ts';
import { useWidget } from '../support/widget.ts';
import { expectNoSidewaysScroll, findBarriers, said, write } from './widget-desk.ts';

const widget = useWidget();
const { come, begin, staff, me, picture } = widget;

const field = (page: Page) => page.getByLabel('Your message');
const bar = (page: Page, hasText = '') => page.locator('.edit-bar', { hasText });
const quoteOf = (page: Page, text: string, hasText = '') =>
  page.locator('.row', { has: said(page, text) }).locator('.quote', { hasText });

const focused = (page: Page) =>
  page.evaluate(
    '(({ className, ariaLabel } = {}) => ariaLabel ?? className)(document.activeElement?.shadowRoot?.activeElement)',
  );

/** Chooses it in the menu of a message, with the keyboard. */
async function reply(page: Page, text: string): Promise<void> {
  const row = page.locator('.row', { has: said(page, text) });
  await row.getByRole('button', { name: 'Message options' }).press('Enter');
  await page.getByRole('menuitem', { name: 'Reply' }).press('Enter');
}

test('a message is answered from its menu: what it answers stands above the field, survives a reload, and then above the answer', async () => {
  const { page, complaints } = await come();
  const id = await begin(page);
  const { body: sent } = await staff().send(id, 'Does it stand in the **sun**?');
  await staff().send(id, 'And how much water does it get?');
  await reply(page, 'Does it stand');
  await bar(page, 'Kim: Does it stand in the sun?').waitFor();
  await eventually(async () => expect(await focused(page)).toBe('Your message'));
  await page.keyboard.type('All day');
  await page.reload();
  await bar(page).waitFor();
  expect(await field(page).inputValue()).toBe('All day');
  await picture(page, 'reply');
  await field(page).press('Enter');
  await quoteOf(page, 'All day', 'Kim: Does it stand in the sun?').waitFor();
  await bar(page).waitFor({ state: 'detached' });
  await page.getByText('Sent', { exact: true }).waitFor();
  const { body } = await me().list(id);
  expect(body.at(-1)).toMatchObject({ content: 'All day', reply_to: sent.id });
  // The other way round, while the page looks on.
  await staff().send(id, 'Too much, then', { reply_to: body.at(-1)?.id });
  await quoteOf(page, 'Too much, then', 'You: All day').waitFor();
  expect(complaints).toEqual([]);
}, 60_000);

test('Escape and Cancel take an answer back and leave the words; an edit takes its place', async () => {
  const { page } = await come();
  const id = await begin(page);
  await staff().send(id, 'Does it stand in the sun?');
  await write(page, 'a word of mine');
  await page.getByText('Sent', { exact: true }).waitFor();
  await reply(page, 'Does it stand');
  await page.keyboard.type('half a sentence');
  await field(page).press('Escape');
  await bar(page).waitFor({ state: 'detached' });
  expect(await field(page).inputValue()).toBe('half a sentence');
  await reply(page, 'a word of mine');
  await bar(page, 'You: a word of mine').waitFor();
  await page.getByRole('button', { name: 'Cancel' }).press('Enter');
  await bar(page).waitFor({ state: 'detached' });
  await eventually(async () => expect(await focused(page)).toBe('Your message'));
  await field(page).press('Enter');
  await said(page, 'half a sentence').waitFor();
  await eventually(async () => {
    expect((await me().list(id)).body.at(-1)).toMatchObject({ reply_to: null });
  });
}, 60_000);

test('an answer to what is deleted before it arrives goes out without it', async () => {
  const { page, context } = await come();
  const id = await begin(page);
  const { body: sent } = await staff().send(id, 'said by mistake');
  await reply(page, 'said by mistake');
  await context.setOffline(true);
  await write(page, 'What do you mean?');
  await quoteOf(page, 'What do you mean?').waitFor();
  await staff().call('DELETE', `/tickets/${id}/messages/${sent.id}`);
  await context.setOffline(false);
  await page.getByText('Sent', { exact: true }).waitFor();
  const { body } = await me().list(id);
  expect(body.at(-1)).toMatchObject({ content: 'What do you mean?', reply_to: null });
}, 60_000);

test.each(['light', 'dark'] as const)(
  'in %s, from right to left, on a small phone, a quote fits, is no barrier, and leads to what it quotes',
  async (colorScheme) => {
    widget.site.page = { lang: 'ar' };
    const { page } = await come({
      ...{ viewport: { width: 320, height: 568 }, colorScheme, bypassCSP: true },
      ...{ reducedMotion: 'reduce' as const },
    });
    await page.locator('.launcher').click();
    await page.locator('.composer textarea').fill('مرحبا');
    await page.locator('.send').click();
    const id = await eventually(async () => {
      const { body } = await me().call<{ id: string }[]>('GET', '/tickets');
      if (!body[0]) throw new Error('there is no ticket yet');
      return body[0].id;
    });
    const { body: first } = await staff().send(
      id,
      'هل هي في الشمس طوال اليوم أم في مكان آخر من البيت؟',
    );
    await Promise.all(Array.from({ length: 40 }, (_, n) => staff().send(id, `line ${n}`)));
    await me().send(id, 'نعم', { reply_to: first.id });
    const quote = page.locator('button.quote');
    await quote.waitFor();
    await picture(page, `reply-ar-${colorScheme}`);
    expect(await findBarriers(page)).toEqual([]);
    await expectNoSidewaysScroll(page);
    await quote.press('Enter');
    await eventually(async () => {
      const at = await said(page, 'هل هي في الشمس').boundingBox();
      expect(at?.y).toBeGreaterThan(60);
      expect(at?.y).toBeLessThan(400);
    });
    expect(await focused(page)).not.toBeNull();
  },
  60_000,
);

test('Home and End go to both ends of a long conversation with one press, however much is still to load', async () => {
  const { page } = await come();
  const id = await begin(page, 'A very long talk');
  const seat = { ticket: id, token: '' };
  await seedMessages(widget.app.ctx.db.connection.db as never, seat, 1300);
  await page.reload();
  await said(page, '1299 a customer').waitFor();
  await page.locator('.log').press('Home');
  await said(page, 'A very long talk').waitFor({ timeout: 30_000 });
  const top = () =>
    page.locator('.log').evaluate((log) => (log as { scrollTop: number }).scrollTop);
  await eventually(async () => expect(await top()).toBe(0));
  // Whoever scrolls on is not taken back.
  await page.locator('.log').press('PageDown');
  await eventually(async () => expect(await top()).toBeGreaterThan(100));
  await page.locator('.log').press('End');
  await eventually(async () => {
    const to = await said(page, '1299 a customer').boundingBox();
    const view = await page.locator('.log').boundingBox();
    const ends = (box: typeof to) => (box?.y ?? 0) + (box?.height ?? 0);
    expect(ends(to)).toBeGreaterThan(0);
    expect(ends(to)).toBeLessThanOrEqual(ends(view));
  });
}, 60_000);

test('the way to the newest message covers nothing of the field, however high that is', async () => {
  const { page } = await come({ viewport: { width: 320, height: 568 } });
  const id = await begin(page);
  await Promise.all(Array.from({ length: 30 }, (_, n) => staff().send(id, `line ${n}`)));
  await said(page, 'line 29').waitFor();
  await field(page).fill('one\ntwo\nthree\nfour\nfive\nsix');
  await page.locator('.log').press('Home');
  const button = page.getByRole('button', { name: 'Newest messages' });
  await button.waitFor();
  const [above, box] = await Promise.all([
    button.boundingBox(),
    page.locator('.composer-box').boundingBox(),
  ]);
  expect((above?.y ?? 0) + (above?.height ?? 0)).toBeLessThanOrEqual(box?.y ?? 0);
}, 60_000);
