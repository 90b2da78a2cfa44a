import type { AppContext } from '../../context.ts';
import type { Calendar } from '../../contract/calendar.ts';
import { readCalendar } from '../calendar/calendar.ts';
import { localDay, localTime } from '../calendar/time-zone.ts';
import { isOpen, nextOpening } from '../calendar/working-time.ts';
import { announce } from '../messages/announce.ts';

/** Of a ticket that a worker meets later than this, in milliseconds, nothing is said any more. */
const LATE_MS = 15 * 60_000;

function opening(calendar: Calendar, at: number): string {
  const opens = nextOpening(calendar, at);
  if (opens === undefined) return '–';
  const { timezone } = calendar;
  return `${localDay(timezone, opens)} ${localTime(timezone, opens)} (${timezone})`;
}

/**
 * Tells the customer of a new ticket that nobody works at this hour, and when somebody will: where the
 * operator has given words for it and the calendar has hours. Safe to repeat: it is said once.
 */
export async function sayOutOfHours(ctx: AppContext, ticketId: string): Promise<void> {
  const { outOfHoursText, holidayText } = ctx.config;
  if (!outOfHoursText && !holidayText) return;
  const [calendar, row] = await Promise.all([readCalendar(ctx), ctx.store.readTicketRow(ticketId)]);
  if (!calendar || !row) return;
  const { created_at: at } = row;
  if (isOpen(calendar, at) || ctx.clock.now() - at > LATE_MS) return;
  const isHoliday = calendar.holidays.includes(localDay(calendar.timezone, at));
  const text = (isHoliday && holidayText) || outOfHoursText;
  if (!text) return;
  const content = text.replaceAll('{opens}', opening(calendar, at));
  await announce(ctx, ticketId, { content, once: 'out-of-hours' });
}
