import type { AppContext } from '../../context.ts';
import type { AvailabilityView } from '../../contract/availability.ts';
import { areStaffOnline } from '../agents/agents.ts';
import { readCalendar } from '../calendar/calendar.ts';
import { localDay } from '../calendar/time-zone.ts';
import { isOpen, nextOpening } from '../calendar/working-time.ts';
import { native } from '../log/collections.ts';

/** The newest tickets, of which the first responses are taken. */
const RECENT_TICKETS = 200;
const SHOWN_HOLIDAYS = 50;

function medianOf(numbers: readonly number[]): number | null {
  const sorted = [...numbers].sort((a, b) => a - b);
  const [low, high] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]];
  return low === undefined || high === undefined ? null : Math.round((low + high) / 2);
}

/** The median of recent first responses, in milliseconds; null where there was none. */
async function readExpectedReply(ctx: AppContext): Promise<number | null> {
  const rows = await native(ctx.db.tickets)
    .find({}, { projection: { response_time: 1 } })
    .sort({ _id: -1 })
    .limit(RECENT_TICKETS)
    .toArray();
  const times = rows.map((row) => (row as { response_time?: unknown }).response_time);
  return medianOf(times.filter((time) => typeof time === 'number'));
}

async function read(ctx: AppContext, now: number): Promise<AvailabilityView> {
  const [calendar, staff_online, expected_reply_ms] = await Promise.all([
    readCalendar(ctx),
    areStaffOnline(ctx),
    readExpectedReply(ctx),
  ]);
  const open = isOpen(calendar, now);
  const opens_at = open ? undefined : nextOpening(calendar, now);
  const timezone = calendar?.timezone ?? 'UTC';
  const today = localDay(timezone, now);
  const holidays = (calendar?.holidays ?? []).filter((day) => day >= today);
  return {
    open,
    ...(opens_at !== undefined && { opens_at }),
    timezone,
    hours: calendar?.weekly ?? null,
    holidays: holidays.slice(0, SHOWN_HOLIDAYS),
    staff_online,
    expected_reply_ms,
  };
}

/** Whether somebody may be expected to answer; some seconds old, and the same for everybody. */
export function readAvailability(ctx: AppContext): Promise<AvailabilityView> {
  const now = ctx.clock();
  return ctx.desk.availability.get(now, () => read(ctx, now));
}
