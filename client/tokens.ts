import { toDeskError } from './errors.ts';

/** The current token; asks for a new one when there is none or it was refused, once for all callers. */
export class Tokens {
  readonly #fetch: () => Promise<string> | string;
  #current: Promise<string> | undefined;
  #value: string | undefined;

  constructor(fetch: () => Promise<string> | string) {
    this.#fetch = fetch;
  }

  /** @throws DeskError TOKEN */
  get(): Promise<string> {
    this.#current ??= this.#ask();
    return this.#current;
  }

  /** The token is of no use any more; one that has already been replaced does no harm. */
  drop(token: string): void {
    if (this.#value === token) this.#current = undefined;
  }

  async #ask(): Promise<string> {
    try {
      // Even what throws at once must throw after `get` has kept the promise.
      await Promise.resolve();
      this.#value = await this.#fetch();
      return this.#value;
    } catch (thrown) {
      this.#current = undefined;
      throw toDeskError(thrown, 'TOKEN');
    }
  }
}
