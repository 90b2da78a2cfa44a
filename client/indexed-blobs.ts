import { inTime } from './in-time.ts';
import type { BlobStore } from './storage.ts';

const STORE = 'files';
/** How long the browser may take to open, read or write, in milliseconds. */
const PATIENCE_MS = 20_000;
const LATE = "the browser's database does not answer";

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
  close(): void;
  onversionchange: (() => void) | null;
  onclose: (() => void) | null;
}

/** @param onClose told when the connection is of no use any more */
function openDatabase(name: string, onClose: () => void): Promise<Opened> {
  return new Promise((resolve, reject) => {
    const { indexedDB } = globalThis as unknown as {
      indexedDB: { open(name: string): IdbRequest<IdbDatabase> };
    };
    const opening = indexedDB.open(name);
    opening.onupgradeneeded = () => opening.result.createObjectStore(STORE);
    opening.onerror = () => reject(opening.error);
    opening.onsuccess = () => {
      const database = opening.result;
      // Somebody deletes it: until this connection is closed, nobody else can open it.
      database.onversionchange = () => {
        database.close();
        onClose();
      };
      database.onclose = onClose;
      resolve({ request: requestOn(database) });
    };
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

/**
 * Keeps files in an IndexedDB of this name; it is made when the first file is.
 * @param patienceMs milliseconds after which a database that does not answer counts as failed
 */
export function createIndexedBlobs(name: string, patienceMs = PATIENCE_MS): BlobStore {
  let opened: Promise<Opened> | undefined;
  const open = () => {
    if (opened) return opened;
    const forget = () => {
      if (opened === own) opened = undefined;
    };
    const own = inTime(openDatabase(name, forget), patienceMs, LATE);
    opened = own;
    own.catch(forget);
    return own;
  };
  const request: Opened['request'] = async (mode, work) =>
    inTime((await open()).request(mode, work), patienceMs, LATE);
  return {
    get: (key) => request('readonly', (store) => store.get(key)),
    set: async (key, value) => void (await request('readwrite', (store) => store.put(value, key))),
    remove: async (key) => void (await request('readwrite', (store) => store.delete(key))),
  };
}
