import { MongoServerError, type WriteError } from 'mongodb';
import { isStorageError } from '../../errors.ts';
import { DUPLICATE_KEY, isDuplicateKey } from '../mongo-errors.ts';

/** What became of one entry of a batch. */
export type InsertResult =
  | { kind: 'stored' }
  /** Somebody else has this seq: read the head again. */
  | { kind: 'seq_taken' }
  /** The author has used this client id: the entry is (or was) there already. */
  | { kind: 'duplicate_key' }
  /** Not tried, because an entry before it in an ordered batch was refused. */
  | { kind: 'skipped' }
  /** Nobody knows yet; look it up by its client id. */
  | { kind: 'unknown'; cause: unknown }
  /** Will never be stored: a bug. */
  | { kind: 'failed'; cause: unknown };

/** Codes with which MongoDB refuses what is asked, now and for ever: a bug of ours. */
const permanent = new Set<unknown>([
  2, // BadValue
  9, // FailedToParse
  13, // Unauthorized
  14, // TypeMismatch
  121, // DocumentValidationFailure
  10334, // BSONObjectTooLarge
]);

/** The result on one refused row. A step-down or a time limit in the middle is no refusal of the row. */
function ofWriteError(error: WriteError | MongoServerError): InsertResult {
  if (error.code !== DUPLICATE_KEY) {
    return { kind: permanent.has(error.code) ? 'failed' : 'unknown', cause: error };
  }
  // Not by the message: it quotes values, and a client id may be called like an index.
  const { keyPattern } = error as { keyPattern?: Record<string, unknown> };
  return keyPattern && 'seq' in keyPattern ? { kind: 'seq_taken' } : { kind: 'duplicate_key' };
}

/** The result on what threw as a whole: only what MongoDB will never do has certainly not been done. */
function resultOfError(error: unknown): InsertResult {
  const certain = error instanceof MongoServerError && permanent.has(error.code);
  return { kind: isStorageError(error) && !certain ? 'unknown' : 'failed', cause: error };
}

/** The result on each of `count` rows of an insert that was not answered. */
export function resultsOfError(error: unknown, count: number): InsertResult[] {
  return new Array<InsertResult>(count).fill(resultOfError(error));
}

const stored: InsertResult = { kind: 'stored' };

/** What MongoDB answers to the command `insert`. */
export interface InsertAnswer {
  writeErrors?: WriteError[];
  writeConcernError?: unknown;
}

/** The result on each of `count` rows of an insert that was answered. */
export function resultsOfAnswer(
  answer: InsertAnswer,
  count: number,
  ordered: boolean,
): InsertResult[] {
  const { writeErrors, writeConcernError } = answer;
  if (writeConcernError) {
    return new Array<InsertResult>(count).fill({ kind: 'unknown', cause: writeConcernError });
  }
  const results = new Array<InsertResult>(count).fill(stored);
  for (const one of writeErrors ?? []) {
    results[one.index] = ofWriteError(one);
    if (ordered) results.fill({ kind: 'skipped' }, one.index + 1);
  }
  return results;
}

/** The result on the one entry of a transaction that threw. */
export function resultOfTransaction(error: unknown): InsertResult {
  if (isDuplicateKey(error)) return ofWriteError(error);
  // A conflicting writer has aborted the transaction: nothing is stored, the head has moved.
  if (error instanceof MongoServerError && error.code === 112) return { kind: 'seq_taken' };
  return resultOfError(error);
}
