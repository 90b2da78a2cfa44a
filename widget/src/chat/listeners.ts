import { useEffect, useLayoutEffect, useState } from 'preact/hooks';

/** Something that changes and says so. */
export interface Observable {
  onChange(listener: () => void): () => void;
}

/** Listeners, told once for all changes of a turn. */
export class Listeners {
  readonly #all = new Set<() => void>();
  #due = false;

  readonly add = (listener: () => void): (() => void) => {
    this.#all.add(listener);
    return () => void this.#all.delete(listener);
  };

  readonly tell = (): void => {
    if (this.#due) return;
    this.#due = true;
    queueMicrotask(() => {
      this.#due = false;
      for (const listener of [...this.#all]) listener();
    });
  };
}

/**
 * Renders the component anew whenever `source` changes. It listens from its drawing on: an effect would begin
 * only after the next painting, and what changes before that would never be shown.
 */
export function useChanges(source: Observable): void {
  const [, setVersion] = useState(0);
  useLayoutEffect(() => source.onChange(() => setVersion((version) => version + 1)), [source]);
}

/** The time, renewed every second while `isRunning`. */
export function useNow(isRunning: boolean): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    if (!isRunning) return;
    setNow(Date.now());
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, [isRunning]);
  return now;
}
