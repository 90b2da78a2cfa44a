import { describe, expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { eventually } from '../support/eventually.ts';
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts';
import { useWidget } from '../support/widget.ts';
import { expectNoSidewaysScroll, findBarriers, openChat, said, write } from './widget-desk.ts';

let proxy: FaultProxy;
const widget = useWidget({
  async front({ url }) {
    proxy = await startFaultProxy({ target: { port: Number(new URL(url).port) } });
    return `http://127.0.0.1:${proxy.port}`;
  },
  onStart: () => () => proxy?.close(),
});
const { come, begin, staff, admin, me, picture } = widget;

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

describe('a conversation that was deleted while its customer was away', () => {
  const field = (page: Page) => page.getByLabel('Your message');
  const keptLine = (page: Page) =>
    page.getByText('A conversation has been deleted. What you had not sent in it is kept');

  const remove = async (id: string) =>
    expect((await admin().call('DELETE', `/tickets/${id}`)).status).toBe(204);

  async function cut(page: Page): Promise<void> {
    await proxy.refuse();
    proxy.resetAll();
    await page.getByText('No connection. What you write is kept and sent later.').waitFor();
  }

  /** The connection is there again, and the pages hear of it as a browser tells them. */
  async function mend(...pages: Page[]): Promise<void> {
    await proxy.accept();
    for (const page of pages) await page.evaluate("dispatchEvent(new Event('online'))");
  }

  /** What nobody on this machine has sent is in the field, and begins a new conversation. */
  async function expectGoesOn(page: Page, gone: string, text: string): Promise<void> {
    await eventually(async () => expect(await field(page).inputValue()).toBe(text));
    await page.getByRole('button', { name: 'Send', exact: true }).click();
    await eventually(
      async () => {
        const { body } = await me().call<{ id: string; description: string }[]>('GET', '/tickets');
        expect(body).toMatchObject([{ description: text }]);
        expect(body[0]?.id).not.toBe(gone);
      },
      { every: 250 },
    );
    await keptLine(page).waitFor({ state: 'detached' });
  }

  test('with no connection goes from the view and the list, and what was written and not sent waits on the blank page, once for all tabs', async () => {
    const one = await come({ bypassCSP: true });
    const { page } = one;
    const id = await begin(page);
    await staff().send(id, 'Which fern is it?');
    await said(page, 'Which fern is it?').waitFor();
    const { page: second } = await come({}, one);
    await openChat(second);
    await second.locator('.tickets .ticket', { hasText: 'My fern' }).waitFor();
    await cut(page);
    await write(page, 'The one by the door');
    await field(page).fill('and the small one');
    await remove(id);
    await mend(page, second);
    await keptLine(page).waitFor();
    expect(await said(page, 'Which fern is it?').count()).toBe(0);
    await eventually(async () =>
      expect(await field(page).inputValue()).toBe('The one by the door\nand the small one'),
    );
    await keptLine(second).waitFor();
    await second.locator('.tickets .ticket').waitFor({ state: 'detached' });
    expect(await findBarriers(page)).toEqual([]);
    await picture(page, 'gone-kept');
    await expectGoesOn(page, id, 'The one by the door\nand the small one');
  }, 90_000);

  test('of two tabs that find it out at once the text is kept once, though one hears late what the other stored', async () => {
    const one = await come();
    const { page } = one;
    await page.addInitScript(
      "addEventListener('storage', (event) => event.stopImmediatePropagation())",
    );
    await page.reload();
    const id = await begin(page);
    const { page: second } = await come({}, one);
    await openChat(second);
    await second.locator('.tickets .ticket', { hasText: 'My fern' }).waitFor();
    await cut(page);
    await field(page).fill('and the small one');
    await remove(id);
    await mend(second);
    await keptLine(second).waitFor();
    await mend(page);
    await keptLine(page).waitFor();
    await expectGoesOn(page, id, 'and the small one');
  }, 90_000);

  test('while somebody writes on the blank page: both texts are there, and the caret stays where it was', async () => {
    const { page } = await come();
    const id = await begin(page);
    await said(page, 'My fern').waitFor();
    await field(page).fill('The one by the door');
    await page.getByRole('button', { name: 'All conversations' }).click();
    await page.getByRole('button', { name: 'New conversation' }).click();
    await field(page).click();
    const words = 'the quick brown fox jumps over the lazy dog';
    const writing = page.keyboard.type(words, { delay: 60 });
    await eventually(async () => expect(await field(page).inputValue()).toContain('quick'));
    await remove(id);
    await writing;
    expect(await field(page).inputValue()).toBe(`${words}\nThe one by the door`);
    await keptLine(page).waitFor();
  }, 60_000);

  test('leaves nothing on the machine of somebody who logs out just then', async () => {
    const { page } = await come();
    const id = await begin(page);
    await said(page, 'My fern').waitFor();
    await field(page).fill('A secret');
    await remove(id);
    await page.waitForFunction(
      "Object.keys(localStorage).some((key) => key.endsWith('/draft/new'))",
    );
    await page.evaluate("SupportChat('logout')");
    // What was under way then is over by now.
    await page.waitForTimeout(500);
    expect(await page.evaluate('Object.values(localStorage).join()')).not.toContain('secret');
  }, 60_000);

  test('with the page closed is not there when it is opened again, on a small phone from right to left too', async () => {
    const one = await come();
    const { page } = one;
    const id = await begin(page);
    await said(page, 'My fern').waitFor();
    await cut(page);
    await write(page, 'Still there?');
    await page.goto(`${widget.site.url}/other`);
    await remove(id);
    await proxy.accept();
    await page.goto(widget.site.url);
    await keptLine(page).waitFor();
    await expectGoesOn(page, id, 'Still there?');
    const [second] = (await me().call<{ id: string }[]>('GET', '/tickets')).body;
    await page.goto(`${widget.site.url}/other`);
    await remove(second?.id as string);
    widget.site.page = { lang: 'ar' };
    await page.setViewportSize({ width: 320, height: 568 });
    await page.goto(widget.site.url);
    await page.getByText('حُذفت إحدى المحادثات ولم تعد موجودة.').waitFor();
    await expectNoSidewaysScroll(page);
    await picture(page, 'gone-ar');
  }, 90_000);

  test('is counted no more, leaves the list, and says so there; one that stays is as it was', async () => {
    const { page } = await come();
    const id = await begin(page);
    await me().createTicket({ topic: 'Another matter' });
    await page.getByRole('button', { name: 'All conversations' }).click();
    const rows = page.locator('.tickets .ticket');
    await eventually(async () => expect(await rows.count()).toBe(2));
    await staff().send(id, 'Which fern is it?');
    await staff().close(id);
    await page.locator('.ticket.has-news', { hasText: 'My fern' }).waitFor();
    await page.locator('.pill', { hasText: 'Ended' }).waitFor();
    await cut(page);
    await remove(id);
    await mend(page);
    await page.getByText('A conversation has been deleted and is no longer there.').waitFor();
    await eventually(async () => expect(await rows.allTextContents()).toHaveLength(1));
    expect(await page.locator('.has-news').count()).toBe(0);
    expect(await page.title()).toBe('A shop');
    await picture(page, 'gone-list');
    await rows.first().click();
    await page.getByRole('button', { name: 'All conversations' }).click();
    expect(await page.locator('.notice').count()).toBe(0);
  }, 90_000);
});
