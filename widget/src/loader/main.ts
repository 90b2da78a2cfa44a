import {
  type ChatEvents,
  type ChatHandle,
  type ChatOptions,
  OPEN_KEY,
  type PrepareChat,
  type StartChat,
  USED_KEY,
} from '../shared/options.ts';
import { type Api, createApi } from './api.ts';
import { hint, readTag } from './hints.ts';
import { createLauncher, type Launcher } from './launcher.ts';

declare const VERSION: string;

const script = document.currentScript as HTMLScriptElement | null;
const source = script?.src || new URL('/widget/v1.js', location.href).href;
/** The folder of the chat this script belongs to. */
const folder = source.includes(`/${VERSION}/`)
  ? new URL('./', source)
  : new URL(`${VERSION}/`, source);

/** Reads a flag; a browser that keeps nothing for the site answers as if there was none. */
function readFlag(name: 'localStorage' | 'sessionStorage', key: string): boolean {
  try {
    return window[name].getItem(key) !== null;
  } catch {
    return false;
  }
}

/** After the server has been updated, the files of a page that is still open are gone: those of today. */
async function importChat(): Promise<{ prepareChat: PrepareChat }> {
  try {
    return await import(new URL('chat.js', folder).href);
  } catch (error) {
    const answer = await fetch(new URL('manifest.json', new URL('../', folder)));
    const { version } = (await answer.json()) as { version: string };
    if (version === VERSION) throw error;
    return await import(new URL(`../${version}/chat.js`, folder).href);
  }
}

class Loader {
  #options: ChatOptions = {};
  #launcher: Launcher | undefined;
  #chat: ChatHandle | undefined;
  #loading: Promise<ChatHandle> | undefined;
  readonly #listeners = new Map<string, Set<(detail: unknown) => void>>();

  get isStarted(): boolean {
    return this.#launcher !== undefined;
  }

  /** A second time it changes nothing, so that components may mount twice. */
  init(options: ChatOptions): void {
    if (this.#launcher) return;
    if (!options.tokenUrl && !options.getToken && options.mode !== 'page') {
      hint(
        'who is the visitor? Add data-token-url="/support-token" to the tag, or getToken to init',
      );
    }
    this.#options = options;
    const launcher = createLauncher(() => void this.toggle());
    this.#launcher = launcher;
    launcher.configure(options);
    // On the root element: pages that swap their body keep the chat, and no transform moves it.
    document.documentElement.append(launcher.host);
    const preload = () => void this.load().catch(() => {});
    for (const name of ['pointerenter', 'focus']) {
      launcher.button.addEventListener(name, preload, { once: true });
    }
    this.emit('ready');
    if (options.mode === 'page' || readFlag('sessionStorage', OPEN_KEY)) void this.open();
    else if (readFlag('localStorage', USED_KEY)) {
      // Somebody who has talked to us before sees answers without opening the chat.
      setTimeout(preload, 300);
    }
  }

  load(): Promise<ChatHandle> {
    const prepared = async () => (await importChat()).prepareChat(this.#options);
    this.#loading ??= prepared().then(
      (startChat) => this.#start(startChat),
      (error) => {
        this.#loading = undefined;
        hint(`no chat from ${folder}: ${error}; is it in script-src?`);
        this.emit('error', { message: String(error) });
        throw error;
      },
    );
    return this.#loading;
  }

  #start(startChat: StartChat): ChatHandle {
    const launcher = this.#launcher;
    if (!launcher) throw new Error('the chat was taken away');
    this.#chat = startChat({
      ...{ shadow: launcher.shadow, host: launcher.host, options: this.#options },
      url: this.#options.url ?? new URL(source).origin,
      emit: (name, detail) => this.emit(name, detail),
      onUnread: (count) => launcher.setUnread(count),
      onToggle: (isOpen) => launcher.setOpen(isOpen),
    });
    return this.#chat;
  }

  async open(): Promise<void> {
    if (!this.#launcher) return;
    this.#launcher.setBusy(true);
    try {
      (await this.load()).open();
    } catch {
      const { fallbackHref } = this.#options;
      if (fallbackHref) location.assign(fallbackHref);
    } finally {
      this.#launcher?.setBusy(false);
    }
  }

  toggle(): Promise<void> {
    if (this.#launcher?.button.getAttribute('aria-expanded') !== 'true') return this.open();
    this.#chat?.close();
    return Promise.resolve();
  }

  close(): void {
    this.#chat?.close();
  }

  /** For what needs no chat where there is none. */
  get chat(): ChatHandle | undefined {
    return this.#chat;
  }

  configure(changes: Partial<ChatOptions>): void {
    this.#options = { ...this.#options, ...changes };
    this.#launcher?.configure(this.#options);
    this.#chat?.configure(this.#options);
  }

  destroy(): void {
    this.#chat?.destroy();
    this.#launcher?.host.remove();
    this.#launcher = undefined;
    this.#chat = undefined;
    this.#loading = undefined;
  }

  on(name: string, listener: (detail: unknown) => void): () => void {
    const all = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, all.add(listener));
    if (name === 'ready' && this.isStarted) queueMicrotask(() => listener(undefined));
    return () => void all.delete(listener);
  }

  off(name: string, listener: (detail: unknown) => void): void {
    this.#listeners.get(name)?.delete(listener);
  }

  emit<N extends keyof ChatEvents>(name: N, detail?: ChatEvents[N]): void {
    for (const listener of [...(this.#listeners.get(name) ?? [])]) {
      try {
        listener(detail);
      } catch (error) {
        console.error(error);
      }
    }
    window.dispatchEvent(new CustomEvent(`supportchat:${name}`, { detail }));
  }
}

export type { Loader };

declare global {
  interface Window {
    SupportChat?: Api;
  }
}

// The tag may stand on a page twice.
if (!window.SupportChat?.loaded) {
  const loader = new Loader();
  const options = script ? readTag(script) : {};
  const waiting = window.SupportChat?.q ?? [];
  window.SupportChat = createApi(loader, options);
  if (options.tokenUrl || options.mode === 'page') loader.init(options);
  for (const call of waiting) void window.SupportChat(...(call as [string]));
}
