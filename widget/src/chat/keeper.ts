import type { WebStorage } from '../../../client/storage.ts';

/** Everything of ours on a visitor's machine begins with it. */
export const PREFIX = 'deskcord/';
const DATABASES = 'deskcord/databases';

function createFallback(): WebStorage {
  const values = new Map<string, string>();
  return {
    get length() {
      return values.size;
    },
    key: (index) => [...values.keys()][index] ?? null,
    getItem: (key) => values.get(key) ?? null,
    setItem: (key, value) => void values.set(key, value),
    removeItem: (key) => void values.delete(key),
  };
}

/** The browser's storage, or for as long as the page lives where it keeps nothing for the site. */
function openStorage(name: 'localStorage' | 'sessionStorage'): WebStorage {
  try {
    const storage = window[name];
    storage.getItem(PREFIX);
    return storage;
  } catch {
    return createFallback();
  }
}

export const shared = openStorage('localStorage');
/** Of this tab alone. */
export const ofTab = openStorage('sessionStorage');

const keysOf = (storage: WebStorage) =>
  Array.from({ length: storage.length }, (_, index) => storage.key(index) ?? '').filter((key) =>
    key.startsWith(PREFIX),
  );

/** A short fingerprint, so that names and ids of people do not stand in the storage. */
export function fingerprint(text: string): string {
  let [a, b] = [0xdeadbeef, 0x41c6ce57];
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    a = Math.imul(a ^ code, 2654435761);
    b = Math.imul(b ^ code, 1597334677);
  }
  a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909);
  b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909);
  return (b >>> 0).toString(16).padStart(8, '0') + (a >>> 0).toString(16).padStart(8, '0');
}

/** Small values of one user by key, as JSON. What cannot be stored is kept in memory by its owner. */
export class Keeper {
  readonly namespace: string;
  /** What is still under way when somebody has logged out leaves nothing behind. */
  #closed = false;

  /** @param key fingerprint of the user */
  constructor(key: string) {
    this.namespace = PREFIX + key;
  }

  get<T>(name: string): T | undefined {
    try {
      return JSON.parse(shared.getItem(`${this.namespace}/${name}`) ?? 'null') ?? undefined;
    } catch {
      return undefined;
    }
  }

  /** The names of what is kept that begin with `start`. */
  names(start: string): string[] {
    const whole = `${this.namespace}/`;
    return keysOf(shared)
      .filter((key) => key.startsWith(whole + start))
      .map((key) => key.slice(whole.length));
  }

  /**
   * Without a value it is taken away.
   * @returns false where it is not stored: a full storage must not keep anybody from writing
   */
  set(name: string, value: unknown): boolean {
    if (this.#closed) return false;
    const key = `${this.namespace}/${name}`;
    try {
      if (value === undefined) shared.removeItem(key);
      else shared.setItem(key, JSON.stringify(value));
      return true;
    } catch {
      return false;
    }
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  close(): void {
    this.#closed = true;
  }

  /** The database of this user's files; it is remembered, so that `forgetEverything` finds it. */
  databaseName(): string {
    const all = new Set<string>(JSON.parse(shared.getItem(DATABASES) ?? '[]'));
    if (!all.has(this.namespace)) {
      try {
        shared.setItem(DATABASES, JSON.stringify([...all, this.namespace]));
      } catch {
        // Then it is not kept either.
      }
    }
    return this.namespace;
  }
}

/** Leaves no trace on this machine, of whichever user. */
export function forgetEverything(): void {
  for (const name of JSON.parse(shared.getItem(DATABASES) ?? '[]') as string[]) {
    indexedDB.deleteDatabase(name);
  }
  for (const storage of [shared, ofTab]) {
    for (const key of keysOf(storage)) storage.removeItem(key);
  }
}
