import type { AppContext } from '../../context.ts';
import { readAtOnce } from '../log/collections.ts';
import { type Grant, LeaseLost } from './lease.ts';

/** An answer is good for so long after its question was put, in milliseconds by the monotonic clock. */
const FRESH_MS = 25;

interface Question {
  putAt: number;
  answer: Promise<void>;
  isOpen: boolean;
}

/** Asks whether a grant still stands, for what cannot carry its fencing token. */
export interface GrantCheck {
  /** Puts the question ahead of `require`, while what is to be done under the grant is being prepared. */
  ask(): void;
  /**
   * Waits for an answer of the database's to a question no older than 25 ms: a process whose clock is wrong,
   * or whose database's was, believes that it holds its lease.
   * @throws LeaseLost where a newer grant has been given
   */
  require(): Promise<void>;
}

/** Those who ask while a question is under way share it. */
export function createGrantCheck(ctx: AppContext, name: string, grant: Grant): GrantCheck {
  let last: Question | undefined;

  const read = async () => {
    const query = {
      find: ctx.db.leases.collection.collectionName,
      filter: { _id: name },
    };
    const options = { projection: { epoch: 1 } };
    const [row] = await readAtOnce<{ epoch: number }>(ctx.db, query, options, 1);
    if (row && Number(row.epoch) !== grant.fencingToken) throw new LeaseLost();
  };

  const put = (): Question => {
    const question: Question = { putAt: performance.now(), answer: read(), isOpen: true };
    const close = () => {
      question.isOpen = false;
    };
    question.answer.then(close, close);
    last = question;
    return question;
  };

  const isFresh = ({ putAt }: Question) => performance.now() - putAt < FRESH_MS;

  return {
    ask() {
      if (!last?.isOpen || !isFresh(last)) put();
    },
    require() {
      const question = last && isFresh(last) ? last : put();
      return question.answer;
    },
  };
}
