import type { AppContext } from '../../context.ts';
import { sizes } from '../../contract/limits.ts';
import { AppError } from '../../errors.ts';
import type { Actor } from '../access/actor.ts';
import { can, visibleTickets } from '../access/policy.ts';
import { listingOf, type Postings, type TicketFilter, wordPostings } from './candidates.ts';
import { wordsOf } from './words.ts';

/** Above so many tickets one list of candidates is as long as another. */
const ESTIMATE_UP_TO = 1000;
const FIRST_BATCH = 200;
const LARGEST_BATCH = 1000;
/** Candidates that one call looks at: bounds the cost of words that never meet in one ticket. */
const MAX_LOOKED_AT = 10_000;

export interface SearchOptions {
  /** Only tickets older than this one. */
  before?: string | undefined;
  limit: number;
  /** What else the tickets have to be. */
  tickets?: TicketFilter | undefined;
}

export interface FoundTickets {
  /** Newest first. */
  ids: string[];
  /**
   * Where to go on from, as `before`; undefined where there are no more. A call that has looked at many
   * tickets in vain ends early: then it has fewer ids than were asked for, or none.
   */
  next: string | undefined;
}

/** @throws AppError BAD_REQUEST where there is nothing to look for, or too much */
function parseWords(q: string): string[] {
  const words = wordsOf(q, sizes.wordsPerQuery + 1);
  const refuse = (type: string, message: string, context?: object) => {
    const errors = [{ location: 'q', message, type, ...(context && { context }), in: 'query' }];
    return new AppError('BAD_REQUEST', 'Invalid form of body', { errors: errors as never });
  };
  if (words.length === 0) throw refuse('no_word', 'has no word to look for');
  const max = sizes.wordsPerQuery;
  if (words.length > max) throw refuse('too_long', `must be at most ${max} words`, { max });
  return words;
}

/** The shortest list first: it leads, and the others are only asked about what is on it. */
async function orderByLength(lists: Postings[]): Promise<Postings[]> {
  if (lists.length < 2) return lists;
  const lengths = await Promise.all(lists.map((list) => list.estimate(ESTIMATE_UP_TO)));
  return lists
    .map((list, nth) => ({ list, length: lengths[nth] as number }))
    .sort((a, b) => a.length - b.length)
    .map(({ list }) => list);
}

/**
 * The tickets an actor may see that have every word of `q`, in their topic, description or messages, and
 * for staff in notes. Words are whole words, folded; they may stand in different messages.
 *
 * An intersection of postings: the rarest word (or the list of the actor's own tickets, for a customer)
 * gives candidates, newest first, and every other one is probed for them, a batch at a time.
 * @throws AppError BAD_REQUEST
 */
export async function searchTickets(
  ctx: AppContext,
  actor: Actor,
  q: string,
  { before, limit, tickets }: SearchOptions,
): Promise<FoundTickets> {
  const words = parseWords(q);
  const seesNotes = can(actor, 'read_internal', undefined, ctx.config) === 'allow';
  const visible = visibleTickets(actor);
  const listed = { ...tickets?.filter, ...visible };
  const lists = words.map((word) => wordPostings(ctx, word, seesNotes));
  const listing = listingOf(ctx, { filter: listed, hint: tickets?.hint });
  const isOwn = Object.keys(visible).length > 0;
  if (Object.keys(listed).length > 0 && !isOwn) lists.push(listing);
  // A customer's own tickets always lead: what others have written is not even counted.
  const [lead, ...others] = isOwn ? [listing, ...lists] : await orderByLength(lists);
  const ids: string[] = [];
  let next = before;
  let size = Math.max(FIRST_BATCH, limit + 1);
  for (let left = MAX_LOOKED_AT; lead && left > 0 && ids.length <= limit; left -= size) {
    size = Math.min(size, left);
    const { candidates, last } = await lead.list(next, size);
    let found = candidates;
    for (const other of others) found = found.length === 0 ? found : await other.probe(found);
    ids.push(...found);
    next = last;
    if (last === undefined) break;
    size = Math.min(size * 2, LARGEST_BATCH);
  }
  if (ids.length <= limit) return { ids, next };
  const page = ids.slice(0, limit);
  return { ids: page, next: page.at(-1) };
}
