import type { AppContext } from '../../context.ts';
import type { FieldChange, HistoryEntry } from '../../contract/ticket-history.ts';
import type { FieldValue } from '../../models/entry.ts';
import { type AssigneeRow, type RatingRow, staffFields } from '../../models/ticket.ts';
import type { Changes, TicketChangeEntry } from '../log/entry.ts';
import { assigneeView, ratingView, shownId } from '../views.ts';

/** Who is shown a history. */
interface Reader {
  staff: boolean;
}

/** Fields of a ticket that a history names, besides those that only staff are shown. */
const publicFields = [
  'topic',
  'status',
  'priority',
  'issue_level',
  'support_role',
  'category',
  'sub_category',
  'scheduled_date',
  'assigned_to',
  'assignee',
  'first_response_at',
  'response_time',
  'resolved_at',
  'resolution_time',
  'closed_at',
  'close_reason',
  'rejection_reason',
  'rating',
  'reopened',
] as const;

type Side = 0 | 1;

/** Whom a ticket is assigned to: the id that stands for somebody, or a text as it was written. */
function assignedText(ctx: AppContext, changes: Changes, side: Side, to: Reader): FieldValue {
  const assignee = changes.assignee?.[side] as AssigneeRow | null | undefined;
  return assignee ? shownId(ctx, assignee, to) : (changes.assigned_to?.[side] ?? null);
}

function shownValue(
  ctx: AppContext,
  changes: Changes,
  field: string,
  side: Side,
  to: Reader,
): unknown {
  const value = changes[field]?.[side] ?? null;
  if (field === 'assigned_to') return assignedText(ctx, changes, side, to);
  if (value === null) return null;
  if (field === 'assignee') return assigneeView(ctx, value as AssigneeRow, to);
  return field === 'rating' ? ratingView(value as RatingRow) : value;
}

/** A change of a ticket as its history has it: nothing of how it is stored, and for customers no id of Discord. */
export function historyEntryView(
  ctx: AppContext,
  { seq, at, action, author, comment, changes, stream }: TicketChangeEntry,
  to: Reader,
): HistoryEntry {
  const fields: readonly string[] = to.staff ? [...publicFields, ...staffFields] : publicFields;
  const shown = fields.flatMap((field): FieldChange[] => {
    if (!changes[field]) return [];
    const value = (side: Side) => shownValue(ctx, changes, field, side, to);
    return [{ field, from: value(0), to: value(1) }];
  });
  return {
    seq,
    at,
    action,
    by: { id: shownId(ctx, author, to), name: author.name, role: author.role },
    comment: comment ?? null,
    changes: shown,
    ...(to.staff && { internal: stream === 'internal' }),
  };
}
