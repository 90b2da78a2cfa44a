import type { Log } from './log.ts';

/**
 * Carries hints about what has been written from the process that wrote to all that care. The log in
 * MongoDB is the truth: a lost hint costs time, never data.
 */
export interface Bus<E> {
  /** Tells this process at once, in the same tick, and the others soon. Never throws. */
  publish(event: E): void;
  /** @returns a function that ends the subscription. */
  subscribe(listener: (event: E) => void): () => void;
  /** Called whenever hints may have been lost and flow again. */
  onRecovered(listener: () => void): void;
  /** False while other processes cannot be told. */
  healthy(): boolean;
  close(): Promise<void>;
}

/**
 * Hands events to the listeners of this process.
 * @param onBug told what a listener has thrown
 */
export function createLocalBus<E>(log: Log, onBug: (error: unknown) => void): Bus<E> {
  const listeners = new Set<(event: E) => void>();
  return {
    publish(event) {
      for (const listener of listeners) {
        try {
          listener(event);
        } catch (error) {
          log.error({ err: error }, 'a bus listener failed');
          onBug(error);
        }
      }
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    onRecovered: () => undefined,
    healthy: () => true,
    close: async () => listeners.clear(),
  };
}
