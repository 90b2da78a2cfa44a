import type { AppContext } from '../../context.ts';
import type { ListTicketsQuery } from '../../contract/ticket-lists.ts';
import { issueLevels, supportRoles, ticketStatuses } from '../../contract/ticket-words.ts';
import { invalidField } from '../../errors.ts';
import { type Actor, isStaff } from '../access/actor.ts';
import { visibleTickets } from '../access/policy.ts';
import { keysOf } from '../agents/agent.ts';
import { agentRowOf, findAgentRow } from '../agents/agents.ts';
import { oid } from '../log/collections.ts';
import { endedStatuses, openStatuses } from './workflow.ts';

type Condition = Record<string, unknown>;

/** A filter of stored tickets, the index to go by, and the order. */
export interface TicketPlan {
  filter: Record<string, unknown>;
  hint?: string;
  sort: Record<string, 1 | -1>;
}

type Resolved = 'limit' | 'before' | 'page' | 'assigned_to' | 'customer_id' | 'q';

export type Filters = Omit<ListTicketsQuery, Resolved> & {
  /** Whom the tickets are assigned to, as a condition: see `assigneeCondition`. */
  assignee?: Condition;
  /** The key of whose tickets they are; null for nobody's. */
  owner?: string | null;
  /** What a list with a name of its own is of, whatever else narrows it. */
  only?: 'open' | 'untaken';
};

/** How far the time in a ticket's id and its `created_at` may lie apart, in milliseconds. */
const ID_SLACK_MS = 60_000;

const refuse = (location: string, message: string, type: string) =>
  invalidField(location, message, type, 'query');

/**
 * A filter by what an actor is not shown would be an oracle: its answers tell it. Customers are shown an
 * alias of those who answer in Discord, so they cannot ask for an assignee by their id either.
 * @throws AppError BAD_REQUEST
 */
export function requireShown(
  actor: Actor,
  { tag, assigned_to, customer_id, sla, sort }: ListTicketsQuery,
): void {
  if (isStaff(actor)) return;
  const refused =
    (tag !== undefined && 'tag') ||
    (sla !== undefined && 'sla') ||
    (sort === 'sla' && 'sort') ||
    (customer_id !== undefined && 'customer_id') ||
    (assigned_to !== undefined && assigned_to !== 'none' && 'assigned_to');
  if (refused) throw refuse(refused, 'is for staff only', 'staff_only');
}

/** Nobody has the ticket. Said by type: for an index `null` also means what is not there, two places. */
export const nobodys: Condition = { assigned_to: { $type: 'null' } };

/**
 * Whom a list wants: nobody, oneself or somebody by an id, with whichever of their keys a ticket names
 * them; a text that stands for nobody known is looked for as old tickets have it.
 */
export async function assigneeCondition(
  ctx: AppContext,
  actor: Actor,
  assigned: string,
): Promise<Condition> {
  if (assigned === 'none') return nobodys;
  const row =
    assigned === 'me'
      ? await agentRowOf(ctx, actor)
      : await findAgentRow(ctx, assigned, actor.partner ?? null);
  const keys = row ? keysOf(row) : [];
  const [key, ...others] = assigned === 'me' ? new Set([actor.key, ...keys]) : keys;
  if (key === undefined) return { assigned_to: assigned };
  return { 'assignee.key': others.length > 0 ? { $in: [key, ...others] } : key };
}

const open: Condition = { status: { $in: openStatuses } };
/** Nobody has taken care of these yet. */
const untaken: Condition[] = [{ status: { $in: ['NEW', 'OPEN'] } }, nobodys];

function statusCondition(ctx: AppContext, { status, only }: Filters): Condition[] {
  const named = (only === 'open' && [open]) || (only === 'untaken' && untaken) || [];
  if (status === undefined) return named;
  if (status === 'open') return [...named, open];
  if (status !== 'new') return [...named, { status }];
  return [...named, ...(ctx.config.requireApproval ? [{ status: 'NEW' }] : untaken)];
}

function idAt(ms: number): ReturnType<typeof oid> {
  const seconds = Math.min(Math.max(0, Math.floor(ms / 1000)), 0xffffffff);
  return oid(`${seconds.toString(16).padStart(8, '0')}${'0'.repeat(16)}`);
}

const range = (from: number | undefined, to: number | undefined) => ({
  ...(from !== undefined && { $gte: from }),
  ...(to !== undefined && { $lte: to }),
});

/** A ticket's id has the second it was made in: it bounds the scan, `created_at` says exactly. */
function createdCondition({ created_from: from, created_to: to }: Filters): Condition[] {
  if (from === undefined && to === undefined) return [];
  const ids = {
    ...(from !== undefined && { $gte: idAt(from - ID_SLACK_MS) }),
    ...(to !== undefined && { $lt: idAt(to + ID_SLACK_MS + 1000) }),
  };
  return [{ created_at: range(from, to) }, { _id: ids }];
}

function updatedCondition({ updated_from: from, updated_to: to }: Filters): Condition[] {
  if (from === undefined && to === undefined) return [];
  // No ticket changes before it is there.
  const made = to === undefined ? [] : [{ _id: { $lt: idAt(to + ID_SLACK_MS + 1000) } }];
  return [{ updated_at: range(from, to) }, ...made];
}

/** Tickets that ended in so long a time are sorted in memory; of a longer one they are found in order. */
const SHORT_SPAN_MS = 7 * 24 * 3_600_000;

function isLongSpan({ closed_from: from = 0, closed_to: to = Infinity }: Filters): boolean {
  return to - from > SHORT_SPAN_MS;
}

function closedCondition({ closed_from: from, closed_to: to }: Filters): Condition[] {
  // Above 0, so that it is found by the index of those that have ended.
  if (from === undefined && to === undefined) return [];
  return [{ closed_at: range(Math.max(from ?? 1, 1), to) }];
}

/** What else is true of tickets that ended in a span: in order of their ids they are found by it. */
function alsoOfEnded({ closed_to: to }: Filters): Condition[] {
  // No ticket ends before it is there, and none that is open has ended.
  const made = to === undefined ? [] : [{ _id: { $lt: idAt(to + ID_SLACK_MS + 1000) } }];
  return [{ status: { $in: endedStatuses } }, ...made];
}

const plainFields = ['issue_level', 'support_role', 'priority', 'category', 'user_id'] as const;

function conditionsOf(ctx: AppContext, actor: Actor, filters: Filters): Condition[] {
  const plain = plainFields.flatMap((name) =>
    filters[name] === undefined ? [] : [{ [name]: filters[name] }],
  );
  return [
    visibleTickets(actor, ctx.config),
    ...(filters.owner === undefined ? [] : [{ owner: filters.owner }]),
    ...statusCondition(ctx, filters),
    ...(filters.assignee ? [filters.assignee] : []),
    ...plain,
    ...(filters.sla === undefined ? [] : [{ sla_state: filters.sla }]),
    ...(filters.tag === undefined ? [] : [{ tags: filters.tag }]),
    ...createdCondition(filters),
    ...updatedCondition(filters),
    ...closedCondition(filters),
  ].filter((condition) => Object.keys(condition).length > 0);
}

/** Every condition holds; where two are about one field, MongoDB takes what both leave. */
export function allOf(conditions: readonly Condition[]): Condition {
  const filter: Condition = {};
  const further: Condition[] = [];
  for (const condition of conditions) {
    const isFree = Object.keys(condition).every((name) => !(name in filter));
    if (isFree) Object.assign(filter, condition);
    else further.push(condition);
  }
  return further.length > 0 ? { ...filter, $and: further } : filter;
}

/** Fields of few values: the first ones of the indexes of lists. */
const fewValues = {
  status: ticketStatuses,
  issue_level: issueLevels,
  support_role: supportRoles,
} as const;
type FewValues = keyof typeof fewValues;
const levelsToo: readonly FewValues[] = ['status', 'issue_level', 'support_role'];
const withoutLevels: readonly FewValues[] = ['status', 'support_role'];

/** An index: which fields of few values it begins with, behind the one that leads to it. */
interface Way {
  hint: string;
  few: readonly FewValues[];
}

/** Of the indexes that fit, the one that leaves least; those of `changed` are in order of `updated_at`. */
function wayOf(asked: Condition, filters: Filters, changed: boolean): Way {
  // Of one person, or of a tag, there are few: these are put in order as they are read.
  const isOfFew = ['owner', 'user_id', 'tags'].some((name) => name in asked);
  if (filters.sort === 'sla' && !isOfFew) return { hint: 'ticket_sla', few: levelsToo };
  if ('owner' in asked) {
    if (changed) return { hint: 'ticket_owner_changed', few: [] };
    return { hint: 'ticket_owner_filters', few: levelsToo };
  }
  if ('closed_at' in asked && !isLongSpan(filters)) return { hint: 'ticket_closed', few: [] };
  if ('user_id' in asked) return { hint: 'ticket_user', few: [] };
  if ('tags' in asked) return { hint: 'ticket_list_tag', few: levelsToo };
  const lead =
    ('assignee.key' in asked && 'assignee') ||
    ('assigned_to' in asked && 'assigned') ||
    ('category' in asked && 'category');
  const kind = changed ? 'changed' : 'list';
  if (lead) return { hint: `ticket_${kind}_${lead}`, few: levelsToo };
  if ('sla_state' in asked && !changed) return { hint: 'ticket_list_sla', few: levelsToo };
  if ('priority' in asked && !changed) return { hint: 'ticket_list_priority', few: withoutLevels };
  return { hint: `ticket_${kind}`, few: levelsToo };
}

/** Newest first, unless something else is asked for; by what is due, the soonest first. */
export function sortOf({ sort, order = sort === 'sla' ? 'asc' : 'desc' }: Filters): {
  _id: 1 | -1;
  [field: string]: 1 | -1;
} {
  const direction = order === 'asc' ? 1 : -1;
  if (sort === 'updated_at') return { updated_at: direction, _id: direction };
  if (sort === 'sla') return { sla_due_at: direction, _id: direction };
  return { _id: direction };
}

/**
 * What a list looks for, in which order, and by which index. A field of few values that is not asked for
 * is given all of them: MongoDB then merges one sorted scan for each combination, at most 120 of them,
 * and what is behind the sort in the index narrows by keys alone. So a list reads about as many keys as
 * it has rows, and at worst the keys, never the rows, of one of these scans.
 * @param also what else has to hold: where the list goes on, which priorities it is about
 */
export function planList(
  ctx: AppContext,
  actor: Actor,
  filters: Filters,
  also: readonly Condition[] = [],
): TicketPlan {
  const isAwaited = filters.sort === 'sla' ? [{ sla_due_at: { $gt: 0 } }] : [];
  const named = [...conditionsOf(ctx, actor, filters), ...isAwaited, ...also];
  const isOfEnded = named.some((condition) => 'closed_at' in condition) && isLongSpan(filters);
  const conditions = isOfEnded ? [...named, ...alsoOfEnded(filters)] : named;
  const sort = sortOf(filters);
  const byChange = filters.sort === 'updated_at';
  const asked = Object.assign({}, ...conditions) as Condition;
  const isPlain = Object.keys(asked).every((name) => name === 'owner' || name === '_id');
  const filter = allOf(conditions);
  if (isPlain && !byChange) {
    return { filter, sort, hint: 'owner' in asked ? 'ticket_owner' : '_id_' };
  }
  // Rows that are nobody's are read to be told from others: in order, so that few of them are.
  const isFrom = filters.updated_from !== undefined && asked.assigned_to !== nobodys.assigned_to;
  const { hint, few } = wayOf(asked, filters, byChange || isFrom);
  const all = few.flatMap((name) => (name in asked ? [] : [{ [name]: { $in: fewValues[name] } }]));
  return { filter: allOf([...conditions, ...all]), sort, hint };
}

/** The same for counting: in no order, and of all that have ended by the keys of their index alone. */
export function planCount(ctx: AppContext, actor: Actor, filters: Filters): TicketPlan {
  const conditions = conditionsOf(ctx, actor, filters);
  const isOfEnded = conditions.every((condition) => 'closed_at' in condition);
  if (conditions.length === 0 || !isOfEnded) return planList(ctx, actor, filters);
  return { filter: allOf(conditions), sort: sortOf(filters), hint: 'ticket_closed' };
}
