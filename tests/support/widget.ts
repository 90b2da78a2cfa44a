import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import type { TicketView } from '../../src/contract/tickets.ts';
import { findFreePort } from '../../src/infra/embedded-mongo/launch.ts';
import { ensureBuilt, root } from '../../src/prepare.mjs';
import { openBrowser } from '../browser/browser.ts';
import { type PartnerSite, servePartner } from '../browser/partner-site.ts';
import { openChat, type Visit, visit, write } from '../browser/widget-desk.ts';
import { openApp, type RunningApp } from './app.ts';
import { eventually } from './eventually.ts';
import { mintToken, personAt } from './people.ts';

const pictures = join(root, 'tests/browser/screenshots');

/** A server, a partner's page with the tag, and a browser: started before the tests of a file, ended after. */
export interface WidgetTests {
  app: RunningApp;
  site: PartnerSite;
  browser: Browser;
  /** Opens the partner's page as whoever is signed in, in a browser of their own or of `known`. */
  come(options?: Parameters<typeof visit>[2], known?: Visit): Promise<Visit>;
  /** Who is signed in at the page. */
  me(): ReturnType<typeof personAt>;
  staff(): ReturnType<typeof personAt>;
  admin(): ReturnType<typeof personAt>;
  /** Opens the chat and makes a ticket. */
  begin(page: Page, text?: string): Promise<string>;
  ticket(id: string): Promise<TicketView>;
  picture(page: Page, name: string): Promise<unknown>;
}

interface Options {
  env?: Record<string, string>;
  /** Where the page finds the server, if not at its own address. */
  front?: (app: RunningApp) => Promise<string>;
  launch?: Parameters<typeof openBrowser>[0];
  onStart?: (app: RunningApp) => (() => Promise<unknown>) | undefined;
}

/** Registers what starts and ends it; each test is somebody else. What it answers is there within tests. */
export function useWidget({ env = {}, front, launch, onStart }: Options = {}): WidgetTests {
  const open: Visit[] = [];
  let users = 0;
  let end: (() => Promise<unknown>) | undefined;
  const tests = {
    async come(options = {}, known) {
      const one = await visit(tests.browser, tests.site.url, options, known?.context);
      open.push(one);
      return one;
    },
    me: () => personAt(tests.app.url, mintToken(tests.site.user)),
    staff: () =>
      personAt(tests.app.url, mintToken({ id: `kim-${users}`, role: 'AGENT', username: 'Kim' })),
    admin: () => personAt(tests.app.url, mintToken({ id: 'boss', role: 'ADMIN' })),
    async begin(page, text = 'My fern is unwell') {
      await openChat(page);
      await write(page, text);
      // Not often: the page has what the limits leave to the same person.
      return eventually(
        async () => {
          const { body } = await tests.me().call<{ id: string }[]>('GET', '/tickets');
          if (!body[0]) throw new Error('there is no ticket yet');
          return body[0].id;
        },
        { every: 250 },
      );
    },
    async ticket(id) {
      return (await tests.me().call<TicketView>('GET', `/tickets/${id}`)).body;
    },
    picture: (page, name) => page.screenshot({ path: join(pictures, `${name}.png`) }),
  } as WidgetTests;
  beforeAll(async () => {
    await ensureBuilt();
    await mkdir(pictures, { recursive: true });
    const app = await openApp({ WEB_SERVER_PORT: String(await findFreePort()), ...env });
    tests.app = app;
    await app.ready;
    end = onStart?.(app);
    const host = (await front?.(app)) ?? app.url;
    // Files have the address the page's policy names, or no picture would ever be shown.
    app.setPublicUrl(host);
    tests.site = await servePartner(host);
    tests.browser = await openBrowser(launch);
  }, 240_000);
  afterAll(async () => {
    await tests.browser?.close();
    await tests.site?.close();
    await end?.();
    await tests.app?.stop();
  }, 120_000);
  beforeEach(() => {
    tests.site.user = { id: `ben-${++users}`, username: 'Ben' };
    tests.site.page = {};
  });
  afterEach(async () => {
    for (const one of open.splice(0)) await one.close();
  });
  return tests;
}
