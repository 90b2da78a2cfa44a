import type { MessageView } from '../../../src/contract/messages.ts';
import type { ChatEnvironment, ChatOptions } from '../shared/options.ts';
import { contextOf } from './context.ts';
import { fetchToken, personOf, SignedOut } from './identity.ts';
import { forgetEverything } from './keeper.ts';
import { Session } from './session.ts';

const RETRY_MS = [1000, 2000, 5000, 10_000, 30_000];
const RETRY_SIGNED_OUT_MS = 30_000;

export interface AccountOptions {
  environment: ChatEnvironment;
  /** As they are now. */
  getOptions(): ChatOptions;
  /** Something of it has changed. */
  tell(): void;
  onMessage(message: MessageView): void;
  onFailed(): void;
  /** The session of whoever was here is over. */
  onEnd(): void;
}

/** Whose chat it is: gets the token, and keeps the session of the person it speaks for. */
export class Account {
  session: Session | undefined;
  /** Why there is no session. */
  trouble: 'signedOut' | 'noToken' | undefined;
  readonly #options: AccountOptions;
  #endListening: () => void = () => {};
  #starting = false;
  #failures = 0;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #destroyed = false;

  constructor(options: AccountOptions) {
    this.#options = options;
  }

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
      this.#options.tell();
    }
  }

  /** The page says that somebody else may be signed in. */
  refreshToken(): void {
    clearTimeout(this.#retry);
    const { session } = this;
    if (!session) return void this.start();
    session.client.forgetToken();
    void this.#getTokenFor(session).catch(() => {});
  }

  /** Leaves nothing of anybody in this browser. */
  logout(): void {
    clearTimeout(this.#retry);
    this.end();
    forgetEverything();
    this.trouble = undefined;
  }

  destroy(): void {
    this.#destroyed = true;
    clearTimeout(this.#retry);
    this.end();
  }

  end(): void {
    this.#endListening();
    this.#endListening = () => {};
    this.session?.close();
    this.session = undefined;
    this.#options.onEnd();
  }

  /** Another token may speak for another person: then it is their session that goes on. */
  async #getToken(): Promise<string> {
    const { environment, getOptions, tell } = this.#options;
    const token = await fetchToken(getOptions());
    const person = personOf(token, environment.url);
    this.trouble = undefined;
    this.#failures = 0;
    if (this.session?.person.key === person.key) return token;
    if (this.#destroyed) throw new Error('the chat was taken away');
    this.end();
    let first: string | undefined = token;
    const { onMessage, onFailed } = this.#options;
    const session = new Session({
      ...{ person, url: environment.url, emit: environment.emit, onMessage, onFailed },
      getToken: async () => {
        const given = first ?? (await this.#getTokenFor(session));
        first = undefined;
        return given;
      },
      getContext: () => contextOf(getOptions()),
      onSignedOut: () => this.#signOut(),
    });
    this.session = session;
    this.#endListening = session.onChange(tell);
    tell();
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
    this.end();
    this.#onNoToken(new SignedOut());
    this.#options.tell();
  }

  #onNoToken(error: unknown): void {
    const { emit } = this.#options.environment;
    const isSignedOut = error instanceof SignedOut;
    if (isSignedOut && this.trouble !== 'signedOut') emit('auth:required');
    this.trouble = isSignedOut ? 'signedOut' : 'noToken';
    if (!isSignedOut) {
      console.warn(`[SupportChat] no token: ${(error as Error).message}; see docs/EMBEDDING.md`);
      emit('error', { message: (error as Error).message });
    }
    const delay = RETRY_MS[Math.min(this.#failures++, RETRY_MS.length - 1)] as number;
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => void this.start(), isSignedOut ? RETRY_SIGNED_OUT_MS : delay);
  }
}
