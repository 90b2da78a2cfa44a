import { useEffect, useState } from 'preact/hooks';

/** Something that changes and says so. */
export interface Observable {
  onChange(listener: () => void): () => void;
}

/** Listeners, told at most once a frame's worth of changes. */
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

/** Renders the component anew whenever `source` changes. */
export function useChanges(source: Observable): void {
  const [, setVersion] = useState(0);
  useEffect(() => source.onChange(() => setVersion((version) => version + 1)), [source]);
}
