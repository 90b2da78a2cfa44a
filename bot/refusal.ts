import { toAppError } from '../src/errors.ts';
import { neutralise } from './format.ts';

/** What the commands and forms call the fields of the wire whose names nobody sees in Discord. */
const asked: Readonly<Record<string, string>> = {
  assigned_to: 'member',
  content: 'text',
  expires_at: 'until',
  in_ms: 'in',
  issue_level: 'level',
  q: 'text',
  scheduled_date: 'date',
  support_role: 'role',
  'tags.0': 'tag',
};

/** What somebody is told of a verb that threw; a bug is told of without detail. */
export function refusalOf(error: unknown): string {
  const { message, details } = toAppError(error);
  const each = details.errors?.map(
    (one) => `${asked[one.location] ?? one.location} ${one.message}`,
  );
  // It may name people.
  return `That did not work: ${neutralise(each?.join('; ') || message)}.`;
}
