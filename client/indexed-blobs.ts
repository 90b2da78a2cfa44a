import type { BlobStore } from './storage.ts';

const STORE = 'files';

interface Opened {
  request<T>(mode: 'readonly' | 'readwrite', work: (store: IdbStore) => IdbRequest<T>): Promise<T>;
}

/** The part of IndexedDB that is used; Node has none. */
interface IdbRequest<T> {
  result: T;
  error: unknown;
  onsuccess: (() => void) | null;
  onerror: (() => void) | null;
  onupgradeneeded?: (() => void) | null;
}
interface IdbStore {
  get(key: string): IdbRequest<Blob | undefined>;
  put(value: Blob, key: string): IdbRequest<unknown>;
  delete(key: string): IdbRequest<unknown>;
}
interface IdbTransaction {
  objectStore(name: string): IdbStore;
  oncomplete: (() => void) | null;
  onabort: (() => void) | null;
  error: unknown;
}
interface IdbDatabase {
  createObjectStore(name: string): void;
  transaction(name: string, mode: string): IdbTransaction;
}

function openDatabase(name: string): Promise<Opened> {
  return new Promise((resolve, reject) => {
    const { indexedDB } = globalThis as unknown as {
      indexedDB: { open(name: string): IdbRequest<IdbDatabase> };
    };
    const opening = indexedDB.open(name);
    opening.onupgradeneeded = () => opening.result.createObjectStore(STORE);
    opening.onerror = () => reject(opening.error);
    opening.onsuccess = () => resolve({ request: requestOn(opening.result) });
  });
}

function requestOn(database: IdbDatabase): Opened['request'] {
  return (mode, work) =>
    new Promise((resolve, reject) => {
      const transaction = database.transaction(STORE, mode);
      const request = work(transaction.objectStore(STORE));
      // Stored is what the transaction has committed.
      transaction.oncomplete = () => resolve(request.result);
      transaction.onabort = () => reject(transaction.error);
    });
}

/** Keeps files in an IndexedDB of this name; it is made when the first file is. */
export function createIndexedBlobs(name: string): BlobStore {
  let opened: Promise<Opened> | undefined;
  const open = () => {
    opened ??= openDatabase(name);
    opened.catch(() => {
      opened = undefined;
    });
    return opened;
  };
  return {
    get: async (key) => (await open()).request('readonly', (store) => store.get(key)),
    set: async (key, value) => {
      await (await open()).request('readwrite', (store) => store.put(value, key));
    },
    remove: async (key) => {
      await (await open()).request('readwrite', (store) => store.delete(key));
    },
  };
}
