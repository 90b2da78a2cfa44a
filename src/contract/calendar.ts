import { z } from 'zod';

/** Counts in items. */
export const calendarSizes = { periodsPerDay: 8, holidays: 400 } as const;

export const weekdays = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
export type Weekday = (typeof weekdays)[number];

const clockTime = z
  .string()
  .regex(/^(?:(?:[01]\d|2[0-3]):[0-5]\d|24:00)$/, 'must be a time as HH:MM, 00:00 to 24:00');
const period = z
  .tuple([clockTime, clockTime])
  .refine(([start, end]) => start < end, 'must begin before it ends');

/** Periods of a day, earliest first; they may touch, but not overlap. */
const periods = z
  .array(period)
  .max(calendarSizes.periodsPerDay)
  .refine(
    (list) => list.every(([start], nth) => nth === 0 || start >= (list[nth - 1]?.[1] ?? '')),
    'must be in order, without overlapping',
  );

/** Working hours of a week, by the clock on the wall of the time zone. */
export const weeklyHours = z.object({
  mon: periods,
  tue: periods,
  wed: periods,
  thu: periods,
  fri: periods,
  sat: periods,
  sun: periods,
});
export type WeeklyHours = z.infer<typeof weeklyHours>;

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

const day = z.iso.date('must be a day as YYYY-MM-DD');

/** When the desk works. */
export const calendar = z.object({
  timezone: z
    .string()
    .max(100)
    .refine(isTimeZone, 'is not the name of a time zone, such as Europe/Berlin'),
  weekly: weeklyHours.refine(
    (week) => weekdays.some((name) => week[name].length > 0),
    'has no working hours at all',
  ),
  holidays: z
    .array(day)
    .max(calendarSizes.holidays)
    .transform((days) => [...new Set(days)].sort()),
});
export type Calendar = z.infer<typeof calendar>;

/** A calendar as answers have it. */
export const calendarView = z.object({
  timezone: z.string(),
  weekly: z.record(z.enum(weekdays), z.array(z.tuple([z.string(), z.string()]))),
  holidays: z.array(z.string()),
});
