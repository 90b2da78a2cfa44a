import { expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import type { MessageView } from '../../src/contract/messages.ts';
import { eventually } from '../support/eventually.ts';
import { useWidget } from '../support/widget.ts';
import { expectNoSidewaysScroll, findBarriers, said, write } from './widget-desk.ts';

type Box = { x: number; y: number; width: number; height: number };

const widget = useWidget();
const { come, begin, picture, me, staff } = widget;
const patience = { timeout: 30_000 };

const chip = (page: Page, emoji: string) => page.locator('.reactions button', { hasText: emoji });
const rowOf = (page: Page, text: string) => page.locator('.row', { hasText: text });

async function openMenu(page: Page, text: string): Promise<void> {
  const row = rowOf(page, text);
  await row.hover();
  await row.locator('.tools').click();
  await page.getByRole('menu').waitFor();
}

/** The reactions to a message as its staff read them: who, by emoji. */
async function stored(id: string, messageId: string): Promise<Record<string, string[]>> {
  const { body } = await staff().call<MessageView[]>('GET', `/tickets/${id}/messages`);
  const { reactions = [] } = body.find((one) => one.id === messageId) ?? {};
  return Object.fromEntries(
    reactions.map(({ emoji, users }) => [emoji, users.map(({ name }) => name)]),
  );
}
const storedAre = (id: string, messageId: string, wanted: Record<string, string[]>) =>
  eventually(async () => expect(await stored(id, messageId)).toEqual(wanted), patience);

const react = (id: string, messageId: string, emoji: string, method = 'PUT') =>
  staff().call(
    method,
    `/tickets/${id}/messages/${messageId}/reactions/${encodeURIComponent(emoji)}`,
  );

test('a customer reacts by the menu and takes it back by the chip; what staff set and take back is seen live, and after a reload', async () => {
  const { page } = await come();
  const id = await begin(page);
  const { body: answer } = await staff().send(id, 'We send you another one.');
  await said(page, 'another one').waitFor();
  await openMenu(page, 'another one');
  await page.getByRole('menuitemcheckbox', { name: '🎉' }).click();
  await chip(page, '🎉').waitFor();
  await storedAre(id, answer.id, { '🎉': ['Ben'] });
  expect(await chip(page, '🎉').getAttribute('aria-pressed')).toBe('true');
  expect(await chip(page, '🎉').getAttribute('aria-label')).toBe('🎉 1: You');
  await write(page, 'Thank you!');
  const own = await eventually(async () => {
    const found = (await me().list(id)).body.find(({ content }) => content === 'Thank you!');
    if (!found) throw new Error('it is still on its way');
    return found;
  }, patience);
  await react(id, answer.id, '🎉');
  await react(id, own.id, '❤️');
  await chip(page, '❤️').waitFor();
  await eventually(async () =>
    expect(await chip(page, '🎉').getAttribute('aria-label')).toBe('🎉 2: You, Kim'),
  );
  expect(await chip(page, '❤️').getAttribute('aria-pressed')).toBe('false');
  await picture(page, 'reactions');
  await page.reload();
  await chip(page, '❤️').waitFor();
  await chip(page, '🎉').click();
  await storedAre(id, answer.id, { '🎉': ['Kim'] });
  await eventually(async () =>
    expect(await chip(page, '🎉').getAttribute('aria-label')).toBe('🎉 1: Kim'),
  );
  await react(id, own.id, '❤️', 'DELETE');
  await chip(page, '❤️').waitFor({ state: 'detached' });
}, 90_000);

test('by the keyboard alone, with no barrier, on a small phone and from right to left', async () => {
  widget.site.page = { lang: 'ar' };
  const { page } = await come({
    ...{ viewport: { width: 320, height: 568 }, colorScheme: 'dark' },
    ...{ bypassCSP: true, reducedMotion: 'reduce' },
  });
  await page.locator('.launcher').click();
  await page.locator('.composer textarea').fill('My fern is unwell');
  await page.locator('.send').click();
  const id = await eventually(
    async () => {
      const { body } = await me().call<{ id: string }[]>('GET', '/tickets');
      expect(body).toHaveLength(1);
      return body[0]?.id as string;
    },
    { every: 250 },
  );
  const { body: answer } = await staff().send(id, 'We send you another one.');
  await said(page, 'another one').waitFor();
  await rowOf(page, 'another one').locator('.tools').focus();
  await page.keyboard.press('Enter');
  await page.getByRole('menuitemcheckbox', { name: '👍' }).waitFor();
  expect(await findBarriers(page)).toEqual([]);
  await picture(page, 'reactions-menu-ar');
  // The next one is on the left; downwards leaves the line, upwards comes back to its beginning.
  await page.keyboard.press('ArrowLeft');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('ArrowLeft');
  await page.keyboard.press('Enter');
  await storedAre(id, answer.id, { '❤️': ['Ben'] });
  await chip(page, '❤️').waitFor();
  expect(await findBarriers(page)).toEqual([]);
  await expectNoSidewaysScroll(page);
  await picture(page, 'reactions-ar');
  // What is taken back takes its button away; whoever has pressed that goes on from the message.
  await chip(page, '❤️').focus();
  await page.keyboard.press('Enter');
  await chip(page, '❤️').waitFor({ state: 'detached' });
  const inChat = 'document.querySelector("deskcord-chat").shadowRoot.activeElement';
  expect(await page.evaluate(`${inChat}?.className`)).toContain('tools');
  await storedAre(id, answer.id, {});
}, 90_000);

test('what fails is said and changes nothing; an ended conversation shows its reactions and takes none', async () => {
  const { page } = await come();
  const id = await begin(page);
  const { body: answer } = await staff().send(id, 'Is it solved?');
  await said(page, 'Is it solved').waitFor();
  const many = ['😀', '😃', '😄', '😁', '😆', '😅', '🤣', '🙂', '🙃', '😉'];
  const more = ['😊', '😇', '🥰', '😍', '😘', '😋', '😜', '🤪', '🤗', '🤭'];
  for (const emoji of [...many, ...more]) await react(id, answer.id, emoji);
  await chip(page, '🤭').waitFor();
  await openMenu(page, 'Is it solved');
  await page.getByRole('menuitemcheckbox', { name: '🎉' }).click();
  await page.getByText('There is no room for another reaction here.').waitFor();
  expect(await chip(page, '🎉').count()).toBe(0);
  await picture(page, 'reactions-many');
  // However large what can be pressed is made, what is seen is what is pressed.
  const { x, y, width, height } = (await chip(page, '😀').boundingBox()) as Box;
  const pressed = await page.evaluate(
    `document.querySelector("deskcord-chat").shadowRoot
      .elementFromPoint(${x + width / 2}, ${y + height - 2}).closest('button').textContent`,
  );
  expect(pressed).toContain('😀');
  await page.context().setOffline(true);
  await openMenu(page, 'Is it solved');
  await page.getByRole('menuitemcheckbox', { name: '👍' }).click();
  await page.getByText('There is no connection at the moment.').waitFor();
  expect(await chip(page, '👍').count()).toBe(0);
  // What comes meanwhile is there with the connection.
  await react(id, answer.id, '🤭', 'DELETE');
  await page.context().setOffline(false);
  await chip(page, '🤭').waitFor({ state: 'detached' });
  await staff().call('POST', `/tickets/${id}/close`);
  await eventually(async () => expect(await chip(page, '🤗').isDisabled()).toBe(true), patience);
  await openMenu(page, 'Is it solved');
  expect(await page.getByRole('menuitemcheckbox').count()).toBe(0);
}, 90_000);
