import type { Types } from 'mongoose';
import type { AppContext } from '../../context.ts';
import type { CustomerRow } from '../../models/customer.ts';
import { foldText, startingWith } from '../folding.ts';
import { majority, native } from '../log/collections.ts';

const LONGEST_TERM = 60;
const MOST_TERMS = 40;
const MOST_SOUGHT = 5;
/** Keys of the index that one search looks at. */
const SCANNED = 5000;
/** Profiles that one search finds. */
const FOUND = 1000;

const wordsOf = (text: string) => foldText(text).split(/[^\p{L}\p{N}]+/u);

type Searched = Pick<
  CustomerRow,
  'first_name' | 'last_name' | 'company' | 'city' | 'email' | 'phone_number' | 'user_id'
>;

/** What a search finds a profile by. */
export function termsOf(row: Searched): string[] {
  const { first_name, last_name, company, city, email, phone_number, user_id } = row;
  const texts = [first_name, last_name, company, city, email, phone_number, user_id];
  const words = texts.flatMap((text) => (text ? wordsOf(text) : []));
  const whole = [email, user_id].map((text) => (text ? foldText(text) : ''));
  const digits = phone_number?.replace(/\D/g, '') ?? '';
  const terms = [...whole, digits, ...words].filter(Boolean);
  return [...new Set(terms.map((term) => term.slice(0, LONGEST_TERM)))].slice(0, MOST_TERMS);
}

/** Beginnings of terms that must all be there, the longest, and so the rarest, first. */
function soughtIn(search: string): string[] {
  if (/^\+?[\d\s().-]+$/.test(search)) return [search.replace(/\D/g, '')].filter(Boolean);
  const parts = search
    .split(/\s+/)
    .flatMap((part) => (part.includes('@') ? [foldText(part)] : wordsOf(part)))
    .filter(Boolean)
    .map((part) => part.slice(0, LONGEST_TERM));
  return [...new Set(parts)].sort((a, b) => b.length - a.length).slice(0, MOST_SOUGHT);
}

const beginsWith = (part: string) => ({ terms: { $elemMatch: startingWith(part) } });

/**
 * Profiles that have a word beginning with each of those sought, by name. The cost has a bound however many
 * there are: of what thousands have, only the first some are looked at.
 */
export async function searchCustomers(ctx: AppContext, search: string): Promise<Types.ObjectId[]> {
  const [first, ...rest] = soughtIn(search);
  if (first === undefined) return [];
  const rows = await native(ctx.db.customers)
    .aggregate<{ _id: Types.ObjectId }>(
      [
        { $match: beginsWith(first) },
        { $limit: SCANNED },
        ...rest.map((part) => ({ $match: beginsWith(part) })),
        { $limit: FOUND },
        { $sort: { last_name: 1, first_name: 1, _id: 1 } },
        { $project: { _id: 1 } },
      ],
      { hint: 'customer_terms', readConcern: majority },
    )
    .toArray();
  return rows.map(({ _id }) => _id);
}
