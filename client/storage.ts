type Maybe<T> = T | Promise<T>;

/**
 * Where messages that are not yet accepted, and cursors, outlive a reload: text by key, one
 * namespace for each user. May be synchronous (localStorage) or not (IndexedDB).
 */
export interface OutboxStorage {
  /** All keys that start with `prefix`. */
  keys(prefix: string): Maybe<string[]>;
  get(key: string): Maybe<string | null>;
  set(key: string, value: string): Maybe<void>;
  remove(key: string): Maybe<void>;
  /**
   * Runs `work` while no other tab on the same storage runs one under this name. Without it, or
   * where it only does its best, two tabs may send the same message; the server keeps one.
   */
  exclusive?<T>(name: string, work: () => Promise<T>): Promise<T>;
  /** Where chosen files are kept; without it they are kept in memory and end with the page. */
  readonly blobs?: BlobStore;
}

/** Bytes by key. */
export interface BlobStore {
  get(key: string): Promise<Blob | undefined>;
  set(key: string, value: Blob): Promise<void>;
  remove(key: string): Promise<void>;
}

/** Forgets everything with the page. */
export function createMemoryBlobs(): BlobStore {
  const values = new Map<string, Blob>();
  return {
    get: async (key) => values.get(key),
    set: async (key, value) => void values.set(key, value),
    remove: async (key) => void values.delete(key),
  };
}

/** Forgets everything with the page. Clients that share one behave like tabs. */
export function createMemoryStorage(): OutboxStorage {
  const values = new Map<string, string>();
  const tails = new Map<string, Promise<unknown>>();
  return {
    blobs: createMemoryBlobs(),
    keys: (prefix) => [...values.keys()].filter((key) => key.startsWith(prefix)),
    get: (key) => values.get(key) ?? null,
    set: (key, value) => void values.set(key, value),
    remove: (key) => void values.delete(key),
    exclusive<T>(name: string, work: () => Promise<T>): Promise<T> {
      const turn = (tails.get(name) ?? Promise.resolve()).then(work, work);
      tails.set(name, turn);
      const forget = () => {
        if (tails.get(name) === turn) tails.delete(name);
      };
      turn.then(forget, forget);
      return turn;
    },
  };
}

/** The part of `localStorage` that is used. */
export interface WebStorage {
  readonly length: number;
  key(index: number): string | null;
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

interface WebLocks {
  request<T>(name: string, options: { signal: AbortSignal }, work: () => Promise<T>): Promise<T>;
}

/**
 * How long one tab waits for another, in milliseconds. A tab that the browser has frozen holds its lock for as
 * long; what goes without one is no more than sent twice, and kept once.
 */
const LOCK_PATIENCE_MS = 60_000;

async function inTurn<T>(
  locks: WebLocks,
  name: string,
  patienceMs: number,
  work: () => Promise<T>,
): Promise<T> {
  const signal = AbortSignal.timeout(patienceMs);
  let begun: Promise<T> | undefined;
  try {
    return await locks.request(name, { signal }, () => (begun = work()));
  } catch {
    return begun ?? work();
  }
}

/**
 * Keeps everything in `localStorage`; tabs take turns through Web Locks where the browser has them.
 * @param namespace different for each user of the site, such as `deskcord:ana`
 * @param blobs where files are kept, such as `createIndexedBlobs`
 * @param patienceMs milliseconds after which a tab goes on that waits for its turn
 */
export function createLocalStorage(
  namespace: string,
  storage: WebStorage = (globalThis as unknown as { localStorage: WebStorage }).localStorage,
  blobs: BlobStore = createMemoryBlobs(),
  patienceMs = LOCK_PATIENCE_MS,
): OutboxStorage {
  const { navigator } = globalThis as unknown as { navigator?: { locks?: WebLocks } };
  const locks = navigator?.locks;
  const full = (key: string) => `${namespace}/${key}`;
  return {
    blobs,
    keys(prefix) {
      const all = Array.from({ length: storage.length }, (_, index) => storage.key(index) ?? '');
      const start = full(prefix);
      return all
        .filter((key) => key.startsWith(start))
        .map((key) => key.slice(namespace.length + 1));
    },
    get: (key) => storage.getItem(full(key)),
    set: (key, value) => storage.setItem(full(key), value),
    remove: (key) => storage.removeItem(full(key)),
    exclusive: (name, work) => (locks ? inTurn(locks, full(name), patienceMs, work) : work()),
  };
}
