import type { APIEmbedField } from 'discord.js';
import type { Ticket } from '../../../src/domain/log/entry.ts';
import type { SlaPromise } from '../../../src/domain/sla/service-level.ts';
import { referenceOf } from '../../../src/domain/views.ts';
import { escapeName, neutralise, shorten } from '../../format.ts';

/** What Discord takes in one field, and in all embeds of a message together, in characters. */
const MAX_FIELD = 1024;
const MAX_EMBEDS = 6000;
/** So that what people wrote leaves room for all the rest. */
const MAX_REASON = 700;
const MAX_TAGS = 300;
const MAX_NAME = 100;
/** Room that is left for the context is used from so many characters on. */
const MIN_CONTEXT = 40;

/** What is promised of the ticket, each with when it is due. */
export type CardTimes = readonly SlaPromise[];

/** What is read for a card that is posted or changed, and by itself changes none. */
export interface CardFacts {
  /** Tickets that the customer had before this one. */
  earlier: number;
  /** The customer's profile, where there is one. */
  profile: { name: string; company: string | null } | undefined;
}

const statusNames: Readonly<Record<Ticket['status'], string>> = {
  NEW: 'New, waits for approval',
  OPEN: 'Open',
  ASSIGNED: 'Assigned',
  IN_PROGRESS: 'In progress',
  WAITING: 'Waiting for the customer',
  RESOLVED: 'Resolved',
  CLOSED: 'Closed',
  REOPENED: 'Reopened',
  REJECTED: 'Rejected',
  WITHDRAWN: 'Withdrawn',
};

/** A moment as everybody sees it in their own time zone: `f` date and time, `R` how far away. */
export function timestamp(at: number, style: 'f' | 'R' = 'f'): string {
  return `<t:${Math.floor(at / 1000)}:${style}>`;
}

const when = (at: number) => `${timestamp(at)} (${timestamp(at, 'R')})`;

function field(name: string, value: string, { inline = true, max = MAX_FIELD } = {}) {
  return { name, value: shorten(value, max) || '—', inline };
}

const optional = (is: unknown, one: () => APIEmbedField) => (is ? [one()] : []);

/** One clock: due, stopped, kept or missed; what time alone changes is left to Discord's own clock. */
function clockOf({ due, endedAt }: SlaPromise): string {
  if (endedAt === undefined) return due === null ? 'stands still' : `due ${timestamp(due, 'R')}`;
  return due === null || endedAt <= due ? `✓ ${timestamp(endedAt)}` : `late: ${timestamp(endedAt)}`;
}

const clockNames = { first_response: 'First answer', resolution: 'Resolution' } as const;

function customerFields(ticket: Ticket, facts: CardFacts | undefined): APIEmbedField[] {
  const { profile, earlier } = facts ?? {};
  const company = profile?.company ? `, ${escapeName(profile.company, MAX_NAME)}` : '';
  return [
    field('Customer', escapeName(ticket.username)),
    field('Customer id', escapeName(ticket.user_id, MAX_NAME)),
    field('Customer role', ticket.user_role),
    ...optional(profile, () => field('Profile', `${escapeName(profile?.name ?? '')}${company}`)),
    ...optional(facts, () => field('Earlier tickets', String(earlier))),
  ];
}

/** What the desk has done with it, of what people wrote. */
function wordFields(ticket: Ticket): APIEmbedField[] {
  const { assigned_to, assignee, sub_category, tags, close_reason, rejection_reason } = ticket;
  const reason = close_reason ?? rejection_reason;
  const who = assignee?.name ?? assigned_to;
  const tagList = tags.map((tag) => escapeName(tag)).join(', ');
  return [
    ...optional(who, () => field('Assigned to', escapeName(who ?? ''))),
    ...optional(sub_category, () => field('Sub-category', escapeName(sub_category ?? ''))),
    ...optional(tagList, () => field('Tags', tagList, { max: MAX_TAGS })),
    ...optional(reason, () =>
      field('Reason', neutralise(reason ?? ''), { inline: false, max: MAX_REASON }),
    ),
  ];
}

function stateFields(ticket: Ticket, times: CardTimes): APIEmbedField[] {
  const { snoozed_until, escalation, close_request, scheduled_date, reopened } = ticket;
  return [
    ...times.map((one) => field(clockNames[one.target], clockOf(one))),
    ...optional(scheduled_date, () => field('Scheduled', scheduled_date ?? '')),
    ...optional(snoozed_until, () => field('Snoozed until', when(snoozed_until ?? 0))),
    ...optional(escalation, () => field('Escalated to', escalation ?? '')),
    ...optional(close_request, () =>
      field('Asked to close', timestamp(close_request?.at ?? 0, 'R')),
    ),
    ...optional(reopened, () => field('Reopened', `${reopened} ×`)),
  ];
}

/** The circumstances the customer's page and backend told of, as far as there is room. */
function contextField(context: Ticket['context'], room: number): APIEmbedField[] {
  const lines = Object.entries(context).map(
    ([key, value]) => `**${escapeName(key)}**: ${neutralise(value).replace(/\n/g, ' ')}`,
  );
  const max = Math.min(MAX_FIELD, room - 'Context'.length);
  if (lines.length === 0 || max < MIN_CONTEXT) return [];
  return [field('Context', lines.join('\n'), { inline: false, max })];
}

const sizeOf = (fields: readonly APIEmbedField[]) =>
  fields.reduce((sum, { name, value }) => sum + name.length + value.length, 0);

/** The fields there is room for: one too long is left out, and those behind it are not. */
function fitting(fields: readonly APIEmbedField[], room: number): APIEmbedField[] {
  let left = room;
  return fields.filter((one) => {
    const size = sizeOf([one]);
    if (size > left) return false;
    left -= size;
    return true;
  });
}

/**
 * The fields of the card, within what Discord takes.
 * @param how `bare` leaves out all that people wrote; `used` characters stand in the card already
 */
export function fieldsOf(
  ticket: Ticket,
  times: CardTimes,
  facts: CardFacts | undefined,
  { bare, used }: { bare: boolean; used: number },
): APIEmbedField[] {
  const { status, issue_level, priority, category, support_role, created_at, context } = ticket;
  const all = [
    field('Reference', referenceOf(ticket)),
    field('Status', statusNames[status]),
    field('Level', issue_level),
    field('Priority', escapeName(priority)),
    ...optional(category, () => field('Category', escapeName(category ?? ''))),
    field('Support role', support_role),
    ...(bare ? [] : customerFields(ticket, facts)),
    field('Opened', timestamp(created_at)),
    ...stateFields(ticket, times),
    ...(bare ? [] : wordFields(ticket)),
  ];
  const fields = fitting(all, MAX_EMBEDS - used);
  if (bare) return fields;
  return [...fields, ...contextField(context, MAX_EMBEDS - used - sizeOf(fields))];
}
