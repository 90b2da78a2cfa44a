import { type SupportRole, supportRoles } from '../../contract/ticket-words.ts';
import type { SlaToldRow } from '../../models/ticket.ts';
import { addWorkingMs } from '../calendar/working-time.ts';
import type { Ticket } from '../log/entry.ts';
import { isPractice } from '../practice/practice-key.ts';
import { type Promised, promisesOf, type SlaRules } from './service-level.ts';

/** Working time after which an escalation that nobody acknowledges goes on to the next role. */
export const ESCALATE_AFTER_MS = 3_600_000;

/** What is said of a ticket next, by the clock alone. */
export type SlaStep =
  | { kind: 'sla_warning' | 'sla_breach'; target: Promised; at: number; due: number | null }
  | { kind: 'sla_escalation'; role: SupportRole; at: number };

function toldOf({ sla_told, clock }: Ticket): SlaToldRow {
  // Of a clock that has begun anew nothing was said yet.
  if (sla_told?.from === clock.from) return sla_told;
  return { from: clock.from, first_response: 0, resolution: 0 };
}

/** The role after the one a ticket is with; the last one keeps it. */
function nextRole({ support_role, escalation }: Ticket): SupportRole {
  const places = [support_role, escalation ?? support_role].map((role) =>
    supportRoles.indexOf(role),
  );
  return supportRoles[Math.max(...places) + 1] ?? 'ADMIN';
}

/** An escalation rises while what is overdue is awaited and nobody has said that they see to it. */
function escalationStep(ticket: Ticket, rules: SlaRules): SlaStep[] {
  const { escalation, escalated_at, clock } = ticket;
  if (!escalation || !escalated_at || clock.paused_since !== null) return [];
  const role = nextRole(ticket);
  const told = toldOf(ticket);
  const isOverdue = promisesOf(ticket, rules).some(
    ({ target, endedAt }) => endedAt === undefined && told[target] === 2,
  );
  if (role === escalation || !isOverdue) return [];
  const at = addWorkingMs(rules.calendar, escalated_at, ESCALATE_AFTER_MS);
  return at === Infinity ? [] : [{ kind: 'sla_escalation', role, at }];
}

/** The next thing to be said of a ticket, and when; nothing where time alone brings nothing. */
export function nextStep(ticket: Ticket, rules: SlaRules): SlaStep | undefined {
  // Nobody waits in a ticket for practice.
  if (isPractice(ticket.owner)) return undefined;
  const told = toldOf(ticket);
  const steps = promisesOf(ticket, rules).flatMap(({ target, warnAt, due, endedAt }): SlaStep[] => {
    if (endedAt !== undefined) return [];
    if (told[target] === 0) {
      return warnAt === null ? [] : [{ kind: 'sla_warning', target, at: warnAt, due }];
    }
    const isLeft = told[target] === 1 && due !== null;
    return isLeft ? [{ kind: 'sla_breach', target, at: due, due }] : [];
  });
  return [...steps, ...escalationStep(ticket, rules)].reduce<SlaStep | undefined>(
    (first, step) => (first && first.at <= step.at ? first : step),
    undefined,
  );
}

/** Its idempotency key: each is said once for each run of the clock, whoever finds it first. */
export function keyOf(step: SlaStep, { clock, escalated_at }: Ticket): string {
  if (step.kind === 'sla_escalation') return `sla-escalation-${step.role}@${escalated_at}`;
  return `${step.kind.replace('_', '-')}-${step.target}@${clock.from}`;
}

/** What a ticket remembers of a step that is taken. */
export function afterStep(ticket: Ticket, step: SlaStep, at: number): Partial<Ticket> {
  if (step.kind === 'sla_escalation') return { escalation: step.role, escalated_at: at };
  const isBreach = step.kind === 'sla_breach';
  const sla_told: SlaToldRow = { ...toldOf(ticket), [step.target]: isBreach ? 2 : 1 };
  return isBreach ? { sla_told, escalation: nextRole(ticket), escalated_at: at } : { sla_told };
}
