import { useEffect, useState } from 'preact/hooks';
import type { DeskClient } from '../../../client/client.ts';
import type { AvailabilityView } from '../../../src/contract/availability.ts';

const EVERY_MS = 60_000;

/** What the server says of its staff, asked for while somebody looks at it. */
class Watch {
  view: AvailabilityView | undefined;
  readonly #client: DeskClient;
  readonly #listeners = new Set<() => void>();
  #askedAt = 0;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(client: DeskClient) {
    this.#client = client;
  }

  follow(listener: () => void): () => void {
    this.#listeners.add(listener);
    this.#timer ??= setInterval(() => void this.#ask(), EVERY_MS);
    if (Date.now() - this.#askedAt > EVERY_MS / 2) void this.#ask();
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size > 0) return;
      clearInterval(this.#timer);
      this.#timer = undefined;
    };
  }

  async #ask(): Promise<void> {
    this.#askedAt = Date.now();
    try {
      this.view = await this.#client.availability();
    } catch {
      // What was known stays; it is asked for again.
      this.#askedAt = 0;
    }
    for (const listener of [...this.#listeners]) listener();
  }
}

const watches = new WeakMap<DeskClient, Watch>();

function watchOf(client: DeskClient): Watch {
  const watch = watches.get(client) ?? new Watch(client);
  watches.set(client, watch);
  return watch;
}

/** Undefined until it is known. */
export function useAvailability(client: DeskClient): AvailabilityView | undefined {
  const watch = watchOf(client);
  const [, setVersion] = useState(0);
  useEffect(() => watch.follow(() => setVersion((version) => version + 1)), [watch]);
  return watch.view;
}
