import { retryDelay } from './backoff.ts';
import type { Clock } from './clock.ts';
import { type DeskError, isRefusal, toDeskError } from './errors.ts';

export interface CatchUpOptions {
  clock: Clock;
  random: () => number;
  /** Does what a ticket needs now. @throws DeskError */
  work(ticketId: string): Promise<void>;
  /** The ticket cannot be had: it is not there, or somebody else's. */
  onRefused(ticketId: string, error: DeskError): void;
}

/**
 * Tickets that must be read, one after the other, because reading has a limit of its own. A try
 * that fails is repeated after a pause, which is cut short by `wake` unless the server set it.
 */
export class CatchUp {
  readonly #options: CatchUpOptions;
  readonly #queue = new Set<string>();
  #running = false;
  #closed = false;
  #wake: () => void = () => {};

  constructor(options: CatchUpOptions) {
    this.#options = options;
  }

  /** @param first ahead of what waits already */
  want(ticketId: string, first = false): void {
    if (this.#closed) return;
    const others = first ? [...this.#queue].filter((id) => id !== ticketId) : [];
    if (first) this.#queue.clear();
    this.#queue.add(ticketId);
    for (const id of others) this.#queue.add(id);
    void this.#run();
  }

  wake(): void {
    this.#wake();
  }

  close(): void {
    this.#closed = true;
    this.#queue.clear();
    this.#wake();
  }

  async #run(): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    // Several wants of one turn are put in order before the first is met.
    await Promise.resolve();
    for (let failures = 0; ; ) {
      const [ticketId] = this.#queue;
      if (ticketId === undefined) break;
      this.#queue.delete(ticketId);
      try {
        await this.#options.work(ticketId);
        failures = 0;
      } catch (thrown) {
        const error = toDeskError(thrown);
        if (isRefusal(error)) this.#options.onRefused(ticketId, error);
        else {
          if (!this.#closed) this.#queue.add(ticketId);
          await this.#pause(++failures, error);
        }
      }
    }
    this.#running = false;
  }

  #pause(failures: number, error: DeskError): Promise<void> {
    const { clock, random } = this.#options;
    return new Promise((resolve) => {
      const cancel = clock.after(retryDelay(failures, random, error), resolve);
      this.#wake = () => {
        if (error.retryAfter !== undefined && !this.#closed) return;
        cancel();
        resolve();
      };
    });
  }
}
