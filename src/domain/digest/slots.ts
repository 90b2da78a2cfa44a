import { type Weekday, weekdays } from '../../contract/calendar.ts';
import { dayOf, instantOf, shiftDay } from '../reports/days.ts';

const MINUTE = 60_000;
const WEEK_DAYS = 7;

/** A moment at which a digest is due. */
export interface Slot {
  /** Milliseconds since 1970. */
  at: number;
  /** On the calendar of the zone. */
  day: string;
}

/** Days since the Monday of the week. */
const weekdayOf = (day: string) => (new Date(day).getUTCDay() + 6) % WEEK_DAYS;

/**
 * The last slot that has come, and the next one.
 * @param time `mon 09:00`, by the clocks of the zone
 */
export function slotsAround(time: string, zone: string, now: number): { last: Slot; next: Slot } {
  const [name = '', clock = ''] = time.split(' ');
  const [hours = 0, minutes = 0] = clock.split(':').map(Number);
  const weekday = weekdays.indexOf(name as Weekday);
  const slotOn = (day: string): Slot => {
    return { day, at: instantOf(zone, day, (hours * 60 + minutes) * MINUTE) };
  };
  const today = dayOf(zone, now);
  const ago = (weekdayOf(today) - weekday + WEEK_DAYS) % WEEK_DAYS;
  const newest = slotOn(shiftDay(today, -ago));
  const step = (days: number) => slotOn(shiftDay(newest.day, days));
  return newest.at <= now
    ? { last: newest, next: step(WEEK_DAYS) }
    : { last: step(-WEEK_DAYS), next: newest };
}
