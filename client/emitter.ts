/** Listeners by event name. One that throws does not keep the others from hearing. */
export class Emitter<Events extends object> {
  readonly #listeners = new Map<keyof Events, Set<(data: never) => void>>();
  readonly #onThrown: (thrown: unknown) => void;

  constructor(onThrown: (thrown: unknown) => void) {
    this.#onThrown = onThrown;
  }

  /** @returns a function that ends it */
  on<N extends keyof Events>(name: N, listener: (data: Events[N]) => void): () => void {
    const all = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, all.add(listener));
    return () => void all.delete(listener);
  }

  emit<N extends keyof Events>(name: N, data: Events[N]): void {
    for (const listener of [...(this.#listeners.get(name) ?? [])]) {
      try {
        (listener as (data: Events[N]) => void)(data);
      } catch (thrown) {
        this.#onThrown(thrown);
      }
    }
  }
}
