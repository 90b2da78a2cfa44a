import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { type Bot, startBot } from '../../bot/bot.ts';
import type { RunningSimulator } from '../../simulator/server.ts';
import { testConfig } from '../support/app.ts';
import {
  channelOf,
  clearFaults,
  discordEnv,
  discordPerson,
  fault,
  startDiscord,
} from '../support/discord.ts';
import { eventually } from '../support/eventually.ts';
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts';
import { useWidget } from '../support/widget.ts';
import { findBarriers, openChat, said, write } from './widget-desk.ts';

let proxy: FaultProxy;
const widget = useWidget({
  async front({ url }) {
    proxy = await startFaultProxy({ target: { port: Number(new URL(url).port) } });
    return `http://127.0.0.1:${proxy.port}`;
  },
  onStart: () => () => proxy?.close(),
});
const { come, begin, me, ticket, picture } = widget;

let sim: RunningSimulator;
let bots: Bot[] = [];
beforeAll(async () => {
  sim = await startDiscord();
}, 60_000);
afterEach(() => stopBots());
afterAll(() => sim.close());

async function startTheBot(): Promise<void> {
  const { ctx } = widget.app;
  const config = { ...testConfig(discordEnv(sim)), dbName: ctx.config.dbName };
  bots.push(await startBot({ ...ctx, config }));
}

async function stopBots(): Promise<void> {
  await Promise.all(bots.map((bot) => bot.stop()));
  bots = [];
}

/** What stands below the message, in its words: one message at most says how far it has come. */
const state = (page: Page, text: string) =>
  page.locator('.row.mine', { has: page.locator('.bubble', { hasText: text }) }).locator('.state');
const isAt = (page: Page, text: string, word: string) =>
  eventually(async () => expect(await state(page, text).allInnerTexts()).toEqual([word]), {
    timeout: 20_000,
  });

test('a message is sent, delivered when its post stands in Discord, and seen when staff answer; reloads, tabs and edits take nothing back', async () => {
  const visit = await come();
  const { page } = visit;
  const id = await begin(page, 'My fern is unwell');
  await isAt(page, 'My fern is unwell', 'Sent');
  await startTheBot();
  await isAt(page, 'My fern is unwell', 'Delivered');

  await fault(sim, { kind: 'status', method: 'POST', content: 'by the window', status: 503 });
  await write(page, 'It stands by the window.');
  await isAt(page, 'by the window', 'Sent');
  await picture(page, 'sent');
  await page.reload();
  await isAt(page, 'by the window', 'Sent');
  const { page: tab } = await come({}, visit);
  await openChat(tab);
  await tab.getByRole('button', { name: /My fern is unwell/ }).click();
  await isAt(tab, 'by the window', 'Sent');
  await clearFaults(sim);
  for (const one of [page, tab]) await isAt(one, 'by the window', 'Delivered');
  await picture(page, 'delivered');
  expect(await findBarriers(page)).toEqual([]);

  const [first] = (await me().list(id)).body;
  await me().call('PATCH', `/tickets/${id}/messages/${first?.id}`, {
    content: 'It is in the sun.',
  });
  await said(page, 'It is in the sun.').waitFor();
  await isAt(page, 'in the sun', 'Delivered');
  await page.reload();
  await isAt(page, 'in the sun', 'Delivered');
  // Another machine of theirs has kept nothing of it.
  const { page: phone } = await come({});
  await openChat(phone);
  await phone.getByRole('button', { name: /My fern is unwell|in the sun/ }).click();
  await isAt(phone, 'in the sun', 'Delivered');

  const { number } = await ticket(id);
  const channel = await channelOf(sim, number);
  await discordPerson(sim, 'kim').write(channel.id as string, 'A little less of it, please.');
  for (const one of [page, tab, phone]) await isAt(one, 'in the sun', 'Seen');
  await page.reload();
  await isAt(page, 'in the sun', 'Seen');
}, 120_000);

test('what was delivered while the page had no connection says so when it is back', async () => {
  const { page } = await come();
  await begin(page, 'My ivy is unwell');
  await isAt(page, 'My ivy is unwell', 'Sent');
  await proxy.refuse();
  proxy.resetAll();
  await page.getByText('No connection.', { exact: false }).waitFor();
  await startTheBot();
  await eventually(
    async () => {
      const [newest] = (await me().call<{ id: string }[]>('GET', '/tickets')).body;
      const { headers } = await me().list(newest?.id ?? '');
      expect(headers.get('deskcord-delivered')).toBe('0');
    },
    { timeout: 20_000 },
  );
  expect(await state(page, 'My ivy is unwell').allInnerTexts()).toEqual(['Sent']);
  await proxy.accept();
  await page.getByText('Try now').click();
  await isAt(page, 'My ivy is unwell', 'Delivered');
}, 120_000);
