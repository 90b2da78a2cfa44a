import type { z } from 'zod';

type Issue = z.core.$ZodIssue;
type UnionIssue = z.core.$ZodIssueInvalidUnion;

/** True where a form failed because the value is of another type altogether, and so was not meant. */
const isOtherType = ({ code, path }: Issue) => code === 'invalid_type' && path.length === 0;

function messageOf({ path, message }: Issue): string {
  return path.length > 0 ? `${path.map(String).join('.')}: ${message}` : message;
}

/** The types that the forms of a field are of, as in `null or number or string`. */
export function expectedTypes({ errors }: UnionIssue, value: unknown): string {
  const types = errors.map((form) => {
    const other = form.find(isOtherType);
    return other?.code === 'invalid_type' ? other.expected : typeof value;
  });
  return [...new Set(types)].join(' or ');
}

/**
 * Of a field that may have several forms, what is wrong with the one that was meant; where none was,
 * what it may be. A union that has words of its own keeps them.
 */
export function describeUnion(issue: UnionIssue, value: unknown): string {
  if (issue.message !== 'Invalid input') return issue.message;
  const meant = issue.errors.filter((form) => !form.some(isOtherType));
  const first = meant.flatMap(([problem]) => (problem ? [messageOf(problem)] : []));
  return first.length > 0 ? first.join(', or ') : `must be ${expectedTypes(issue, value)}`;
}
