import { type Clock, systemClock } from './clock.ts';
import { toDeskError } from './errors.ts';
import { inTime } from './in-time.ts';

/** A token is replaced when so much of its life has passed, before anybody refuses it. */
const SHARE_OF_LIFE = 0.8;
/** How long the site may take to answer, in milliseconds. */
const PATIENCE_MS = 30_000;

/** Waits for the site's answer no longer than that: then whoever waits is told, and may ask anew. */
export const inTokenTime = (answer: string | Promise<string>): Promise<string> =>
  inTime(answer, PATIENCE_MS, 'the site gave no token in time');

/** Milliseconds a token lives by its own account; whether it is any good, the server says. */
function lifeOf(token: string): number | undefined {
  try {
    const payload = (token.split('.')[1] ?? '').replaceAll('-', '+').replaceAll('_', '/');
    const { exp, iat } = JSON.parse(atob(payload)) as { exp?: number; iat?: number };
    return exp !== undefined && iat !== undefined ? (exp - iat) * 1000 : undefined;
  } catch {
    return undefined;
  }
}

/** The current token; asks for a new one when there is none or it was refused, once for all callers. */
export class Tokens {
  readonly #fetch: () => Promise<string> | string;
  readonly #clock: Clock;
  /** By this machine's clock, which may differ from the server's: only the length of a life counts. */
  #replaceAt = Number.POSITIVE_INFINITY;
  #current: Promise<string> | undefined;
  #value: string | undefined;

  constructor(fetch: () => Promise<string> | string, clock: Clock = systemClock) {
    this.#fetch = fetch;
    this.#clock = clock;
  }

  /** @throws DeskError TOKEN */
  get(): Promise<string> {
    if (this.#clock.now() >= this.#replaceAt) this.forget();
    this.#current ??= this.#ask();
    return this.#current;
  }

  /** The token is of no use any more; one that has already been replaced does no harm. */
  drop(token: string): void {
    if (this.#value === token) this.#current = undefined;
  }

  /** The next one who needs a token asks for a new one. */
  forget(): void {
    this.#current = undefined;
    this.#replaceAt = Number.POSITIVE_INFINITY;
  }

  async #ask(): Promise<string> {
    try {
      // Even what throws at once must throw after `get` has kept the promise.
      await Promise.resolve();
      const token = await inTokenTime(this.#fetch());
      this.#value = token;
      const life = lifeOf(token);
      if (life !== undefined) this.#replaceAt = this.#clock.now() + life * SHARE_OF_LIFE;
      return token;
    } catch (thrown) {
      this.#current = undefined;
      throw toDeskError(thrown, 'TOKEN');
    }
  }
}
