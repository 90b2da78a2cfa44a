import { MongoServerError, type WriteError } from 'mongodb';
import { isStorageError } from '../../errors.ts';
import { DUPLICATE_KEY, isDuplicateKey } from '../mongo-errors.ts';

/** What became of one entry of a batch. */
export type Verdict =
  | { kind: 'stored' }
  /** Somebody else has this seq: read the head again. */
  | { kind: 'seq_taken' }
  /** The author has used this client id: the entry is (or was) there already. */
  | { kind: 'seen' }
  /** Not tried, because an entry before it in an ordered batch was refused. */
  | { kind: 'not_tried' }
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

/** The verdict on one refused row. A step-down or a time limit in the middle is no refusal of the row. */
function ofWriteError(error: WriteError | MongoServerError): Verdict {
  if (error.code !== DUPLICATE_KEY) {
    return { kind: permanent.has(error.code) ? 'failed' : 'unknown', cause: error };
  }
  // Not by the message: it quotes values, and a client id may be called like an index.
  const { keyPattern } = error as { keyPattern?: Record<string, unknown> };
  return keyPattern && 'seq' in keyPattern ? { kind: 'seq_taken' } : { kind: 'seen' };
}

/** The verdict on what threw as a whole: only what MongoDB will never do has certainly not been done. */
function verdictOfError(error: unknown): Verdict {
  const certain = error instanceof MongoServerError && permanent.has(error.code);
  return { kind: isStorageError(error) && !certain ? 'unknown' : 'failed', cause: error };
}

/** The verdict on each of `count` rows of an insert that was not answered. */
export function verdictsOfError(error: unknown, count: number): Verdict[] {
  return new Array<Verdict>(count).fill(verdictOfError(error));
}

const stored: Verdict = { kind: 'stored' };

/** What MongoDB answers to the command `insert`. */
export interface InsertAnswer {
  writeErrors?: WriteError[];
  writeConcernError?: unknown;
}

/** The verdict on each of `count` rows of an insert that was answered. */
export function verdictsOfAnswer(answer: InsertAnswer, count: number, ordered: boolean): Verdict[] {
  const { writeErrors, writeConcernError } = answer;
  if (writeConcernError) {
    return new Array<Verdict>(count).fill({ kind: 'unknown', cause: writeConcernError });
  }
  const verdicts = new Array<Verdict>(count).fill(stored);
  for (const one of writeErrors ?? []) {
    verdicts[one.index] = ofWriteError(one);
    if (ordered) verdicts.fill({ kind: 'not_tried' }, one.index + 1);
  }
  return verdicts;
}

/** The verdict on the one entry of a transaction that threw. */
export function verdictOfTransaction(error: unknown): Verdict {
  if (isDuplicateKey(error)) return ofWriteError(error);
  // A conflicting writer has aborted the transaction: nothing is stored, the head has moved.
  if (error instanceof MongoServerError && error.code === 112) return { kind: 'seq_taken' };
  return verdictOfError(error);
}
