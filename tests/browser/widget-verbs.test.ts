import { readFile } from 'node:fs/promises';
import { describe, expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import type { TicketView } from '../../src/contract/tickets.ts';
import { createClock } from '../../src/infra/clock.ts';
import { startWorker } from '../../src/worker-role.ts';
import { eventually } from '../support/eventually.ts';
import { listenAt, mintToken } from '../support/people.ts';
import { useWidget } from '../support/widget.ts';
import {
  expectNoSidewaysScroll,
  findBarriers,
  openChat,
  said,
  type Visit,
  write,
} from './widget-desk.ts';

const widget = useWidget({
  onStart: (app) => {
    const worker = startWorker(app.ctx);
    return () => worker.stop();
  },
});
const { come, begin, ticket, picture, me, staff, admin } = widget;

const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });

const focused = (page: Page) =>
  page.evaluate(`(() => {
    const at = document.activeElement?.shadowRoot?.activeElement;
    return at?.getAttribute('aria-label') ?? at?.textContent;
  })()`);
const expectFocus = (page: Page, name: string) =>
  eventually(async () => expect(await focused(page)).toBe(name));

/** The line that is read aloud. */
const announced = (page: Page, text: string) =>
  page.locator('.sr-only[role=status]', { hasText: text }).waitFor({ state: 'attached' });

/** What is to be decided, above where one writes. */
const strip = (page: Page, text: string | RegExp) => page.locator('.strip p', { hasText: text });

async function end(page: Page): Promise<void> {
  await button(page, 'More options').click();
  await page.getByRole('menuitem', { name: 'End conversation' }).click();
}

/** The same person, looking at the same conversation in another tab. */
async function openSecond(one: Visit): Promise<Page> {
  const { page } = await come({}, one);
  await openChat(page);
  await page.locator('.tickets .ticket').first().click();
  return page;
}

const post = (id: string, what: string, body: object = {}, by = staff()) =>
  by.call<TicketView>('POST', `/tickets/${id}/${what}`, body);

describe('the end of a conversation', () => {
  test('is due in ten seconds on the server: the countdown survives a reload, a second tab has it, and Undo takes it from both', async () => {
    const one = await come();
    const { page } = one;
    const id = await begin(page);
    const second = await openSecond(one);
    await said(second, 'My fern').waitFor();
    await page.getByLabel('Your message').fill('half a sentence');
    await end(page);
    const counting = /^Ends in \d+ s$/;
    await strip(page, counting).waitFor();
    await expectFocus(page, 'Undo');
    await announced(page, 'Ends in');
    expect((await ticket(id)).closing_due_at).toEqual(expect.any(Number));
    await picture(page, 'verbs-undo');
    await page.reload();
    await strip(page, counting).waitFor();
    await strip(second, counting).waitFor();
    await button(second, 'Undo').press('Enter');
    await expectFocus(second, 'Your message');
    await announced(second, 'The conversation stays open.');
    await strip(page, counting).waitFor({ state: 'detached' });
    expect((await ticket(id)).closing_due_at).toBeNull();
    expect(await page.getByLabel('Your message').inputValue()).toBe('half a sentence');
  }, 60_000);

  test('comes by itself when it is due, with the page away; it can be opened again, which every tab hears', async () => {
    const one = await come();
    const { page } = one;
    const id = await begin(page);
    await end(page);
    await button(page, 'Undo').waitFor();
    await page.goto(`${widget.site.url}/other`);
    // The same as waiting: asked for again, it takes the place of what was asked for.
    await post(id, 'closing', { in_ms: 1 }, me());
    await eventually(async () => expect((await ticket(id)).status).toBe('CLOSED'));
    await page.goto(widget.site.url);
    await button(page, 'Reopen conversation').waitFor();
    const second = await openSecond(one);
    await button(second, 'Reopen conversation').press('Enter');
    await expectFocus(second, 'Your message');
    await announced(second, 'The conversation is open again.');
    await page.getByLabel('Your message').waitFor();
    expect((await ticket(id)).status).toBe('REOPENED');
    await write(page, 'It is still unwell');
    await said(second, 'It is still unwell').waitFor();
  }, 60_000);

  test('that staff have put off says when it comes, and can be called off; a silent one is not told of', async () => {
    const { page } = await come();
    const id = await begin(page);
    await post(id, 'closing', { in_ms: 7_200_000, silent: true });
    await post(id, 'closing', { in_ms: 7_200_000 });
    await strip(page, /^This conversation will end: /).waitFor();
    await picture(page, 'verbs-put-off');
    await button(page, 'Keep open').click();
    await button(page, 'Keep open').waitFor({ state: 'detached' });
    expect((await ticket(id)).closing_due_at).toBeNull();
    await post(id, 'closing', { in_ms: 7_200_000, silent: true });
    await staff().send(id, 'A little less sun');
    await said(page, 'A little less sun').waitFor();
    expect(await button(page, 'Keep open').count()).toBe(0);
  }, 60_000);

  test('is not to be opened again where the server does not let it', async () => {
    const { page } = await come();
    const id = await begin(page);
    await post(id, 'withdraw', {}, me());
    await page.getByText('Conversation ended').waitFor();
    await button(page, 'New conversation').waitFor();
    expect(await button(page, 'Reopen conversation').count()).toBe(0);
  }, 60_000);

  test('counts the same seconds on a machine whose clock is an hour off', async () => {
    const { page } = await come();
    await page.clock.install({ time: Date.now() + 3_600_000 });
    await page.reload();
    await begin(page);
    await end(page);
    await strip(page, /^Ends in ([1-9]|10) s$/).waitFor();
    await page.reload();
    await strip(page, /^Ends in [1-9] s$/).waitFor();
    await button(page, 'Undo').click();
    await button(page, 'Undo').waitFor({ state: 'detached' });
  }, 60_000);

  test('never counts from more than ten seconds, however late the answer comes after its event', async () => {
    const { page } = await come();
    await begin(page);
    await page.route('**/closing', async (route) => {
      const response = await route.fetch();
      await new Promise((resolve) => setTimeout(resolve, 400));
      await route.fulfill({ response });
    });
    await end(page);
    const counting = strip(page, /^Ends in \d+ s$/);
    const seen = new Set<number>();
    const until = Date.now() + 1500;
    while (Date.now() < until) {
      seen.add(Number(/\d+/.exec((await counting.textContent()) ?? '')?.[0]));
      await page.waitForTimeout(50);
    }
    expect(Math.max(...seen)).toBeLessThanOrEqual(10);
  }, 60_000);

  test('without a connection is not promised: it says so, and nothing is due', async () => {
    const { page } = await come();
    const id = await begin(page);
    await button(page, 'More options').click();
    await page.route('**/closing', (route) => route.abort());
    await page.getByRole('menuitem', { name: 'End conversation' }).click();
    await page.getByText('There is no connection at the moment. Please try again.').waitFor();
    expect((await ticket(id)).closing_due_at).toBeNull();
    await page.unrouteAll();
  }, 60_000);
});

describe('when staff ask whether it is solved', () => {
  test('No, still open takes the question back and leads back to writing; Yes, solved ends it', async () => {
    const one = await come();
    const { page } = one;
    const id = await begin(page);
    const second = await openSecond(one);
    await post(id, 'close-request');
    await strip(page, /^.Kim. asks: is this solved\?$/).waitFor();
    await announced(page, 'asks: is this solved?');
    await picture(page, 'verbs-asked');
    await button(second, 'No, still open').press('Enter');
    await expectFocus(second, 'Your message');
    await button(page, 'No, still open').waitFor({ state: 'detached' });
    expect((await ticket(id)).close_request).toBeNull();
    await post(id, 'close-request');
    await button(page, 'Yes, solved').click();
    await page.getByText('Conversation ended').waitFor();
    await second.getByText('Conversation ended').waitFor();
    expect((await ticket(id)).status).toBe('CLOSED');
  }, 60_000);

  test('an answer in words takes the question back as well', async () => {
    const { page } = await come();
    const id = await begin(page);
    await post(id, 'close-request');
    await button(page, 'Yes, solved').waitFor();
    await write(page, 'It has a new leaf, but it is yellow');
    await button(page, 'Yes, solved').waitFor({ state: 'detached' });
  }, 60_000);
});

describe('rating', () => {
  test('is asked for once there was help: by keyboard, with a comment, thanked for, changed, and heard by the other tab', async () => {
    const one = await come();
    const { page } = one;
    const id = await begin(page);
    await staff().send(id, 'A little less sun');
    await said(page, 'A little less sun').waitFor();
    await staff().close(id);
    const star = (score: number) => page.getByLabel(`${score} of 5 stars`);
    await star(1).focus();
    await page.keyboard.press('Space');
    for (let step = 0; step < 3; step++) await page.keyboard.press('ArrowRight');
    await page.getByLabel('Anything to add? (optional)').fill('Quick and kind');
    await picture(page, 'verbs-rating');
    await page.reload();
    await page.getByLabel('Anything to add? (optional)').waitFor();
    expect(await star(4).isChecked()).toBe(true);
    await button(page, 'Send rating').press('Enter');
    await page.getByText('Thank you for your rating.').first().waitFor();
    await announced(page, 'Thank you for your rating.');
    expect((await ticket(id)).rating).toMatchObject({ score: 4, comment: 'Quick and kind' });
    const second = await openSecond(one);
    await second.getByLabel('4 of 5 stars').waitFor();
    await button(page, 'Change rating').click();
    expect(await page.getByLabel('Anything to add? (optional)').inputValue()).toBe(
      'Quick and kind',
    );
    await page.locator('.rating .star').last().click();
    await button(page, 'Send rating').click();
    await second.getByLabel('5 of 5 stars').waitFor();
    await picture(page, 'verbs-rated');
    expect((await ticket(id)).rating).toMatchObject({ score: 5 });
  }, 60_000);

  test('and reopening that come too late are refused in words, and change nothing', async () => {
    const { page } = await come();
    const id = await begin(page);
    await staff().send(id, 'A little less sun');
    await staff().close(id);
    await post(id, 'rating', { score: 2 }, me());
    await button(page, 'Change rating').click();
    await button(page, 'Reopen conversation').waitFor();
    const { ctx } = widget.app;
    const { clock } = ctx;
    // Eight days later, of which the page knows nothing.
    Object.assign(ctx, { clock: createClock(() => Date.now() + 8 * 24 * 3_600_000) });
    try {
      await page.locator('.rating .star').last().click();
      await button(page, 'Send rating').click();
      await page.getByText('The rating can no longer be changed.').waitFor();
      await picture(page, 'verbs-too-late');
      await button(page, 'Reopen conversation').click();
      await page.getByText('It can no longer be reopened.').waitFor();
    } finally {
      Object.assign(ctx, { clock });
    }
    expect(await ticket(id)).toMatchObject({ status: 'CLOSED', rating: { score: 2 } });
  }, 60_000);

  test('is not asked for where nobody has answered', async () => {
    const { page } = await come();
    const id = await begin(page);
    await staff().close(id);
    await button(page, 'Reopen conversation').waitFor();
    expect(await page.getByText('How was our help?').count()).toBe(0);
  }, 60_000);
});

describe('what a conversation begins with', () => {
  test('staff are told of page, title, browser and language, and of what the partner says; never of a query', async () => {
    const { page } = await come();
    await page.evaluate(
      `history.replaceState(null, '', '/?secret=1#two'); SupportChat('setContext', { plan: 'Gold', _id: 'no key', empty: ' ', long: 'x'.repeat(600) })`,
    );
    const id = await begin(page);
    const { context } = await ticket(id);
    expect(context).toEqual({
      plan: 'Gold',
      long: 'x'.repeat(500),
      page: `${widget.site.url}/`,
      title: 'A shop',
      browser: expect.stringContaining('Mozilla'),
      language: 'en-GB',
    });
  }, 60_000);

  test('with data-context="false" they are told nothing', async () => {
    widget.site.page = { attributes: 'data-context="false"' };
    const { page } = await come();
    expect((await ticket(await begin(page))).context).toEqual({});
  }, 60_000);
});

test('a copy of the conversation is a page that needs nothing but itself, with what was said as it was said', async () => {
  const { page, complaints } = await come();
  const id = await begin(page, 'My <b>fern</b> is unwell');
  await staff().send(id, 'A little less <script>sun</script>');
  await said(page, 'A little less').waitFor();
  await button(page, 'More options').click();
  const arriving = page.waitForEvent('download');
  await page.getByRole('menuitem', { name: 'Save a copy' }).click();
  const download = await arriving;
  expect(download.suggestedFilename()).toMatch(/^chat-\d+\.html$/);
  const text = await readFile(await download.path(), 'utf8');
  const copy = await widget.browser.newPage();
  const asked: string[] = [];
  copy.on('request', (request) => asked.push(request.url()));
  await copy.setContent(text);
  expect(await copy.locator('li').allInnerTexts()).toEqual([
    expect.stringMatching(/^Ben \(You\) [\s\S]*My <b>fern<\/b> is unwell$/),
    expect.stringMatching(/^Kim [\s\S]*A little less <script>sun<\/script>$/),
  ]);
  expect(asked).toEqual([]);
  await picture(copy, 'verbs-copy');
  await copy.close();
  expect(complaints).toEqual([]);
}, 60_000);

describe('who is there', () => {
  const weekly = (periods: [string, string][]) =>
    Object.fromEntries(
      ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'].map((day) => [day, periods]),
    );
  const dayAfter = (days: number) =>
    new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);

  /** Sets working hours, and waits until the server says what comes of it. */
  async function setHours(calendar: object, expected: object): Promise<void> {
    await admin().call('PUT', '/settings/calendar', { timezone: 'UTC', ...calendar });
    await eventually(
      async () => {
        const { body } = await me().call('GET', '/availability');
        expect(body).toMatchObject(expected);
      },
      { timeout: 20_000 },
    );
  }

  test('in working hours it says that somebody is there and how long an answer takes, on the first page, on the list and in the header', async () => {
    const kim = listenAt(widget.app.url);
    await kim.ask('authorize', { token: mintToken({ id: 'kim', role: 'AGENT' }) });
    const earlier = await me().createTicket();
    await staff().send(earlier.id, 'Yes?');
    await setHours(
      { weekly: weekly([['00:00', '24:00']]), holidays: [dayAfter(3)] },
      { open: true, staff_online: true, expected_reply_ms: expect.any(Number) },
    );
    widget.site.user = { id: 'newcomer', username: 'New' };
    const { page } = await come();
    await openChat(page);
    await page.locator('.header', { hasText: 'We are here' }).waitFor();
    await page.getByText(/^Usual reply time: \d+ minutes?$/).waitFor();
    await picture(page, 'verbs-here');
    await write(page, 'My fern');
    await button(page, 'All conversations').click();
    await page.locator('.header', { hasText: 'We are here' }).waitFor();
    await page.getByText('Opening hours').click();
    await page.getByText('Monday', { exact: true }).waitFor();
    await page.getByText(/^Closed on /).waitFor();
    await picture(page, 'verbs-hours');
    kim.socket.close();
  }, 60_000);

  test('on a holiday it says so, and when it opens again', async () => {
    await setHours(
      { weekly: weekly([['00:00', '24:00']]), holidays: [dayAfter(0)] },
      { open: false },
    );
    const { page } = await come();
    await openChat(page);
    await page.locator('.header', { hasText: /^.*Today is a holiday, back .+/ }).waitFor();
    await picture(page, 'verbs-holiday');
    await admin().call('DELETE', '/settings/calendar');
  }, 60_000);
});

describe('everybody can use it', () => {
  test.each([
    { width: 320, height: 568, lang: 'en', colorScheme: 'light' },
    { width: 768, height: 1024, lang: 'en', colorScheme: 'dark' },
    { width: 320, height: 568, lang: 'ar', colorScheme: 'dark' },
    { width: 768, height: 1024, lang: 'ar', colorScheme: 'light' },
  ] as const)(
    'at $width px in $lang and $colorScheme, the new states are free of barriers',
    async ({ lang, colorScheme, ...viewport }) => {
      widget.site.page = { lang };
      const { page } = await come({
        ...{ viewport, colorScheme, bypassCSP: true, reducedMotion: 'reduce' },
      });
      await page.locator('.launcher').click();
      await page.locator('.composer textarea').fill('My fern is unwell');
      await page.locator('.send').click();
      const [{ id }] = await eventually(async () => {
        const { body } = await me().call<TicketView[]>('GET', '/tickets');
        expect(body).toHaveLength(1);
        return body as [TicketView];
      });
      await staff().send(id, 'A little less sun, and some water every other day');
      await said(page, 'A little less sun').waitFor();
      const look = async (state: string) => {
        await picture(page, `verbs-${viewport.width}-${lang}-${state}`);
        expect([state, ...(await findBarriers(page))]).toEqual([state]);
        await expectNoSidewaysScroll(page);
      };
      await post(id, 'closing', { in_ms: 7_200_000 });
      await page.locator('.strip').waitFor();
      await look('put-off');
      await post(id, 'closing', { in_ms: 59_000 });
      await eventually(async () =>
        expect(await page.locator('.strip').textContent()).toMatch(/5\d|٥/),
      );
      await look('undo');
      await page.locator('.strip button').click();
      await post(id, 'close-request');
      await page.locator('.strip.asks').waitFor();
      await look('asked');
      await page.locator('.strip button').first().click();
      await page.locator('.rating').waitFor();
      await look('ended');
      await page.locator('.rating .star').nth(3).click();
      await page.locator('.rating textarea').waitFor();
      await look('rating');
      await page.locator('.rating [type=submit]').click();
      await page.locator('.rated').waitFor();
      await look('rated');
    },
    60_000,
  );

  test('in every language the words in the empty field fit at 320 px', async () => {
    const { page } = await come({ viewport: { width: 320, height: 568 }, bypassCSP: true });
    const spare = () =>
      page.evaluate(`(() => {
        const field = document.querySelector('deskcord-chat').shadowRoot.querySelector('.composer textarea');
        const { font, paddingLeft, paddingRight } = getComputedStyle(field);
        const canvas = document.createElement('canvas').getContext('2d');
        canvas.font = font;
        const needed = canvas.measureText(field.placeholder).width;
        return field.clientWidth - parseFloat(paddingLeft) - parseFloat(paddingRight) - needed;
      })()`);
    const everyLanguage = async () => {
      for (const lang of ['en', 'de', 'fr', 'es', 'pt', 'ar', 'ja']) {
        await page.evaluate(`SupportChat('setLocale', '${lang}')`);
        await page.locator(`.panel[lang=${lang}]`).waitFor();
        expect([lang, ((await spare()) as number) >= 0]).toEqual([lang, true]);
      }
      await page.evaluate("SupportChat('setLocale', 'en')");
      await page.locator('.panel[lang=en]').waitFor();
    };
    await openChat(page);
    await page.getByLabel('Your message').waitFor();
    await everyLanguage();
    await write(page, 'My fern is unwell');
    await page.getByText('Sent', { exact: true }).waitFor();
    await everyLanguage();
  }, 60_000);

  test('what is cut in a line keeps its beginning, whichever way its words run', async () => {
    widget.site.page = { lang: 'ar' };
    const { page } = await come({ viewport: { width: 320, height: 568 } });
    const topic = 'A question in English that is much longer than any line of a small phone';
    await me().call('POST', '/tickets', { topic, description: `${topic}, and longer still` });
    const hidden = (selectors: string) =>
      page.evaluate(`(() => {
        const root = document.querySelector('deskcord-chat').shadowRoot;
        return [...root.querySelectorAll('${selectors}')].filter((one) => {
          const letter = document.createRange();
          const text = document.createTreeWalker(one, NodeFilter.SHOW_TEXT).nextNode();
          letter.setStart(text, 0);
          letter.setEnd(text, 1);
          const [a, b] = [letter.getBoundingClientRect(), one.getBoundingClientRect()];
          return a.left < b.left - 1 || a.right > b.right + 1;
        }).map((one) => one.className || one.tagName);
      })()`);
    await page.locator('.launcher').click();
    await page.locator('.ticket-last').waitFor();
    await picture(page, 'cut-list');
    expect(await hidden('.ticket-topic, .ticket-last')).toEqual([]);
    await page.locator('.ticket').click();
    await page.locator('.titles h2', { hasText: 'A question' }).waitFor();
    await picture(page, 'cut-header');
    expect(await hidden('.titles h2')).toEqual([]);
  }, 60_000);

  test('in every language all of it fits at 320 px', async () => {
    const { page } = await come({ viewport: { width: 320, height: 568 }, bypassCSP: true });
    const id = await begin(page);
    await staff().send(id, 'A little less sun');
    const cut = () =>
      page.evaluate(`(() => {
        const root = document.querySelector('deskcord-chat').shadowRoot;
        const all = [...root.querySelectorAll('.strip *, .ended *')];
        return all.filter((one) => one.clientWidth > 1 && one.scrollWidth > one.clientWidth + 1).map((one) => one.textContent);
      })()`);
    const everyLanguage = async (selector: string) => {
      await page.locator(selector).waitFor();
      for (const lang of ['en', 'de', 'fr', 'es', 'pt', 'ar', 'ja']) {
        await page.evaluate(`SupportChat('setLocale', '${lang}')`);
        await page.locator(`.panel[lang=${lang}]`).waitFor();
        expect([selector, lang, await cut()]).toEqual([selector, lang, []]);
      }
    };
    await post(id, 'closing', { in_ms: 7_200_000 });
    await everyLanguage('.strip');
    await page.locator('.strip button').click();
    await post(id, 'close-request');
    await everyLanguage('.strip.asks');
    await staff().close(id);
    await everyLanguage('.rating');
  }, 60_000);
});
