import type { AppContext } from '../../context.ts';
import { readCalendar } from '../calendar/calendar.ts';
import type { Ticket } from '../log/entry.ts';
import { listPriorities } from '../priorities/priorities.ts';
import type { TicketViewer } from '../views.ts';
import { type SlaRules, slaOf } from './service-level.ts';

/** The times of the priorities and the calendar, from memory for a few seconds at a time. */
export async function readSlaRules(ctx: AppContext): Promise<SlaRules> {
  const [priorities, calendar] = await Promise.all([listPriorities(ctx), readCalendar(ctx)]);
  return { priorities, calendar };
}

/** How staff are shown tickets: with the service level of each at this moment. */
export async function createStaffViewer(
  ctx: AppContext,
): Promise<(ticket: Ticket, internalSeq: number) => TicketViewer> {
  const rules = await readSlaRules(ctx);
  const now = ctx.clock();
  return (ticket, internalSeq) => ({
    staff: true,
    internalSeq,
    sla: slaOf(ticket, rules, now),
  });
}
