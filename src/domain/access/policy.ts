import { AppError, notFound } from '../../errors.ts';
import { type Actor, isSelf, isStaff, ownKeys } from './actor.ts';

/**
 * What is acted on: a stored ticket is one as it is. `author` is the key of who wrote the message,
 * for what is done to a message.
 */
export interface Target {
  owner: string;
  author?: string;
  /** Who of the staff takes care of the ticket. */
  assignee?: { key: string } | null;
}

/** What the operator has decided; a `Config` is one. */
export interface PolicySettings {
  customerMaySetLevel: boolean;
  /** Whether agents see every ticket, or only those assigned to them. */
  agentSees: 'all' | 'assigned';
  /** Whether agents may also assign to others, approve and reject, as those who manage them do. */
  agentMayAssign: boolean;
}

/**
 * What an actor is to a ticket. A right that depends on a setting is a standing of its own, so that
 * the table below needs no conditions.
 */
type Standing =
  | 'customer'
  | 'owner'
  | 'owner_setting_levels'
  | 'author'
  | 'agent'
  /** An agent who may do what is decided for others. */
  | 'managing_agent'
  /** Discord's MANAGER, whatever agents may. */
  | 'manager'
  | 'admin';

const staff = ['agent', 'admin'] as const;
const ownerAndStaff = ['owner', ...staff] as const;
const managers = ['managing_agent', 'admin'] as const;

/** Who may do what: the only place that says so. Everybody else is answered with `refusal`. */
const table = {
  open_ticket: { may: ['customer', ...staff], refusal: 'open a ticket' },
  read_ticket: { may: ownerAndStaff, refusal: 'read a ticket' },
  send_message: { may: ownerAndStaff, refusal: 'write in a ticket' },
  edit_message: { may: ['author'], refusal: 'only its author may edit a message' },
  delete_message: {
    may: ['author', ...staff],
    refusal: 'only its author or staff may delete a message',
  },
  react: { may: ownerAndStaff, refusal: 'react to a message' },
  upload_file: { may: ownerAndStaff, refusal: 'upload to a ticket' },
  signal: { may: ownerAndStaff, refusal: 'signal in a ticket' },
  close_ticket: { may: ownerAndStaff, refusal: 'close a ticket' },
  close_silently: { may: staff, refusal: 'only staff may close a ticket silently' },
  request_closing: { may: staff, refusal: 'only staff may ask to close a ticket' },
  answer_closing: { may: ['owner'], refusal: 'only its owner may say whether it may be closed' },
  change_topic: { may: ownerAndStaff, refusal: 'change the topic of a ticket' },
  set_level: {
    may: ['owner_setting_levels', ...staff],
    refusal: 'only staff may set issue_level and support_role',
  },
  assign_ticket: { may: staff, refusal: 'only staff may assign a ticket' },
  assign_to_others: {
    may: managers,
    refusal: 'only ADMIN, or whom the operator lets, may assign a ticket to others',
  },
  decide_approval: {
    may: managers,
    refusal: 'only ADMIN, or whom the operator lets, may approve or reject a ticket',
  },
  set_status: { may: staff, refusal: 'only staff may set the status' },
  set_priority: {
    may: ['owner_setting_levels', ...staff],
    refusal: 'only staff may set the priority',
  },
  categorize: { may: staff, refusal: 'only staff may set category and sub_category' },
  schedule_date: { may: ownerAndStaff, refusal: 'set scheduled_date' },
  tag_ticket: { may: staff, refusal: 'only staff may set tags' },
  snooze_ticket: { may: staff, refusal: 'only staff may snooze a ticket' },
  acknowledge_escalation: { may: staff, refusal: 'only staff may acknowledge an escalation' },
  claim_ticket: { may: staff, refusal: 'only staff may claim a ticket' },
  withdraw_ticket: { may: ['owner', 'admin'], refusal: 'only its owner may withdraw a ticket' },
  reopen_ticket: { may: ownerAndStaff, refusal: 'reopen a ticket' },
  rate_ticket: { may: ['owner'], refusal: 'only its owner may rate a ticket' },
  read_history: { may: ownerAndStaff, refusal: 'read the history of a ticket' },
  read_transcript: { may: ownerAndStaff, refusal: 'read the transcript of a ticket' },
  delete_ticket: { may: ['admin'], refusal: 'only ADMIN may delete a ticket' },
  erase_customer: {
    may: ['admin'],
    refusal: 'only ADMIN may erase a customer, or see that it was done',
  },
  export_own_data: { may: ['customer', ...staff], refusal: 'export what is theirs' },
  export_customer: { may: ['admin'], refusal: 'only ADMIN may export what is known of a customer' },
  subscribe: {
    may: staff,
    refusal: 'only staff may subscribe; customers get the events of all their tickets',
  },
  unsubscribe: { may: staff, refusal: 'only staff may unsubscribe' },
  read_internal: { may: staff, refusal: 'only staff may read notes' },
  write_internal: { may: staff, refusal: 'only staff may write notes' },
  see_mirror_state: { may: staff, refusal: 'only staff may see how far a message has come' },
  read_catalogue: { may: ['customer', ...staff], refusal: 'read categories and priorities' },
  write_catalogue: { may: ['admin'], refusal: 'only ADMIN may change categories and priorities' },
  read_packages: { may: ['customer', ...staff], refusal: 'read packages' },
  write_packages: { may: ['admin'], refusal: 'only ADMIN may change packages' },
  use_customers: { may: staff, refusal: 'only staff may see profiles of customers' },
  delete_customer: { may: ['admin'], refusal: 'only ADMIN may delete the profile of a customer' },
  use_canned_replies: { may: staff, refusal: 'only staff may use canned replies' },
  delete_canned_reply: { may: ['admin'], refusal: 'only ADMIN may delete a canned reply' },
  see_agents: { may: staff, refusal: 'only staff may see who of the staff there is' },
  block_customers: { may: staff, refusal: 'only staff may block customers' },
  read_own_reports: { may: staff, refusal: 'only staff may read reports' },
  read_all_reports: { may: ['manager', 'admin'], refusal: 'only ADMIN may read all reports' },
  set_calendar: { may: ['admin'], refusal: 'only ADMIN may see and set the calendar' },
  set_digest: { may: ['admin'], refusal: 'only ADMIN may see and set the weekly digest' },
} as const satisfies Record<string, { may: readonly Standing[]; refusal: string }>;

/** Everything a ticket and its messages can be asked for. */
export type Action = keyof typeof table;
export const actions = Object.keys(table) as Action[];

export type Verdict = 'allow' | 'forbidden' | 'missing';

/** True for an agent whom the operator shows only what is assigned to them. */
function seesAssignedOnly(actor: Actor, { agentSees }: PolicySettings): boolean {
  return agentSees === 'assigned' && actor.role === 'AGENT' && !actor.manages;
}

/** True for staff who see every ticket, whoever takes care of it. */
export function watchesAll(actor: Actor, settings: PolicySettings): boolean {
  return isStaff(actor) && !seesAssignedOnly(actor, settings);
}

/** Staff see every ticket, or those assigned to them; customers their own. */
function sees(actor: Actor, target: Target, settings: PolicySettings): boolean {
  if (isSelf(actor, target.owner)) return true;
  if (!isStaff(actor)) return false;
  if (!seesAssignedOnly(actor, settings)) return true;
  return target.assignee ? isSelf(actor, target.assignee.key) : false;
}

function standingsOf(
  actor: Actor,
  target: Target | undefined,
  settings: PolicySettings,
): Standing[] {
  const standings: Standing[] = [];
  if (!isStaff(actor)) standings.push('customer');
  else standings.push(actor.role === 'ADMIN' ? 'admin' : 'agent');
  if (actor.role === 'AGENT' && (actor.manages || settings.agentMayAssign)) {
    standings.push('managing_agent');
  }
  if (actor.role === 'AGENT' && actor.manages) standings.push('manager');
  // Not of the other identity: Discord lets nobody change there what a member has written.
  if (target?.author === actor.key) standings.push('author');
  if (!target || !isSelf(actor, target.owner)) return standings;
  standings.push('owner');
  if (settings.customerMaySetLevel) standings.push('owner_setting_levels');
  return standings;
}

/**
 * Whether an actor may do something to a ticket. What they may not see is `missing`, whatever they
 * want to do with it: existence first, then the right.
 * @param target null for a ticket that is not stored; undefined for what concerns no single ticket
 */
export function can(
  actor: Actor,
  action: Action,
  target: Target | null | undefined,
  settings: PolicySettings,
): Verdict {
  if (target === null || (target && !sees(actor, target, settings))) return 'missing';
  const may: readonly Standing[] = table[action].may;
  const standings = standingsOf(actor, target, settings);
  return standings.some((standing) => may.includes(standing)) ? 'allow' : 'forbidden';
}

/**
 * The same, for verbs.
 * @throws AppError NOT_FOUND, alike for a ticket that is missing and for somebody else's; FORBIDDEN
 */
export function requireRight(
  settings: PolicySettings,
  actor: Actor,
  action: Action,
  target: Target | null | undefined,
): void {
  const verdict = can(actor, action, target, settings);
  if (verdict === 'missing') throw notFound('ticket');
  if (verdict === 'forbidden') throw new AppError('FORBIDDEN', table[action].refusal);
}

/** The tickets an actor's lists hold, as a filter of stored tickets. */
export function visibleTickets(
  actor: Actor,
  settings: PolicySettings,
): { owner?: string; 'assignee.key'?: ReturnType<typeof ownKeys> } {
  if (!isStaff(actor)) return { owner: actor.key };
  return seesAssignedOnly(actor, settings) ? { 'assignee.key': ownKeys(actor) } : {};
}
