import type { IssueLevel } from '../../contract/tickets.ts';
import { invalidField } from '../../errors.ts';
import { ownPriorities } from '../../models/ticket.ts';
import type { Ticket } from '../log/entry.ts';
import type { Priority } from '../priorities/priorities.ts';

type Urgency = Pick<Ticket, 'priority' | 'issue_level'>;

/** What is asked for; either, both or none. */
export interface UrgencyInput {
  priority?: string | undefined;
  issue_level?: IssueLevel | undefined;
}

/** The priority that stands for a level: its own, or where that is gone the lowest in it. */
function priorityFor(level: IssueLevel, priorities: readonly Priority[]): string {
  const inLevel = priorities.filter((one) => one.issue_level === level && !one.archived);
  const own = inLevel.find(({ name }) => name === ownPriorities[level]);
  return (own ?? inLevel[0])?.name ?? ownPriorities[level];
}

/**
 * One axis of urgency: a ticket's level is that of its priority, always.
 * @param ticket what it is now; none for a new one
 * @returns both fields, or nothing where neither is asked for
 * @throws AppError BAD_REQUEST for a priority that is not there, or not in the level asked for
 */
export function urgencyOf(
  ticket: Urgency | undefined,
  { priority, issue_level }: UrgencyInput,
  priorities: readonly Priority[],
): Urgency | undefined {
  if (priority !== undefined) {
    const row = priorities.find(({ name, archived }) => name === priority && !archived);
    if (!row) throw invalidField('priority', 'is not a priority', 'unknown_priority');
    if (issue_level !== undefined && issue_level !== row.issue_level) {
      throw invalidField('priority', `is of the level ${row.issue_level}`, 'other_level');
    }
    return { priority, issue_level: row.issue_level };
  }
  if (issue_level === undefined) return undefined;
  if (ticket?.issue_level === issue_level) return { priority: ticket.priority, issue_level };
  return { priority: priorityFor(issue_level, priorities), issue_level };
}
