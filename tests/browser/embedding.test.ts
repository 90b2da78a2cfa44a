import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { findFreePort } from '../../src/infra/embedded-mongo/launch.ts';
import { ensureBuilt } from '../../src/prepare.mjs';
import { type ServerRole, startServer } from '../../src/server-role.ts';
import { openApp, type RunningApp } from '../support/app.ts';
import { mintToken, personAt } from '../support/people.ts';
import { collectComplaints, openBrowser } from './browser.ts';

const root = join(import.meta.dirname, '../..');
const DOCUMENTED_URL = 'https://support.example.com';

let browser: Browser;
let app: RunningApp;
let site: Server;
let siteUrl: string;
let restarted: ServerRole | undefined;

/** The sample of docs/EMBEDDING.md as a site serves it, with the policy the page asks for. */
async function serveSample(): Promise<void> {
  const document = await readFile(join(root, 'docs/EMBEDDING.md'), 'utf8');
  const sample = (start: string) => {
    const [, code] = new RegExp(`\`\`\`\\w+\n(${start}[^]*?)\`\`\``).exec(document) ?? [];
    return (code as string).replaceAll(DOCUMENTED_URL, app.url);
  };
  const policy = /`(connect-src [^`]+)`/.exec(document)?.[1] as string;
  const ownPolicy = policy
    .replaceAll(DOCUMENTED_URL, app.url)
    .replace(DOCUMENTED_URL.replace('https', 'wss'), app.url.replace('http', 'ws'))
    .replaceAll('-src', "-src 'self'");
  const pages: Record<string, [type: string, body: string | Buffer]> = {
    '/': ['text/html', `<!doctype html>${sample('<section')}`],
    '/support.js': ['text/javascript', sample('// support.js')],
    '/deskcord.js': ['text/javascript', await readFile(join(root, 'dist/browser/deskcord.js'))],
  };
  site = createServer((req, res) => {
    const token = () => JSON.stringify({ token: mintToken({ id: '42' }) });
    const [type, body] =
      req.url === '/support-token'
        ? ['application/json', token()]
        : (pages[req.url ?? ''] ?? ['text/plain', '']);
    const headers = {
      'Content-Type': type,
      'Content-Security-Policy': `script-src 'self'; ${ownPolicy}`,
    };
    res.writeHead(200, headers).end(body);
  });
  const port = await findFreePort();
  await new Promise<void>((resolve) => site.listen(port, '127.0.0.1', resolve));
  siteUrl = `http://127.0.0.1:${port}`;
}

beforeAll(async () => {
  await ensureBuilt();
  app = await openApp({ WEB_SERVER_PORT: String(await findFreePort()) });
  await Promise.all([app.ready, serveSample()]);
  browser = await openBrowser();
}, 120_000);

afterAll(async () => {
  await browser?.close();
  await new Promise((resolve) => site?.close(resolve));
  await restarted?.stop();
  await app?.stop();
});

test('when a page is made as EMBEDDING says, then its visitor chats, and what is written while the server is away outlives a reload', async () => {
  const page = await browser.newPage();
  const complaints = collectComplaints(page);
  await page.goto(siteUrl);
  const field = page.getByLabel('Your message');
  const write = async (text: string) => {
    await field.fill(text);
    await field.press('Enter');
  };
  await write('My fern is unwell');
  await page.getByText('My fern is unwell').waitFor();
  await write('It stands by the window');
  await page.getByText('Ana: It stands by the window').waitFor();

  const staff = personAt(app.url, mintToken({ role: 'AGENT', username: 'Kim' }));
  const { body: tickets } = await staff.call<{ id: string }[]>('GET', '/tickets');
  const messages = `/tickets/${tickets[0]?.id}/messages`;
  await staff.call('POST', messages, { content: 'A little less sun' });
  await page.getByText('Kim: A little less sun').waitFor();
  expect(complaints).toEqual([]);

  await app.stopServer();
  await write('And how much water?');
  await page.getByText('And how much water? (sending)').waitFor();
  await page.reload();
  restarted = await startServer(app);
  await page.getByText('Ana: And how much water?').waitFor();
  const { body } = await staff.call<{ content: string }[]>('GET', messages);
  expect(body.map(({ content }) => content)).toEqual([
    'It stands by the window',
    'A little less sun',
    'And how much water?',
  ]);
}, 120_000);
