import { MongoServerError } from 'mongodb';

export const DUPLICATE_KEY = 11000;

/** True where a unique index has refused a write: a row with that key is there already. */
export function isDuplicateKey(error: unknown): error is MongoServerError {
  return error instanceof MongoServerError && error.code === DUPLICATE_KEY;
}
