import { unavailable } from '../../errors.ts';

const COMMIT_WITHIN_MS = 5000;

/**
 * Bounds how long after its insert an entry becomes visible: it has its time already then, and committed much
 * later, a reconciliation poll would look past it. To be called before a transaction's first insert.
 * @returns a check to be made right before the commit
 * @throws AppError SERVICE_UNAVAILABLE that check, where it is too late
 */
export function boundCommit(now: () => number = Date.now): () => void {
  const start = now();
  return () => {
    if (now() - start > COMMIT_WITHIN_MS) throw unavailable('the transaction took too long');
  };
}
