import type { Timestamp } from 'mongodb';
import { Schema, type Types } from 'mongoose';
import type { UserRole } from '../contract/identity.ts';
import type { IssueLevel, SupportRole, TicketStatus } from '../contract/ticket-words.ts';
import type { FileRow } from './entry.ts';

/** Whoever of the staff takes care of a ticket; `key` is what the rights go by. */
export interface AssigneeRow {
  key: string;
  id: string;
  name: string;
}

export interface RatingRow {
  score: number;
  comment: string | null;
  at: number;
  /** When it was first given; it may be changed for some days from then. */
  first: number;
}

export interface CloseRequestRow {
  at: number;
  by_name: string;
}

/** From when to when a clock stood still, in milliseconds since 1970. */
export type PauseRow = readonly [from: number, to: number];

/** What the times of service are counted by: milliseconds since 1970, and lengths in milliseconds. */
export interface ServiceClockRow {
  /** When it began: with the ticket, its approval, or its reopening. */
  from: number;
  /** How long it has stood still, all pauses that are over together. */
  paused: number;
  /** Since when it stands still; null while it runs. */
  paused_since: number | null;
  /**
   * The pauses that are over, in order, a bounded number of them. `paused` alone would not do: how much
   * working time a pause took depends on when it was, and on a calendar that may be changed later.
   */
  pauses?: readonly PauseRow[];
  /** What a first response was measured by that was given before the clock began anew. */
  answered?: { from: number; pauses: readonly PauseRow[] };
}

/** How much was said of a promise: nothing, that it is about to be broken, that it is broken. */
export type ToldRow = 0 | 1 | 2;

/** What was said of the service level of a ticket, under the clock that began at `from`. */
export interface SlaToldRow {
  from: number;
  first_response: ToldRow;
  resolution: ToldRow;
}

/** The service level of a ticket as lists find it: broken, about to be, or neither. */
export type SlaState = 'breached' | 'due' | 'running';

/** A ticket. What its log says (`last_seq`, the time of the last entry) is read from the log, not kept here. */
export interface TicketRow {
  _id: Types.ObjectId;
  number: number;
  /** When MongoDB took it in, by the cluster's clock. */
  stored: Timestamp;
  /** Key of the customer: issuer and id. */
  owner: string;
  /** The partner whose customer it is: the issuer of the token that opened it; null without one. */
  partner: string | null;
  user_id: string;
  username: string;
  /** Null for a guest who gave none. */
  email: string | null;
  user_role: UserRole;
  topic: string;
  description: string;
  status: TicketStatus;
  support_role: SupportRole;
  issue_level: IssueLevel;
  assigned_to: string | null;
  created_at: number;
  updated_at: number;
  /** The entry that made the ticket what it is, written with it; 0 for the ticket as it was created. */
  status_seq: number;
  closed_at: number | null;
  close_reason: string | null;
  client_id: string;
  /** The name of a priority; `issue_level` is always its level. */
  priority: string;
  category: string | null;
  sub_category: string | null;
  /** YYYY-MM-DD */
  scheduled_date: string | null;
  /** Who `assigned_to` is, where that names somebody known. */
  assignee: AssigneeRow | null;
  /** Attached when it was opened. */
  files: FileRow[];
  context: Record<string, string>;
  first_response_at: number | null;
  response_time: number | null;
  resolved_at: number | null;
  resolution_time: number | null;
  rejection_reason: string | null;
  rating: RatingRow | null;
  /** How often it was reopened. */
  reopened: number;
  /** The entry that changed the status last; absent where that was before it was written down. */
  moved_seq?: number;
  /** The entry that ended the ticket last; 0 before the first time. */
  ending_seq: number;
  /** It was closed while it waited for approval: who opens it again decides that, too. */
  unapproved?: boolean;
  clock: ServiceClockRow;
  /** That staff ask the customer whether it may be closed. */
  close_request: CloseRequestRow | null;
  /** By which door it was opened. */
  channel: 'web' | 'discord' | 'system';
  /** Staff's, changed by entries of the internal stream alone. */
  tags: string[];
  snoozed_until: number | null;
  /** How far up it was passed because of a broken promise, until somebody acknowledges it. */
  escalation: SupportRole | null;
  escalated_at: number | null;
  sla_told: SlaToldRow | null;
  /** Derived, for lists: kept up by `domain/sla`, in no entry. */
  sla_state?: SlaState | null;
  sla_due_at?: number | null;
  /** In the entry that ends a deleted ticket's log, and in no row: when it was deleted. */
  deleted_at?: number;
}

/** The fields that only staff ever see. */
export const staffFields = [
  'tags',
  'snoozed_until',
  'escalation',
] as const satisfies readonly (keyof TicketRow)[];

export const ticketSchema = new Schema<TicketRow>(
  {
    number: { type: Number, required: true },
    stored: { type: Schema.Types.Mixed, required: true },
    owner: { type: String, required: true },
    partner: { type: String, default: null },
    user_id: { type: String, required: true },
    username: { type: String, required: true },
    email: { type: String, default: null },
    user_role: { type: String, required: true },
    topic: { type: String, required: true },
    description: { type: String, required: true },
    status: { type: String, required: true },
    support_role: { type: String, required: true },
    issue_level: { type: String, required: true },
    assigned_to: { type: String, default: null },
    created_at: { type: Number, required: true },
    updated_at: { type: Number, required: true },
    status_seq: { type: Number, required: true },
    closed_at: { type: Number, default: null },
    close_reason: { type: String, default: null },
    client_id: { type: String, required: true },
    priority: { type: String, required: true },
    category: { type: String, default: null },
    sub_category: { type: String, default: null },
    scheduled_date: { type: String, default: null },
    assignee: { type: Schema.Types.Mixed, default: null },
    files: { type: Schema.Types.Mixed, default: [] },
    context: { type: Schema.Types.Mixed, default: {} },
    first_response_at: { type: Number, default: null },
    response_time: { type: Number, default: null },
    resolved_at: { type: Number, default: null },
    resolution_time: { type: Number, default: null },
    rejection_reason: { type: String, default: null },
    rating: { type: Schema.Types.Mixed, default: null },
    reopened: { type: Number, default: 0 },
    ending_seq: { type: Number, default: 0 },
    unapproved: Boolean,
    moved_seq: Number,
    clock: { type: Schema.Types.Mixed, required: true },
    close_request: { type: Schema.Types.Mixed, default: null },
    channel: { type: String, default: 'web' },
    tags: { type: [String], default: [] },
    snoozed_until: { type: Number, default: null },
    escalation: { type: String, default: null },
    escalated_at: { type: Number, default: null },
    sla_told: { type: Schema.Types.Mixed, default: null },
    sla_state: { type: String, default: null },
    sla_due_at: { type: Number, default: null },
  },
  { collection: 'tickets', versionKey: false, strict: 'throw' },
);

ticketSchema.index({ number: 1 }, { unique: true, name: 'ticket_number' });
ticketSchema.index({ stored: 1 }, { name: 'ticket_stored' });
ticketSchema.index({ owner: 1, client_id: 1 }, { unique: true, name: 'ticket_client_id' });
ticketSchema.index({ owner: 1, status: 1, _id: -1 }, { name: 'ticket_owner_status' });
ticketSchema.index({ owner: 1, _id: -1 }, { name: 'ticket_owner' });
ticketSchema.index({ status: 1, _id: -1 }, { name: 'ticket_status' });
/**
 * What every list is found by. The fields that each ticket has one of few values of come first, then the
 * sort, then what narrows further by its key alone: see `domain/tickets/list-query`.
 */
const few = { status: 1, issue_level: 1, support_role: 1 } as const;
const newest = { _id: -1 } as const;
const lastChanged = { updated_at: -1, _id: -1 } as const;
const further = { created_at: 1, priority: 1, sla_state: 1 } as const;
const byTime = { created_at: 1, updated_at: 1 } as const;
const furtherByTime = { ...byTime, priority: 1, sla_state: 1 } as const;
ticketSchema.index({ ...few, ...newest, ...furtherByTime }, { name: 'ticket_list' });
ticketSchema.index({ owner: 1, ...few, ...newest }, { name: 'ticket_owner_filters' });
ticketSchema.index({ user_id: 1, ...newest }, { name: 'ticket_user' });
ticketSchema.index(
  { priority: 1, status: 1, support_role: 1, ...newest, ...byTime, issue_level: 1 },
  { name: 'ticket_list_priority' },
);
ticketSchema.index(
  { category: 1, ...few, ...newest, ...furtherByTime },
  { name: 'ticket_list_category' },
);
ticketSchema.index(
  { 'assignee.key': 1, ...few, ...newest, ...furtherByTime, category: 1 },
  { name: 'ticket_list_assignee' },
);
ticketSchema.index(
  { assigned_to: 1, ...few, ...newest, ...furtherByTime, category: 1 },
  { name: 'ticket_list_assigned' },
);
ticketSchema.index(
  { tags: 1, ...few, ...newest, ...furtherByTime, category: 1 },
  { name: 'ticket_list_tag' },
);
ticketSchema.index(
  { sla_state: 1, ...few, ...newest, ...byTime, priority: 1, category: 1 },
  { name: 'ticket_list_sla' },
);
ticketSchema.index(
  {
    ...few,
    ...{ sla_due_at: 1, _id: 1 },
    ...furtherByTime,
    ...{ category: 1, assigned_to: 1, 'assignee.key': 1 },
  },
  { name: 'ticket_sla' },
);
ticketSchema.index({ ...few, ...lastChanged, ...further }, { name: 'ticket_changed' });
ticketSchema.index({ owner: 1, ...lastChanged }, { name: 'ticket_owner_changed' });
ticketSchema.index(
  { category: 1, ...few, ...lastChanged, ...further },
  { name: 'ticket_changed_category' },
);
ticketSchema.index(
  { 'assignee.key': 1, ...few, ...lastChanged, ...further, category: 1 },
  { name: 'ticket_changed_assignee' },
);
ticketSchema.index(
  { assigned_to: 1, ...few, ...lastChanged, ...further, category: 1 },
  { name: 'ticket_changed_assigned' },
);
// What somebody of the staff takes care of.
ticketSchema.index(
  { 'assignee.key': 1, status: 1, _id: -1 },
  {
    name: 'ticket_assignee',
    partialFilterExpression: { 'assignee.key': { $exists: true } },
  },
);

// What has changed, and what has ended: the statistics are made by these.
ticketSchema.index({ updated_at: 1 }, { name: 'ticket_updated' });
ticketSchema.index(
  { closed_at: 1 },
  { name: 'ticket_closed', partialFilterExpression: { closed_at: { $gt: 0 } } },
);

/** The last number given to a ticket. */
export interface CounterRow {
  _id: string;
  value: number;
}

export const counterSchema = new Schema<CounterRow>(
  { _id: { type: String, required: true }, value: { type: Number, required: true } },
  { collection: 'counters', versionKey: false, strict: 'throw' },
);

/** The priority that stands for a level by itself; every level has one at first. */
export const ownPriorities: Readonly<Record<IssueLevel, string>> = {
  NORMAL: 'MEDIUM',
  URGENT: 'HIGH',
  CRITICAL: 'URGENT',
};

type Described = Pick<
  TicketRow,
  'issue_level' | 'created_at' | 'status' | 'status_seq' | 'closed_at'
>;

/** What a ticket has before anybody says more; of one from before the help desk, all that it lacks. */
export function newTicketFields({
  issue_level,
  created_at,
  status,
  status_seq,
  closed_at,
}: Described) {
  const isClosed = status === 'CLOSED' && closed_at !== null;
  return {
    priority: ownPriorities[issue_level],
    category: null,
    sub_category: null,
    scheduled_date: null,
    assignee: null,
    files: [],
    context: {},
    first_response_at: null,
    response_time: null,
    resolved_at: isClosed ? closed_at : null,
    resolution_time: isClosed ? closed_at - created_at : null,
    rejection_reason: null,
    rating: null,
    reopened: 0,
    ending_seq: isClosed ? status_seq : 0,
    clock: { from: created_at, paused: 0, paused_since: null },
    close_request: null,
    channel: 'web' as TicketRow['channel'],
    tags: [],
    snoozed_until: null,
    escalation: null,
    escalated_at: null,
    sla_told: null,
  } satisfies Partial<TicketRow>;
}

/** The names of the fields that `newTicketFields` gives. */
export const addedFields: readonly string[] = Object.keys(
  newTicketFields({
    issue_level: 'NORMAL',
    created_at: 0,
    status: 'OPEN',
    status_seq: 0,
    closed_at: null,
  }),
);
