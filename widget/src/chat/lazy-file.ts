/** A part of the chat that is loaded when it is first needed, and tried anew after a failure. */
export class LazyFile<T extends object> {
  /** Once it is there. */
  value: T | undefined;
  readonly #name: string;
  readonly #onLoad: (value: T) => void;
  #loading: Promise<T> | undefined;
  #failures = 0;

  /** @param name beside the chat: `overlays` is `./overlays.js` */
  constructor(name: string, onLoad: (value: T) => void) {
    this.#name = name;
    this.#onLoad = onLoad;
  }

  /** Rejects where it cannot be loaded. */
  load(): Promise<T> {
    // Some browsers remember that a module could not be loaded; under another address it is another.
    const file = `./${this.#name}.js${this.#failures > 0 ? `?${this.#failures}` : ''}`;
    this.#loading ??= import(file).then(
      (value: T) => {
        this.value = value;
        this.#onLoad(value);
        return value;
      },
      (error) => {
        this.#failures++;
        this.#loading = undefined;
        throw error;
      },
    );
    return this.#loading;
  }
}
