import type { AppContext } from '../../context.ts';
import { sizes } from '../../contract/limits.ts';
import { invalidField, invalidForm } from '../../errors.ts';
import type { Actor } from '../access/actor.ts';
import { can, visibleTickets } from '../access/policy.ts';
import {
  type Batch,
  listingOf,
  type Postings,
  type TicketFilter,
  wordPostings,
} from './candidates.ts';
import { wordsOf } from './words.ts';

const FIRST_BATCH = 200;
const LARGEST_BATCH = 1000;
/**
 * Candidates that one call looks at: bounds the cost of words that seldom meet in one ticket, to some two
 * keys of the index for each.
 */
const MAX_LOOKED_AT = 2400;

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
  if (words.length === 0) throw invalidField('q', 'has no word to look for', 'no_word', 'query');
  const max = sizes.wordsPerQuery;
  if (words.length > max) {
    const message = `must be at most ${max} words`;
    const context = { max };
    throw invalidForm([{ location: 'q', message, type: 'too_long', context, in: 'query' }]);
  }
  return words;
}

/** A list, and its first batch. */
interface Begun {
  list: Postings;
  batch: Batch;
}

/**
 * The list that leads: the one whose first batch reaches furthest back, as it has the fewest tickets here.
 * The others are only asked about what is on it.
 */
async function beginLists(
  lists: readonly Postings[],
  before: string | undefined,
  size: number,
): Promise<{ lead: Begun; others: Postings[] }> {
  const begun = await Promise.all(
    lists.map(async (list) => ({ list, batch: await list.list(before, size) })),
  );
  const reach = ({ batch }: Begun) => batch.last ?? '';
  const [lead, ...others] = begun.sort((a, b) => (reach(a) < reach(b) ? -1 : 1));
  return { lead: lead as Begun, others: others.map(({ list }) => list) };
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
  const visible = visibleTickets(actor, ctx.config);
  const listed = { ...tickets?.filter, ...visible };
  const lists = words.map((word) => wordPostings(ctx, word, seesNotes));
  const listing = listingOf(ctx, { filter: listed, hint: tickets?.hint });
  const size = Math.max(FIRST_BATCH, limit + 1);
  if (Object.keys(visible).length > 0) {
    // Their own tickets always lead: what others have written is not even looked at.
    const { lead } = await beginLists([listing], before, size);
    return intersect(lead, lists, limit, size);
  }
  if (Object.keys(listed).length > 0) lists.push(listing);
  const { lead, others } = await beginLists(lists, before, size);
  return intersect(lead, others, limit, size);
}

/**
 * Goes down the leading list, a larger batch each time, until there are enough that the others have too. Where
 * the first batch was not enough, the next one is read ahead while the others are asked about this one.
 */
async function intersect(
  { list, batch }: Begun,
  others: readonly Postings[],
  limit: number,
  firstSize: number,
): Promise<FoundTickets> {
  const ids: string[] = [];
  let size = firstSize;
  let { candidates, last } = batch;
  for (let looked = size; ; looked += size) {
    size = Math.min(size * 2, LARGEST_BATCH, MAX_LOOKED_AT - looked);
    const goesOn = last !== undefined && size > 0;
    const next = goesOn && looked > firstSize ? list.list(last, size) : undefined;
    // Where it fails, it is awaited below, or not needed any more.
    next?.catch(() => undefined);
    for (const other of others) {
      if (candidates.length > 0) candidates = await other.probe(candidates);
    }
    ids.push(...candidates);
    if (ids.length > limit) return { ids: ids.slice(0, limit), next: ids[limit - 1] };
    if (!goesOn) return { ids, next: last };
    ({ candidates, last } = await (next ?? list.list(last, size)));
  }
}
