import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { findFreePort } from '../../src/infra/embedded-mongo/launch.ts';
import { eventually } from '../support/eventually.ts';

/** What WebDriver names an element with. */
const ELEMENT = 'element-6066-11e4-a52e-4f735466cecf';
/** The file descriptor on which the display says its number. */
const DISPLAY_FD = 3;

type Reference = { [ELEMENT]: string };

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill();
  await ended;
}

/** A screen that nobody looks at. */
async function openDisplay(): Promise<{ name: string; close(): Promise<void> }> {
  const args = ['-displayfd', String(DISPLAY_FD), '-screen', '0', '1280x900x24'];
  const child = spawn('Xvfb', [...args, '-nolisten', 'tcp'], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  });
  const pipe = child.stdio[DISPLAY_FD];
  if (!pipe) throw new Error('Xvfb cannot say which display it is');
  const [said] = (await once(pipe, 'data')) as [Buffer];
  return { name: `:${said.toString().trim()}`, close: () => end(child) };
}

/** One window of a browser, driven by W3C WebDriver. */
export class WebDriverWindow {
  readonly #address: string;

  private constructor(address: string) {
    this.#address = address;
  }

  static async open(driver: string): Promise<WebDriverWindow> {
    const capabilities = { alwaysMatch: { pageLoadStrategy: 'normal' } };
    const { sessionId } = await call<{ sessionId: string }>(`${driver}/session`, 'POST', {
      capabilities,
    });
    return new WebDriverWindow(`${driver}/session/${sessionId}`);
  }

  async goto(url: string): Promise<void> {
    await call(`${this.#address}/url`, 'POST', { url });
  }

  async reload(): Promise<void> {
    await call(`${this.#address}/refresh`, 'POST', {});
  }

  /** What an expression of the page is worth; an element as its reference. */
  evaluate<T>(expression: string): Promise<T> {
    const body = { script: `return ${expression}`, args: [] };
    return call(`${this.#address}/execute/sync`, 'POST', body);
  }

  /** Clicks on an element as a person does. @param expression what finds it */
  async press(expression: string): Promise<void> {
    await call(`${await this.#find(expression)}/click`, 'POST', {});
  }

  async type(expression: string, text: string): Promise<void> {
    await call(`${await this.#find(expression)}/value`, 'POST', { text });
  }

  async close(): Promise<void> {
    await call(this.#address, 'DELETE');
  }

  async #find(expression: string): Promise<string> {
    const found = await this.evaluate<Reference | null>(expression);
    if (!found) throw new Error(`nothing is found by ${expression}`);
    return `${this.#address}/element/${found[ELEMENT]}`;
  }
}

async function call<T>(url: string, method: string, body?: object): Promise<T> {
  const answer = await fetch(url, { method, ...(body && { body: JSON.stringify(body) }) });
  const { value } = (await answer.json()) as { value: T };
  if (!answer.ok) throw new Error(`${method} ${url}: ${JSON.stringify(value)}`);
  return value;
}

/** WebKitGTK's own small browser on a display of its own. */
export async function openWebKit(): Promise<WebDriverWindow> {
  const display = await openDisplay();
  const port = await findFreePort();
  const driver = spawn('WebKitWebDriver', ['--host=127.0.0.1', `--port=${port}`], {
    stdio: 'ignore',
    env: { ...process.env, DISPLAY: display.name },
  });
  const stop = async () => {
    await end(driver);
    await display.close();
  };
  try {
    const address = `http://127.0.0.1:${port}`;
    await eventually(() => call(`${address}/status`, 'GET'), { timeout: 15_000 });
    const window = await WebDriverWindow.open(address);
    const close = window.close.bind(window);
    window.close = async () => {
      await close().finally(stop);
    };
    return window;
  } catch (error) {
    await stop();
    throw error;
  }
}
