import { reasonOf, toDeskError } from '../../../client/errors.ts';
import { localeOf } from '../shared/locale.ts';
import { type ChatEnvironment, type ChatOptions, OPEN_KEY, USED_KEY } from '../shared/options.ts';
import { Account } from './account.ts';
import type { Conversation } from './conversation.ts';
import { ofTab, shared } from './keeper.ts';
import { Layers, type Question } from './layers.ts';
import { Listeners, type Observable } from './listeners.ts';
import { News } from './news.ts';
import { watchPage } from './page-events.ts';
import { reasonText } from './reasons.ts';
import type { Session } from './session.ts';
import { loadWords, type WordKey, type Words } from './words.ts';

const CATCH_UP_PAUSE_MS = 2000;

/** The whole chat: whether it is open, what it says and in which language, and whose it is. */
export class Desk implements Observable {
  readonly onChange: Observable['onChange'];
  readonly tell: () => void;
  readonly environment: ChatEnvironment;
  /** Menus, questions, and the parts that are loaded once it is open. */
  readonly layers: Layers;
  readonly news: News;
  options: ChatOptions;
  words: Words;
  isOpen = false;
  /** The newest line for those who hear the chat instead of seeing it. */
  announcement = { text: '', number: 0 };
  problemText: string | undefined;
  #caughtUpAt = 0;
  readonly #account: Account;
  readonly #listeners = new Listeners();
  readonly #endWatching: () => void;

  /** @param words in the language of the options */
  constructor(environment: ChatEnvironment, words: Words) {
    this.environment = environment;
    this.options = environment.options;
    this.onChange = this.#listeners.add;
    this.tell = () => {
      this.news.count();
      this.#listeners.tell();
    };
    this.words = words;
    this.layers = new Layers(environment.shadow, this.tell);
    this.news = new News({
      environment,
      getSession: () => this.session,
      isWatched: () => this.isWatched,
      onSaid: (name, text) => {
        if (this.isOpen) this.announce(this.words.say('said', { name, text }));
      },
      onOpen: () => this.open(),
    });
    this.#account = new Account({
      environment,
      getOptions: () => this.options,
      tell: this.tell,
      onMessage: (message) => this.news.receive(message),
      onFailed: () => this.announce(this.words.say('notSent')),
      onEnd: () => this.layers.clear(),
    });
    // It may have been changed while the first one was loading.
    void this.#speak();
    this.#endWatching = this.#watchPage();
    if (shared.getItem(USED_KEY) !== null) void this.start();
  }

  // Opening and closing

  open(): void {
    if (this.isOpen) return;
    this.isOpen = true;
    this.#mark();
    void this.start();
    this.environment.onToggle(true);
    this.environment.emit('open');
    this.tell();
  }

  close(): void {
    if (!this.isOpen || this.options.mode === 'page') return;
    this.isOpen = false;
    this.layers.menu = undefined;
    ofTab.removeItem(OPEN_KEY);
    this.environment.onToggle(false);
    this.environment.emit('close');
    this.tell();
  }

  /** From here on this machine knows that somebody uses the chat. */
  #mark(): void {
    try {
      shared.setItem(USED_KEY, '1');
      ofTab.setItem(OPEN_KEY, '1');
    } catch {
      // A browser that keeps nothing shows the chat all the same.
    }
  }

  get isWatched(): boolean {
    return this.isOpen && document.visibilityState === 'visible';
  }

  // Whose chat it is

  get session(): Session | undefined {
    return this.#account.session;
  }

  /** Why there is no session. */
  get trouble(): Account['trouble'] {
    return this.#account.trouble;
  }

  start(): Promise<void> {
    return this.#account.start();
  }

  refreshToken(): void {
    this.#account.refreshToken();
  }

  async logout(): Promise<void> {
    this.close();
    this.#account.logout();
    this.tell();
  }

  destroy(): void {
    this.#account.destroy();
    this.news.end();
    this.#endWatching();
  }

  // What is said

  announce(text: string): void {
    this.announcement = { text, number: this.announcement.number + 1 };
    this.#listeners.tell();
  }

  ask(question: Question): void {
    this.layers.ask(question).catch(() => this.#sayOffline());
  }

  /** @param anchor the button it stands beside, and after which it is named */
  showMenu(anchor: EventTarget | null, build: Parameters<Layers['showMenu']>[1]): void {
    this.layers.showMenu(anchor as HTMLElement, build).catch(() => this.#sayOffline());
  }

  #sayOffline(): void {
    this.problem(this.words.say('errOffline'));
  }

  /** A line above the composer about something that went wrong; gone with the next action. */
  problem(text: string | undefined): void {
    this.problemText = text;
    this.tell();
  }

  /**
   * Waits for what was asked for and says in the person's words why it was not done.
   * @param conflict what to say where the conversation is not as it was thought to be, and the server
   *   does not say more
   * @returns whether it was done
   */
  async run(work: Promise<unknown> | undefined, conflict?: WordKey): Promise<boolean> {
    this.problem(undefined);
    try {
      await work;
      return true;
    } catch (thrown) {
      const error = toDeskError(thrown, 'CLIENT');
      const { code, retryAfter } = error;
      const reason = reasonOf(error);
      const { words } = this;
      if (code === 'RATELIMIT') this.problem(words.say('errWait', { seconds: retryAfter ?? 60 }));
      else if (code === 'NETWORK' || code === 'TIMEOUT') this.#sayOffline();
      else if (code === 'CONFLICT' && conflict && !reason.type) this.problem(words.say(conflict));
      else this.problem(reasonText(words, reason));
      return false;
    }
  }

  copy(text: string): void {
    // Where the page may not write to the clipboard there is still the keyboard.
    navigator.clipboard?.writeText(text).then(
      () => this.announce(this.words.say('copied')),
      () => {},
    );
  }

  askDiscard(conversation: Conversation, clientId: string): void {
    const { say } = this.words;
    this.ask({
      ...{ title: say('discardAsk'), hint: say('discardHint'), yes: say('discard') },
      onYes: () => conversation.cancel(clientId),
    });
  }

  configure(options: Partial<ChatOptions>): void {
    const before = this.options;
    this.options = { ...before, ...options };
    void this.#speak();
    const isOther =
      before.tokenUrl !== this.options.tokenUrl || before.getToken !== this.options.getToken;
    if (isOther) this.refreshToken();
    this.tell();
  }

  async #speak(): Promise<void> {
    const { options } = this;
    // A language that cannot be loaded now leaves the one that is there.
    const words = await loadWords(localeOf(options), options.strings).catch(() => this.words);
    if (options !== this.options) return;
    this.words = words;
    this.tell();
  }

  // The page around it

  #watchPage(): () => void {
    return watchPage({
      onReturn: () => this.#catchUp(),
      onLongAway: () => this.session?.client.forgetToken(),
      onLeave: () => this.session?.client.pause(),
      onVisible: this.tell,
      onForgotten: () => {
        this.#account.end();
        this.tell();
      },
      onStored: (key) => {
        this.session?.onStored(key);
        this.tell();
      },
    });
  }

  #catchUp(): void {
    const { session } = this;
    if (!session) {
      if (this.trouble) void this.start();
      return;
    }
    const now = Date.now();
    const isRecent = now - this.#caughtUpAt < CATCH_UP_PAUSE_MS;
    if (isRecent && session.client.connection.state === 'online') return;
    this.#caughtUpAt = now;
    void session.client.catchUp();
  }
}
