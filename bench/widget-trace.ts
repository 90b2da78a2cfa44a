/**
 * `npm run widget:trace`: what the widget costs the main thread of a page, from Chromium's own trace.
 * Prints the longest tasks in which code of the widget ran, in processor time where the trace has it.
 */
import type { Browser, Page } from 'playwright-core';
import { findFreePort } from '../src/infra/embedded-mongo/launch.ts';
import { ensureBuilt } from '../src/prepare.mjs';
import { openBrowser } from '../tests/browser/browser.ts';
import { servePartner } from '../tests/browser/partner-site.ts';
import { openApp } from '../tests/support/app.ts';
import { startReplicaSet } from '../tests/support/mongo.ts';
import { mintToken, personAt } from '../tests/support/people.ts';
import { seedMessages } from './subjects/deskcord.ts';

const MESSAGES = 5000;
const SCROLLS = 60;
const STEP_PAUSE_MS = 100;

interface TraceEvent {
  name: string;
  ph: string;
  pid: number;
  tid: number;
  ts: number;
  /** Microseconds by the clock, and of the processor. */
  dur?: number;
  tdur?: number;
  args?: { data?: { url?: string }; name?: string };
}

interface Costs {
  tasks: number;
  /** Milliseconds, longest first. */
  longest: number[];
  over: (ms: number) => number;
}

/** How code is run; what else names a file of ours, such as the request for it, is the browser's own. */
const running = /^(EvaluateScript|FunctionCall|v8\.evaluateModule|RunMicrotasks|EventDispatch)$/;

/** The tasks of main threads in which code of the widget ran; one within another is not another. */
function readCosts(trace: Buffer): Costs {
  const { traceEvents } = JSON.parse(trace.toString()) as { traceEvents: TraceEvent[] };
  const isIn = (one: TraceEvent, { pid, tid, ts, dur = 0 }: TraceEvent) =>
    one.pid === pid && one.tid === tid && one.ts >= ts && one.ts < ts + dur;
  const ours = traceEvents.filter(
    ({ name, args }) => running.test(name) && /\/widget\//.test(args?.data?.url ?? ''),
  );
  const tasks = traceEvents
    .filter(({ name, ph }) => ph === 'X' && /RunTask$/.test(name))
    .filter((task) => ours.some((one) => isIn(one, task)));
  const isWithin = (task: TraceEvent, one: TraceEvent) =>
    isIn(task, one) && (one.dur ?? 0) > (task.dur ?? 0);
  const outermost = tasks.filter((task) => !tasks.some((one) => isWithin(task, one)));
  const costs = outermost.map(({ tdur, dur = 0 }) => (tdur ?? dur) / 1000).sort((a, b) => b - a);
  const over = (ms: number) => costs.filter((cost) => cost > ms).length;
  return { tasks: costs.length, longest: costs.slice(0, 5), over };
}

async function trace(browser: Browser, page: Page, work: () => Promise<void>): Promise<Costs> {
  const categories = ['devtools.timeline', 'disabled-by-default-devtools.timeline', 'toplevel'];
  await browser.startTracing(page, { categories });
  await work();
  return readCosts(await browser.stopTracing());
}

function print(what: string, { tasks, longest, over }: Costs, limit: number): void {
  const list = longest.map((ms) => ms.toFixed(1)).join(', ');
  console.log(
    `${what}: ${tasks} tasks of ours, ${over(limit)} over ${limit} ms; longest ${list} ms`,
  );
}

const pause = (page: Page) => page.waitForTimeout(STEP_PAUSE_MS);

await ensureBuilt();
const set = await startReplicaSet(1);
process.env.TEST_MONGO_URI = set.uri;
const app = await openApp({ WEB_SERVER_PORT: String(await findFreePort()) });
await app.ready;
const site = await servePartner(app.url);
const browser = await openBrowser();
try {
  const context = await browser.newContext({
    locale: 'en-GB',
    viewport: { width: 1280, height: 800 },
  });
  const page = await context.newPage();
  const session = await context.newCDPSession(page);
  await session.send('Emulation.setCPUThrottlingRate', { rate: 4 });
  const loading = await trace(browser, page, async () => {
    await page.goto(site.url);
    await page.getByRole('button', { name: 'Open chat' }).waitFor();
    await page.waitForTimeout(1000);
  });
  print('loader, processor slowed four times', loading, 50);
  const shifts = await page.evaluate(`new Promise((resolve) => {
    new PerformanceObserver((list) => resolve(list.getEntries().length)).observe({ type: 'layout-shift', buffered: true });
    setTimeout(() => resolve(0), 500);
  })`);
  console.log(`layout shifts while it loads: ${shifts}`);
  await session.send('Emulation.setCPUThrottlingRate', { rate: 1 });

  const customer = personAt(app.url, mintToken(site.user));
  const ticket = await customer.createTicket({ topic: 'A long talk' });
  const db = app.ctx.db.connection.db as never;
  await seedMessages(db, { ticket: ticket.id, token: '' }, MESSAGES);
  await page.getByRole('button', { name: 'Open chat' }).click();
  const item = page.getByRole('button', { name: /A long talk/ });
  await item.waitFor();
  const opening = await trace(browser, page, async () => {
    await item.click();
    await page.locator('.line').nth(5).waitFor();
    await page.waitForTimeout(1000);
  });
  print(`a ticket of ${MESSAGES} messages opens`, opening, 16);
  const scrolling = await trace(browser, page, async () => {
    for (let step = 0; step < SCROLLS; step++) {
      await page.locator('.log').press(step % 3 === 0 ? 'Home' : 'PageUp');
      await pause(page);
    }
    for (let step = 0; step < SCROLLS / 2; step++) {
      await page.locator('.log').press('PageDown');
      await pause(page);
    }
  });
  print(`it is scrolled ${SCROLLS * 1.5} times`, scrolling, 16);
} finally {
  await browser.close();
  await site.close();
  await app.stop();
  await set.close();
}
