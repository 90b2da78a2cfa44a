import { MongoServerError } from 'mongodb';

export const DUPLICATE_KEY = 11000;
/** There is no such collection. */
export const NAMESPACE_NOT_FOUND = 26;
const INDEX_NOT_FOUND = 27;

/** True where a unique index has refused a write: a row with that key is there already. */
export function isDuplicateKey(error: unknown): error is MongoServerError {
  return error instanceof MongoServerError && error.code === DUPLICATE_KEY;
}

/** True where an index that was to be dropped is not there. */
export function isMissingIndex(error: unknown): boolean {
  return error instanceof MongoServerError && error.code === INDEX_NOT_FOUND;
}
