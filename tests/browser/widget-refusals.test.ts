import { expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { useWidget } from '../support/widget.ts';
import { said, write } from './widget-desk.ts';

const widget = useWidget();
const { come, begin, staff, picture } = widget;

/** A reaction is being set as a person sets it, from the menu of a message. */
async function react(page: Page, text: string, emoji: string): Promise<void> {
  const row = page.locator('.row', { hasText: text });
  await row.hover();
  await row.locator('.tools').click();
  await page.getByRole('menuitemcheckbox', { name: emoji }).click();
}

test('whoever is blocked reads why when they react, in the words for what they send, and until when', async () => {
  const { page } = await come();
  const id = await begin(page);
  await staff().send(id, 'Please be kind.');
  await said(page, 'Please be kind.').waitFor();
  const user_id = widget.site.user?.id as string;
  const block = (more: object) => staff().call('POST', '/blocks', { user_id, ...more });
  const { body } = await block({ reason: 'Too many rude words.' });
  const why = 'You cannot write to us any more: Too many rude words.';
  await react(page, 'Please be kind.', '🎉');
  await page.locator('.problem', { hasText: why }).waitFor();
  await write(page, 'But I must');
  await page.locator('.foot.failed', { hasText: why }).waitFor();
  await picture(page, 'blocked');
  await staff().call('DELETE', `/blocks/${(body as { id: string }).id}`);
  await block({ reason: 'A pause.', expires_at: Date.UTC(2099, 0, 31, 9, 30) });
  await react(page, 'Please be kind.', '🎉');
  const until = /^You cannot write to us until 31 January 2099 at .+: A pause\.$/;
  await page.getByText(until).waitFor();
}, 60_000);

test('a reaction in the moment a conversation ends says that it has ended, not that there is no room', async () => {
  const { page } = await come();
  const id = await begin(page);
  await staff().send(id, 'Is it solved?');
  await said(page, 'Is it solved?').waitFor();
  await page.route('**/reactions/**', async (route) => {
    if (route.request().method() === 'PUT') await staff().close(id);
    await route.continue();
  });
  await react(page, 'Is it solved?', '🎉');
  await page.getByText('The conversation had ended before this arrived.').waitFor();
  expect(await page.locator('.reactions').count()).toBe(0);
}, 60_000);
