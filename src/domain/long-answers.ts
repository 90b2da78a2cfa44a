import type { AppContext } from '../context.ts';
import { sizes } from '../contract/limits.ts';
import { unavailable } from '../errors.ts';
import type { Database } from '../models/database.ts';

/** Whose transcripts and exports are being read, once for each; by what they are read from. */
const underWay = new WeakMap<Database, string[]>();

/**
 * Bulkhead: so many transcripts and exports are made and read at once in a process, and few of them by one
 * person, so that they take neither memory nor the database from everybody else.
 * @returns gives the place back; may be called again
 * @throws AppError SERVICE_UNAVAILABLE
 */
export function takeSlot({ db }: AppContext, key: string): () => void {
  const keys = underWay.get(db) ?? [];
  underWay.set(db, keys);
  const own = keys.filter((one) => one === key).length;
  if (keys.length >= sizes.longAnswersAtOnce || own >= sizes.longAnswersOfOneAtOnce) {
    throw unavailable('too many transcripts and exports are being read, try again');
  }
  keys.push(key);
  let isTaken = true;
  return () => {
    if (isTaken) keys.splice(keys.indexOf(key), 1);
    isTaken = false;
  };
}
