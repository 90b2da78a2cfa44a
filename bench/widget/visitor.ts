import type { Browser, CDPSession, Page } from 'playwright-core';
import { type Task, traceTasks } from './trace.ts';

/** A chat on a page, and where its parts are. */
export interface Chat {
  /** Addresses of its scripts. */
  script: RegExp;
  /** The element with its shadow root. */
  host: string;
  /** Within that: */
  composer: string;
  message: string;
  log: string;
}

export const ourChat: Chat = {
  script: /\/widget\//,
  ...{ host: 'deskcord-chat', composer: '.composer textarea', message: '.bubble', log: '.log' },
};

export const peerChat: Chat = {
  script: /\/peer/,
  ...{ host: 'deep-chat', composer: '#text-input', message: '.message-bubble', log: '#messages' },
};

/** A view is full of them. */
const MESSAGES_SEEN = 3;
const SETTLE_MS = 1500;
const STEP_PAUSE_MS = 100;
const USABLE_WITHIN_MS = 60_000;

/** A browser that nobody has used before, its processor slowed so many times. */
export class Visitor {
  readonly page: Page;
  readonly session: CDPSession;
  readonly #browser: Browser;
  readonly #chat: Chat;

  private constructor(browser: Browser, chat: Chat, page: Page, session: CDPSession) {
    this.#browser = browser;
    this.#chat = chat;
    this.page = page;
    this.session = session;
  }

  static async come(browser: Browser, chat: Chat, slowed: number): Promise<Visitor> {
    const viewport = { width: 1280, height: 800 };
    const context = await browser.newContext({ locale: 'en-GB', viewport });
    const page = await context.newPage();
    page.setDefaultTimeout(USABLE_WITHIN_MS);
    const session = await context.newCDPSession(page);
    await session.send('Emulation.setCPUThrottlingRate', { rate: slowed });
    return new Visitor(browser, chat, page, session);
  }

  leave(): Promise<void> {
    return this.page.context().close();
  }

  /** Tasks of the page while that is done. */
  trace(work: () => Promise<unknown>): Promise<Task[]> {
    return traceTasks(this.#browser, this.page, this.#chat.script, async () => {
      await work();
      await this.page.waitForTimeout(SETTLE_MS);
    });
  }

  /** How far things have moved by themselves, as browsers score it. */
  layoutShift(): Promise<number> {
    return this.page.evaluate(`new Promise((resolve) => {
      new PerformanceObserver((list) => resolve(list.getEntries().reduce((sum, { value }) => sum + value, 0)))
        .observe({ type: 'layout-shift', buffered: true });
      setTimeout(() => resolve(0), 500);
    })`);
  }

  /**
   * Presses the button at `selector`. @returns milliseconds from the press until there is a field to
   * write in, with messages above it where it has some, and both have been painted
   */
  async tap(selector: string, hasMessages: boolean): Promise<number> {
    const { host, composer, message } = this.#chat;
    const wanted = hasMessages ? MESSAGES_SEEN : 0;
    await this.page.evaluate(`window.usable = new Promise((resolve) => {
      addEventListener('pointerdown', ({ timeStamp }) => {
        const look = () => {
          const root = document.querySelector('${host}')?.shadowRoot;
          const field = root?.querySelector('${composer}');
          const isReady = field && !field.disabled && field.getClientRects().length > 0 &&
            root.querySelectorAll('${message}').length >= ${wanted};
          if (!isReady) return requestAnimationFrame(look);
          requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - timeStamp)));
        };
        look();
      }, { once: true, capture: true });
    }), undefined`);
    const box = await this.page.locator(selector).boundingBox();
    if (!box) throw new Error(`there is no ${selector}`);
    await this.page.mouse.click(box.x + box.width / 2, box.y + box.height / 2);
    return this.page.evaluate('window.usable') as Promise<number>;
  }

  /** Writes into the field. @throws an Error where it does not take it */
  async write(text: string): Promise<void> {
    const field = this.page.locator(`${this.#chat.host} ${this.#chat.composer}`);
    await field.click();
    await this.page.keyboard.insertText(text);
    const taken = await field.evaluate((element) => {
      const { value, textContent } = element as unknown as Record<string, string | undefined>;
      return value ?? textContent ?? '';
    });
    if (!taken.includes(text)) throw new Error('the field does not take what is written');
  }

  /** Goes up to the first message, and through the middle, by keys. */
  async scroll(leaps: number, steps: number): Promise<void> {
    const { host, log } = this.#chat;
    await this.page.locator(`${host} ${log}`).evaluate((element) => {
      const field = element as unknown as { tabIndex: number; focus(): void };
      field.tabIndex = 0;
      field.focus();
    });
    const keys = [
      ...Array.from({ length: leaps }, () => 'Home'),
      ...Array.from({ length: steps }, () => 'PageDown'),
      'End',
      ...Array.from({ length: steps }, () => 'PageUp'),
    ];
    for (const key of keys) {
      await this.page.keyboard.press(key);
      await this.page.waitForTimeout(STEP_PAUSE_MS);
    }
  }

  /**
   * What is in use once everything that can go has gone: bytes of the heap, elements of the chat, and nodes
   * that are kept at all. Chromium keeps a thousand steps of what was typed, so that it can be undone, with
   * some nodes each.
   */
  async memory(): Promise<{ heap: number; elements: number; nodes: number }> {
    await this.session.send('HeapProfiler.collectGarbage');
    await this.session.send('HeapProfiler.collectGarbage');
    const { usedSize } = await this.session.send('Runtime.getHeapUsage');
    const { nodes } = await this.session.send('Memory.getDOMCounters');
    const elements = (await this.page.evaluate(
      `document.querySelector('${this.#chat.host}').shadowRoot.querySelectorAll('*').length`,
    )) as number;
    return { heap: usedSize, elements, nodes };
  }
}
