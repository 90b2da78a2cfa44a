import type { AppContext } from '../../context.ts';
import { AppError } from '../../errors.ts';
import type { TicketRow } from '../../models/ticket.ts';
import { systemActor } from '../access/actor.ts';
import type { Consumer } from '../consumers/consumer.ts';
import { native } from '../log/collections.ts';
import { internalLog, isOfMessage, type Ticket, toTicket } from '../log/entry.ts';
import { cancelWork, scheduleWork, type WorkHandler } from '../schedule.ts';
import { changeTicket } from '../tickets/engine.ts';
import { readSlaRules } from './rules.ts';
import { listedSla, type SlaRules } from './service-level.ts';
import { afterStep, keyOf, nextStep, type SlaStep } from './steps.ts';

/** Due work of this kind, one for each ticket of which something is to be said; the key is its id. */
const KIND = 'sla';
/** So that what a busy ticket writes is passed over together. */
const LINGER_MS = 1000;
/** So that tickets that come together are planned together; a warning is due hours later. */
const GATHER_MS = 100;

/** Keeps what lists find a ticket by. */
async function storeListed(ctx: AppContext, row: TicketRow, rules: SlaRules): Promise<void> {
  const listed = listedSla(toTicket(row), rules, ctx.clock.now());
  const { sla_state = null, sla_due_at = null } = row;
  if (listed.sla_state === sla_state && listed.sla_due_at === sla_due_at) return;
  await native(ctx.db.tickets).updateOne({ _id: row._id }, { $set: listed });
}

/** Another one after every change that a plan depends on. */
function markOf(row: TicketRow | undefined): string {
  const { status_seq, escalated_at, sla_told } = row ?? {};
  return JSON.stringify([status_seq, escalated_at, sla_told]);
}

/**
 * Schedules what is to be said of a ticket next, in place of what was scheduled before. The ticket is read
 * again behind that: of several that plan at once the last one knows the newest ticket.
 */
export async function planTicket(ctx: AppContext, ticketId: string): Promise<void> {
  const rules = await readSlaRules(ctx);
  for (let planned: string | undefined; ; ) {
    const row = await ctx.store.readTicketRow(ticketId);
    const mark = markOf(row);
    if (mark === planned) return;
    planned = mark;
    const step = row && nextStep(toTicket(row), rules);
    if (row) await storeListed(ctx, row, rules);
    if (step) await scheduleWork(ctx, { kind: KIND, key: ticketId, at: step.at });
    else await cancelWork(ctx, KIND, ticketId);
  }
}

const isSame = (a: SlaStep, b: SlaStep) =>
  a.kind === 'sla_escalation'
    ? b.kind === a.kind && b.role === a.role
    : b.kind === a.kind && b.target === a.target;

/** Says what is due in the internal stream, unless somebody has said it already. */
async function take(ctx: AppContext, ticket: Ticket, step: SlaStep, rules: SlaRules) {
  await changeTicket(ctx, systemActor, ticket.id, {
    action: step.kind,
    log: internalLog(ticket.id),
    once: keyOf(step, ticket),
    ...(step.kind !== 'sla_escalation' && {
      data: () => ({ target: step.target, due: step.due }),
    }),
    to(newest, at) {
      const next = nextStep(newest, rules);
      const isStill = next && next.at <= at && isSame(next, step);
      return isStill ? afterStep(newest, next, at) : {};
    },
  });
}

async function sayWhatIsDue(ctx: AppContext, ticketId: string) {
  const rules = await readSlaRules(ctx);
  for (let said: string | undefined; ; ) {
    const row = await ctx.store.readTicketRow(ticketId);
    if (!row) return undefined;
    const ticket = toTicket(row);
    const step = nextStep(ticket, rules);
    const now = ctx.clock.now();
    if (!step || step.at > now) {
      await storeListed(ctx, row, rules);
      return step && { again: step.at - now };
    }
    const key = keyOf(step, ticket);
    // Said, and yet not to be read: a replica that lags. It is come back to.
    if (key === said) throw new AppError('SERVICE_UNAVAILABLE', 'the ticket cannot be read yet');
    said = key;
    await take(ctx, ticket, step, rules);
  }
}

/** Says of tickets what time alone brings: warnings, breaches, escalations. */
export const slaWork: Readonly<Record<string, WorkHandler>> = {
  [KIND]: { run: (ctx, { key }) => sayWhatIsDue(ctx, key) },
};

/** Follows tickets, so that what is to be said of each is scheduled; see `replan.ts` for the others. */
export const slaConsumer: Consumer = {
  name: 'sla',
  streams: ['public'],
  begins: 'now',
  lingerMs: LINGER_MS,
  gatherMs: GATHER_MS,
  atOnce: 16,
  // A message moves no clock by itself: what it brings about is a change of the ticket, an entry of its own.
  skips: isOfMessage,
  begin: (ctx, { ticketId }) => planTicket(ctx, ticketId),
  async handle(ctx, entry) {
    if (!isOfMessage(entry)) await planTicket(ctx, entry.ticket_id);
  },
  async handleBatch(ctx, entries) {
    const change = entries.findLast((entry) => !isOfMessage(entry));
    if (change) await planTicket(ctx, change.ticket_id);
  },
};
