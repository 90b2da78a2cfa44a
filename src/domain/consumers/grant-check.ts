import type { AppContext } from '../../context.ts';
import { readAtOnce } from '../log/collections.ts';
import { type Grant, LeaseLost } from './lease.ts';

/** A question is good for what begins so long after it was put, in milliseconds by the monotonic clock. */
const FRESH_MS = 25;

/** A question to the database whether a grant still stands, and the answer, which may be on its way. */
export interface Question {
  putAt: number;
  answer: Promise<void>;
  isOpen: boolean;
}

/** Asks whether a grant still stands, for what cannot carry its fencing token. */
export interface GrantCheck {
  /** Puts the question ahead of `require`, while what is to be done under the grant is being prepared. */
  ask(): Question;
  /**
   * Waits for the answer to a question put no more than 25 ms before: a process whose clock is wrong, or
   * whose database's was, believes that it holds its lease.
   * @param ahead what was asked ahead; put anew where it is older than that
   * @throws LeaseLost where a newer grant has been given
   */
  require(ahead?: Question): Promise<void>;
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

  const isFresh = ({ putAt }: Question) => performance.now() - putAt < FRESH_MS;

  const ask = (): Question => {
    if (last?.isOpen && isFresh(last)) return last;
    const question: Question = { putAt: performance.now(), answer: read(), isOpen: true };
    const close = () => {
      question.isOpen = false;
    };
    question.answer.then(close, close);
    last = question;
    return question;
  };

  return {
    ask,
    require: (ahead) => (ahead && isFresh(ahead) ? ahead : ask()).answer,
  };
}
