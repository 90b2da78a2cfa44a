import { AppError, notFound } from '../../errors.ts';
import { type Actor, isStaff } from './actor.ts';

/**
 * What is acted on: a stored ticket is one as it is. `author` is the key of who wrote the message,
 * for what is done to a message.
 */
export interface Target {
  owner: string;
  author?: string;
}

/** What the operator has decided; a `Config` is one. */
export interface PolicySettings {
  customerMaySetLevel: boolean;
}

/**
 * What an actor is to a ticket. A right that depends on a setting is a standing of its own, so that
 * the table below needs no conditions.
 */
type Standing = 'customer' | 'owner' | 'owner_setting_levels' | 'author' | 'agent' | 'admin';

const staff = ['agent', 'admin'] as const;
const ownerAndStaff = ['owner', ...staff] as const;

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
  upload_file: { may: ownerAndStaff, refusal: 'upload to a ticket' },
  signal: { may: ownerAndStaff, refusal: 'signal in a ticket' },
  close_ticket: { may: ownerAndStaff, refusal: 'close a ticket' },
  change_topic: { may: ownerAndStaff, refusal: 'change the topic of a ticket' },
  set_level: {
    may: ['owner_setting_levels', ...staff],
    refusal: 'only staff may set issue_level and support_role',
  },
  assign_ticket: { may: staff, refusal: 'only staff may assign a ticket' },
  subscribe: {
    may: staff,
    refusal: 'only staff may subscribe; customers get the events of all their tickets',
  },
  unsubscribe: { may: staff, refusal: 'only staff may unsubscribe' },
  read_internal: { may: staff, refusal: 'only staff may read notes' },
  write_internal: { may: staff, refusal: 'only staff may write notes' },
  see_mirror_state: { may: staff, refusal: 'only staff may see how far a message has come' },
  read_packages: { may: ['customer', ...staff], refusal: 'read packages' },
  write_packages: { may: ['admin'], refusal: 'only ADMIN may change packages' },
  use_customers: { may: staff, refusal: 'only staff may see profiles of customers' },
  delete_customer: { may: ['admin'], refusal: 'only ADMIN may delete the profile of a customer' },
  use_canned_replies: { may: staff, refusal: 'only staff may use canned replies' },
  delete_canned_reply: { may: ['admin'], refusal: 'only ADMIN may delete a canned reply' },
  see_agents: { may: staff, refusal: 'only staff may see who of the staff there is' },
  block_customers: { may: staff, refusal: 'only staff may block customers' },
  set_calendar: { may: ['admin'], refusal: 'only ADMIN may see and set the calendar' },
} as const satisfies Record<string, { may: readonly Standing[]; refusal: string }>;

/** Everything a ticket and its messages can be asked for. */
export type Action = keyof typeof table;
export const actions = Object.keys(table) as Action[];

export type Verdict = 'allow' | 'forbidden' | 'missing';

/** Staff see every ticket, customers their own. */
function sees(actor: Actor, target: Target): boolean {
  return isStaff(actor) || target.owner === actor.key;
}

function standingsOf(
  actor: Actor,
  target: Target | undefined,
  settings: PolicySettings,
): Standing[] {
  const standings: Standing[] = [];
  if (!isStaff(actor)) standings.push('customer');
  else standings.push(actor.role === 'ADMIN' ? 'admin' : 'agent');
  if (target?.author === actor.key) standings.push('author');
  if (target?.owner !== actor.key) return standings;
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
  if (target === null || (target && !sees(actor, target))) return 'missing';
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
export function visibleTickets(actor: Actor): { owner?: string } {
  return isStaff(actor) ? {} : { owner: actor.key };
}
