import type { DeskErrorCode } from '../../../client/errors.ts';
import type { MessageView } from '../../../src/contract/messages.ts';
import type * as Overlays from '../lazy/overlays.ts';
import { localeOf } from '../shared/locale.ts';
import { type ChatEnvironment, type ChatOptions, OPEN_KEY, USED_KEY } from '../shared/options.ts';
import type { Conversation } from './conversation.ts';
import type { IconName } from './icons.tsx';
import { fetchToken, personOf, SignedOut } from './identity.ts';
import { forgetEverything, ofTab, PREFIX, shared } from './keeper.ts';
import { Listeners, type Observable } from './listeners.ts';
import { plainText } from './markup.tsx';
import { reasonText } from './reasons.ts';
import { Session } from './session.ts';
import { markTitle } from './title.ts';
import { loadWords, type Words } from './words.ts';

const RETRY_MS = [1000, 2000, 5000, 10_000, 30_000];
/** After so long aside, somebody else may be signed in. */
const LONG_AWAY_MS = 60_000;
const CATCH_UP_PAUSE_MS = 2000;

export interface Settings {
  sound: boolean;
  notify: boolean;
}

/** A question that must be answered before anything else. */
export interface Question {
  title: string;
  hint: string;
  yes: string;
  onYes: () => void;
}

export interface MenuItem {
  icon: IconName;
  label: string;
  onSelect: () => void;
  /** For one that is switched on and off. */
  checked?: boolean;
  danger?: boolean;
}

/** The whole chat: whose it is, whether it is open, what it says and in which language. */
export class Desk implements Observable {
  readonly onChange: Observable['onChange'];
  readonly tell: () => void;
  readonly environment: ChatEnvironment;
  options: ChatOptions;
  words: Words;
  isOpen = false;
  session: Session | undefined;
  /** Why there is no session. */
  trouble: 'signedOut' | 'noToken' | undefined;
  /** The newest line for those who hear the chat instead of seeing it. */
  announcement = { text: '', number: 0 };
  question: Question | undefined;
  /** A menu beside the button that opened it. */
  menu: { anchor: HTMLElement; items: MenuItem[] } | undefined;
  /** Menus and questions, loaded right after the chat has opened: nobody needs them to begin. */
  overlays: typeof Overlays | undefined;
  #loadingOverlays: Promise<typeof Overlays> | undefined;
  #failedOverlays = 0;
  problemText: string | undefined;
  #ownSettings: Settings = { sound: false, notify: false };
  #starting = false;
  #failures = 0;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #hiddenSince: number | undefined;
  #caughtUpAt = 0;
  #destroyed = false;
  readonly #listeners = new Listeners();
  readonly #ends: (() => void)[] = [];

  /** @param words in the language of the options */
  constructor(environment: ChatEnvironment, words: Words) {
    this.environment = environment;
    this.options = environment.options;
    this.onChange = this.#listeners.add;
    this.tell = () => {
      this.#count();
      this.#listeners.tell();
    };
    this.words = words;
    // It may have been changed while the first one was loading.
    void this.#speak();
    this.#watchPage();
    if (shared.getItem(USED_KEY) !== null) void this.start();
  }

  // Opening and closing

  open(): void {
    if (this.isOpen) return;
    this.isOpen = true;
    this.#mark();
    void this.start();
    void this.#loadOverlays().catch(() => {});
    this.environment.onToggle(true);
    this.environment.emit('open');
    this.tell();
  }

  close(): void {
    if (!this.isOpen || this.options.mode === 'page') return;
    this.isOpen = false;
    this.menu = undefined;
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

  /** Finds out who is here and opens their session; tries again until it has. */
  async start(): Promise<void> {
    if (this.session || this.#starting || this.#destroyed) return;
    this.#starting = true;
    clearTimeout(this.#retry);
    try {
      await this.#getToken();
    } catch (error) {
      this.#onNoToken(error);
    } finally {
      this.#starting = false;
      this.tell();
    }
  }

  /** Another token may speak for another person: then it is their session that goes on. */
  async #getToken(): Promise<string> {
    const token = await fetchToken(this.options);
    const person = personOf(token, this.environment.url);
    this.trouble = undefined;
    this.#failures = 0;
    if (this.session?.person.key === person.key) return token;
    if (this.#destroyed) throw new Error('the chat was taken away');
    this.#endSession();
    let first: string | undefined = token;
    const session = new Session({
      person,
      url: this.environment.url,
      getToken: async () => {
        const given = first ?? (await this.#getTokenFor(session));
        first = undefined;
        return given;
      },
      emit: this.environment.emit,
      onMessage: (message) => this.#onMessage(message),
      onFailed: () => this.announce(this.words.say('notSent')),
      onSignedOut: () => this.#signOut(),
    });
    this.session = session;
    this.#ends.push(session.onChange(this.tell));
    this.tell();
    return token;
  }

  async #getTokenFor(session: Session): Promise<string> {
    try {
      const token = await this.#getToken();
      if (this.session !== session) throw new Error('somebody else is here now');
      return token;
    } catch (error) {
      if (error instanceof SignedOut) this.#signOut();
      throw error;
    }
  }

  /** What was written stays stored under the person's own key, and is there when they are back. */
  #signOut(): void {
    this.#endSession();
    this.#onNoToken(new SignedOut());
    this.tell();
  }

  #onNoToken(error: unknown): void {
    const isSignedOut = error instanceof SignedOut;
    if (isSignedOut && this.trouble !== 'signedOut') this.environment.emit('auth:required');
    this.trouble = isSignedOut ? 'signedOut' : 'noToken';
    if (!isSignedOut) {
      console.warn(`[SupportChat] no token: ${(error as Error).message}; see docs/EMBEDDING.md`);
      this.environment.emit('error', { message: (error as Error).message });
    }
    const delay = RETRY_MS[Math.min(this.#failures++, RETRY_MS.length - 1)] as number;
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => void this.start(), isSignedOut ? 30_000 : delay);
  }

  /** The page says that somebody else may be signed in. */
  refreshToken(): void {
    clearTimeout(this.#retry);
    const { session } = this;
    if (!session) return void this.start();
    session.client.forgetToken();
    void this.#getTokenFor(session).catch(() => {});
  }

  #endSession(): void {
    for (const end of this.#ends.splice(0)) end();
    this.session?.close();
    this.session = undefined;
    this.question = undefined;
    this.menu = undefined;
  }

  /** Leaves nothing of anybody in this browser. */
  async logout(): Promise<void> {
    clearTimeout(this.#retry);
    this.close();
    this.#endSession();
    forgetEverything();
    this.trouble = undefined;
    this.tell();
  }

  destroy(): void {
    this.#destroyed = true;
    clearTimeout(this.#retry);
    this.#endSession();
    markTitle(0);
    this.#pageEnds.abort();
  }

  // What is said

  get settings(): Settings {
    return this.session?.kept.get<Settings>('settings') ?? this.#ownSettings;
  }

  async changeSettings(change: Partial<Settings>): Promise<void> {
    if (change.notify && 'Notification' in window) {
      if ((await Notification.requestPermission()) !== 'granted') change.notify = false;
    }
    this.session?.kept.set('settings', { ...this.settings, ...change });
    this.tell();
  }

  announce(text: string): void {
    this.announcement = { text, number: this.announcement.number + 1 };
    this.#listeners.tell();
  }

  ask(question: Question): void {
    void this.#withOverlays(() => {
      this.question = question;
    });
  }

  /** @param anchor the button it stands beside, and after which it is named */
  showMenu(anchor: EventTarget | null, build: (overlays: typeof Overlays) => MenuItem[]): void {
    void this.#withOverlays((overlays) => {
      this.menu = { anchor: anchor as HTMLElement, items: build(overlays) };
    });
  }

  async #withOverlays(work: (overlays: typeof Overlays) => void): Promise<void> {
    try {
      work(await this.#loadOverlays());
      this.tell();
    } catch {
      this.problem(this.words.say('errOffline'));
    }
  }

  #loadOverlays(): Promise<typeof Overlays> {
    // Some browsers remember that a module could not be loaded; under another address it is another.
    const file = `./overlays.js${this.#failedOverlays > 0 ? `?${this.#failedOverlays}` : ''}`;
    this.#loadingOverlays ??= import(file).then(
      (overlays: typeof Overlays) => {
        overlays.adoptStyle(this.environment.shadow);
        this.overlays = overlays;
        return overlays;
      },
      (error) => {
        this.#failedOverlays++;
        this.#loadingOverlays = undefined;
        throw error;
      },
    );
    return this.#loadingOverlays;
  }

  /** A line above the composer about something that went wrong; gone with the next action. */
  problem(text: string | undefined): void {
    this.problemText = text;
    this.tell();
  }

  /** Waits for what was asked for and says in the person's words why it was not done. */
  async run(work: Promise<unknown> | undefined): Promise<void> {
    this.problem(undefined);
    try {
      await work;
    } catch (thrown) {
      const error = thrown as { code?: DeskErrorCode; retryAfter?: number };
      const { words } = this;
      const isLimited = error.code === 'RATELIMIT';
      const isAway = error.code === 'NETWORK' || error.code === 'TIMEOUT';
      if (isLimited) this.problem(words.say('errWait', { seconds: error.retryAfter ?? 60 }));
      else if (isAway) this.problem(words.say('errOffline'));
      else this.problem(reasonText(words, { code: error.code ?? 'CLIENT' }));
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

  #onMessage(message: MessageView): void {
    const { session, words } = this;
    const { author_name: name, files, ticket_id } = message;
    const text = plainText(message.content) || files.map((file) => file.name).join(', ');
    if (this.isOpen) this.announce(words.say('said', { name, text }));
    const isSeen = this.isWatched && session?.current?.id === ticket_id;
    if (isSeen) return;
    const { sound, notify } = this.settings;
    if (!sound && !notify) return;
    void import('./attention.js' as string)
      .then((lazy: typeof import('../lazy/attention.ts')) => {
        if (sound) void lazy.sound(message.id, shared);
        if (!notify) return;
        lazy.notifyDesktop(name, text, ticket_id, () => {
          this.open();
          session?.show(ticket_id);
        });
      })
      .catch(() => {});
  }

  #lastCount = -1;

  #count(): void {
    const count = this.session?.states.unread ?? 0;
    if (count === this.#lastCount) return;
    this.#lastCount = count;
    markTitle(count);
    this.environment.onUnread(count);
    this.environment.emit('unread', { count });
  }

  // The page around it

  readonly #pageEnds = new AbortController();

  #watchPage(): void {
    const options = { signal: this.#pageEnds.signal };
    const catchUp = () => this.#catchUp();
    window.addEventListener('online', catchUp, options);
    window.addEventListener('focus', catchUp, options);
    window.addEventListener('pageshow', ({ persisted }) => persisted && catchUp(), options);
    window.addEventListener('pagehide', () => this.session?.client.pause(), options);
    document.addEventListener('visibilitychange', () => this.#onVisibility(), options);
    window.addEventListener(
      'storage',
      ({ key }) => {
        if (key === null || (key === USED_KEY && shared.getItem(key) === null)) this.#endSession();
        else if (key.startsWith(PREFIX)) this.session?.onStored(key);
        this.tell();
      },
      options,
    );
  }

  #onVisibility(): void {
    if (document.visibilityState === 'hidden') {
      this.#hiddenSince ??= Date.now();
      return;
    }
    const away = Date.now() - (this.#hiddenSince ?? Date.now());
    this.#hiddenSince = undefined;
    if (away > LONG_AWAY_MS) this.session?.client.forgetToken();
    this.#catchUp();
    this.tell();
  }

  #catchUp(): void {
    const now = Date.now();
    if (!this.session) {
      if (this.trouble) void this.start();
      return;
    }
    if (
      now - this.#caughtUpAt < CATCH_UP_PAUSE_MS &&
      this.session.client.connection.state === 'online'
    )
      return;
    this.#caughtUpAt = now;
    void this.session.client.catchUp();
  }
}
