import type { ChatOptions } from '../shared/options.ts';
import { hint } from './hints.ts';
import type { Loader } from './main.ts';

/** `SupportChat('open')`: a command, answered with a promise; `on` answers with what ends it. */
export interface Api {
  (command: string, ...args: unknown[]): unknown;
  /** True once the script is here; before, a page may define a function that collects calls in `q`. */
  loaded?: true;
  q?: ArrayLike<unknown>[] & Iterable<Iterable<unknown>>;
}

type Listener = (detail: unknown) => void;

/** Every command by its name. */
function commandsOf(loader: Loader, fromTag: ChatOptions) {
  const withChat = async <T>(work: (chat: Awaited<ReturnType<Loader['load']>>) => T) => {
    if (!loader.isStarted) throw new Error("call SupportChat('init', …) first");
    return work(await loader.load());
  };
  return {
    init: (options: ChatOptions = {}) => loader.init({ ...fromTag, ...options }),
    open: () => loader.open(),
    close: () => loader.close(),
    toggle: () => loader.toggle(),
    show: () => loader.configure({ hideLauncher: false }),
    hide: () => loader.configure({ hideLauncher: true }),
    newTicket: (draft?: string) => withChat((chat) => chat.newTicket(draft)),
    openTicket: (id: string) => withChat((chat) => chat.openTicket(id)),
    setLocale: (locale: string) => loader.configure({ locale }),
    setTheme: (theme: 'auto' | 'light' | 'dark') => loader.configure({ theme }),
    setContext: (context: Record<string, string>) => loader.configure({ context }),
    configure: (options: ChatOptions) => loader.configure(options),
    refreshToken: () => loader.chat?.refreshToken(),
    logout: () => loader.isStarted && withChat((chat) => chat.logout()),
    destroy: () => loader.destroy(),
  };
}

/** Builds the one global function. */
export function createApi(loader: Loader, fromTag: ChatOptions): Api {
  const commands = commandsOf(loader, fromTag) as Record<string, (...args: never[]) => unknown>;
  const api: Api = (command, ...args) => {
    if (command === 'on') return loader.on(args[0] as string, args[1] as Listener);
    if (command === 'off') return loader.off(args[0] as string, args[1] as Listener);
    const run = commands[command];
    if (!run) {
      hint(`no command "${command}"; there are ${Object.keys(commands)}`);
      return Promise.resolve();
    }
    // A refused promise nobody looks at would be an error of the page.
    return new Promise((resolve) => resolve(run(...(args as never[])))).catch((error) => {
      hint(`${command}: ${(error as Error).message}`);
    });
  };
  api.loaded = true;
  return api;
}
