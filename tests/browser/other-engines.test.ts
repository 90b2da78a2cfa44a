import { existsSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { MessageView } from '../../src/contract/messages.ts';
import type { TicketView } from '../../src/contract/tickets.ts';
import { findFreePort } from '../../src/infra/embedded-mongo/launch.ts';
import { ensureBuilt } from '../../src/prepare.mjs';
import { openApp, type RunningApp } from '../support/app.ts';
import { eventually } from '../support/eventually.ts';
import { mintToken, personAt } from '../support/people.ts';
import { type PartnerSite, servePartner } from './partner-site.ts';
import { openWebKit } from './webdriver.ts';
import { staffAt } from './widget-desk.ts';

/** As much of a browser as a customer needs; elements are named by an expression that finds them. */
interface Window {
  goto(url: string): Promise<void>;
  reload(): Promise<void>;
  evaluate<T>(expression: string): Promise<T>;
  press(expression: string): Promise<void>;
  type(expression: string, text: string): Promise<void>;
  close(): Promise<void>;
}

const patience = { timeout: 20_000, every: 100 };

const inChat = (selector: string) =>
  `document.querySelector('deskcord-chat')?.shadowRoot.querySelector(${JSON.stringify(selector)})`;

const said =
  "[...document.querySelector('deskcord-chat').shadowRoot.querySelectorAll('.line .said')].map((one) => one.textContent.trim())";

/** As much of Puppeteer: its own types would bring those of the DOM into every file. */
interface Handle {
  asElement(): { click(): Promise<void>; type(text: string): Promise<void> } | null;
}
interface Puppeteer {
  launch(options: object): Promise<{
    newPage(): Promise<{
      goto(url: string): Promise<unknown>;
      reload(): Promise<unknown>;
      evaluate(expression: string): Promise<unknown>;
      evaluateHandle(expression: string): Promise<Handle>;
    }>;
    close(): Promise<void>;
  }>;
}

/** Firefox, driven by WebDriver BiDi. */
async function openFirefox(): Promise<Window> {
  const paths = [process.env.FIREFOX_PATH, '/usr/bin/firefox-esr', '/usr/bin/firefox'];
  const executablePath = paths.find((path) => path && existsSync(path));
  if (!executablePath) throw new Error('there is no Firefox; set FIREFOX_PATH');
  const { launch } = (await import('puppeteer-core' as string)) as Puppeteer;
  const browser = await launch({ browser: 'firefox', executablePath, headless: true });
  const page = await browser.newPage();
  const find = async (expression: string) => {
    const element = (await page.evaluateHandle(expression)).asElement();
    if (!element) throw new Error(`nothing is found by ${expression}`);
    return element;
  };
  return {
    goto: async (url) => void (await page.goto(url)),
    reload: async () => void (await page.reload()),
    evaluate: <T>(expression: string) => page.evaluate(expression) as Promise<T>,
    press: async (expression) => (await find(expression)).click(),
    type: async (expression, text) => (await find(expression)).type(text),
    close: () => browser.close(),
  };
}

let app: RunningApp;
let site: PartnerSite;
beforeAll(async () => {
  await ensureBuilt();
  app = await openApp({ WEB_SERVER_PORT: String(await findFreePort()) });
  await app.ready;
  site = await servePartner(app.url);
  site.page = { before: '<script src="/complaints.js"></script>' };
}, 240_000);
afterAll(async () => {
  await site?.close();
  await app?.stop();
}, 60_000);

const shows = (window: Window, ...texts: string[]) =>
  eventually(async () => expect(await window.evaluate<string[]>(said)).toEqual(texts), patience);

const appears = (window: Window, selector: string) =>
  eventually(
    async () => expect(await window.evaluate(`!!${inChat(selector)}`)).toBe(true),
    patience,
  );

async function press(window: Window, selector: string): Promise<void> {
  await appears(window, selector);
  await window.press(inChat(selector));
}

async function write(window: Window, text: string): Promise<void> {
  await appears(window, '.composer textarea');
  await window.type(inChat('.composer textarea'), text);
  await press(window, '.send:not(:disabled)');
}

const engines: [name: string, open: () => Promise<Window>][] = [
  ['Firefox', openFirefox],
  ['WebKitGTK', openWebKit],
];

test.each(engines)(
  'in %s the tag opens a chat that sends, receives and comes back after a reload, and nothing is complained of',
  async (name, open) => {
    site.user = { id: `ana-${name}`, username: 'Ana' };
    const me = personAt(app.url, mintToken(site.user));
    const window = await open();
    const complaints: string[] = [];
    // Read before they are lost with the page, which itself has no icon.
    const listen = async () => {
      const all = await window.evaluate<string[]>('complaints');
      complaints.push(...all.filter((one) => !one.endsWith('/favicon.ico')));
    };
    try {
      await window.goto(site.url);
      await press(window, '.launcher');
      await write(window, 'My fern is unwell');
      const id = await eventually(async () => {
        const { body } = await me.call<TicketView[]>('GET', '/tickets');
        expect(body).toMatchObject([{ description: 'My fern is unwell' }]);
        return body[0]?.id as string;
      }, patience);
      await staffAt(app.url).send(id, 'How much sun has it?');
      await shows(window, 'My fern is unwell', 'How much sun has it?');
      await write(window, 'A little');
      await eventually(async () => {
        const { body } = await me.call<MessageView[]>('GET', `/tickets/${id}/messages`);
        expect(body.map(({ content }) => content)).toEqual(['How much sun has it?', 'A little']);
      }, patience);
      await listen();
      await window.reload();
      await shows(window, 'My fern is unwell', 'How much sun has it?', 'A little');
      await listen();
      expect(complaints).toEqual([]);
    } finally {
      await window.close();
    }
  },
  60_000,
);
