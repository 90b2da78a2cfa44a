import { MongoBulkWriteError, MongoServerError, type WriteError } from 'mongodb';

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

const DUPLICATE_KEY = 11000;

function ofWriteError(error: WriteError | MongoServerError): Verdict {
  if (error.code !== DUPLICATE_KEY) return { kind: 'failed', cause: error };
  const text = error.errmsg ?? '';
  return text.includes('entry_seq') ? { kind: 'seq_taken' } : { kind: 'seen' };
}

/** True where MongoDB may still do, or have done, what it was asked to. */
export function isUncertain(error: unknown): boolean {
  if (!(error instanceof Error) || !error.name.startsWith('Mongo')) return false;
  if (!(error instanceof MongoServerError)) return true;
  return (
    error.hasErrorLabel('RetryableWriteError') ||
    error.hasErrorLabel('TransientTransactionError') ||
    error.hasErrorLabel('UnknownTransactionCommitResult') ||
    error.name === 'MongoWriteConcernError' ||
    error.code === 50 ||
    error.code === 64
  );
}

/** The verdict on each of `count` rows of an `insertMany` that threw. */
export function verdictsOf(error: unknown, count: number, ordered: boolean): Verdict[] {
  const all = (verdict: Verdict) => new Array<Verdict>(count).fill(verdict);
  if (!(error instanceof MongoBulkWriteError)) {
    return all({ kind: isUncertain(error) ? 'unknown' : 'failed', cause: error });
  }
  const concern = error.result.getWriteConcernError();
  if (concern) return all({ kind: 'unknown', cause: concern });
  const errors = [error.writeErrors].flat();
  // A command that failed as a whole (no primary, interrupted) has no error of a single row.
  if (errors.length === 0) return all({ kind: 'unknown', cause: error });
  const verdicts = all({ kind: 'stored' });
  for (const one of errors) {
    verdicts[one.index] = ofWriteError(one);
    if (ordered) verdicts.fill({ kind: 'not_tried' }, one.index + 1);
  }
  return verdicts;
}

/** The verdict on the one entry of a transaction that threw. */
export function verdictOfTransaction(error: unknown): Verdict {
  if (error instanceof MongoServerError && error.code === DUPLICATE_KEY) return ofWriteError(error);
  // A conflicting writer has aborted the transaction: nothing is stored, the head has moved.
  if (error instanceof MongoServerError && error.code === 112) return { kind: 'seq_taken' };
  return { kind: isUncertain(error) ? 'unknown' : 'failed', cause: error };
}
