interface Box<V> {
  value: V | undefined;
}

/**
 * A Map for what comes and goes all the time, as requests under way do.
 *
 * A Map of V8 outgrows its table every few insertions, and the old table keeps what was in it and refers to
 * the new one. As soon as one of them has reached the old generation, all that follow are kept by it, with
 * the values they had, until the next full collection; each of them is copied twice before. So the tables
 * have boxes here, which are emptied when what they hold goes.
 */
export class ShortLivedMap<K, V> {
  readonly #boxes = new Map<K, Box<V>>();

  get size(): number {
    return this.#boxes.size;
  }

  get(key: K): V | undefined {
    return this.#boxes.get(key)?.value;
  }

  set(key: K, value: V): void {
    this.delete(key);
    this.#boxes.set(key, { value });
  }

  delete(key: K): boolean {
    const box = this.#boxes.get(key);
    if (!box) return false;
    box.value = undefined;
    return this.#boxes.delete(key);
  }

  *values(): Generator<V> {
    for (const { value } of this.#boxes.values()) yield value as V;
  }

  *[Symbol.iterator](): Generator<[K, V]> {
    for (const [key, { value }] of this.#boxes) yield [key, value as V];
  }
}
