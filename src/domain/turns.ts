/** Runs what changes the same thing (a socket, a ticket's channel) one after the other, in the order it was asked for. */
export interface Turns<K extends object> {
  /** @returns what `work` returns; it begins when all asked for before has ended, well or not */
  take<T>(key: K, work: () => Promise<T>): Promise<T>;
}

const drop = () => undefined;

/** A mutex for each key, kept no longer than the key. */
export function createTurns<K extends object>(): Turns<K> {
  const last = new WeakMap<K, Promise<unknown>>();
  return {
    take(key, work) {
      const before = last.get(key);
      const turn = (before ?? Promise.resolve()).then(work);
      // Neither what came of it is kept, nor the error: a socket lives for days.
      const end = turn.then(drop, drop).then(() => {
        if (last.get(key) === end) last.delete(key);
      });
      last.set(key, end);
      return turn;
    },
  };
}
