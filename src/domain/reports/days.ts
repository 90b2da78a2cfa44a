import { localDay, offsetSegments } from '../calendar/time-zone.ts';

const HOUR = 3_600_000;
export const DAY = 24 * HOUR;

/** The zone of reports where no calendar is set. */
export const UTC = 'UTC';

export function dayOf(zone: string, at: number): string {
  return zone === UTC ? new Date(at).toISOString().slice(0, 10) : localDay(zone, at);
}

/**
 * When the clocks of a zone first show a time of a day; where they leave it out, when they go past it.
 * @param time milliseconds of the clock since midnight
 * @returns milliseconds since 1970
 */
export function instantOf(zone: string, day: string, time: number): number {
  const shown = Date.parse(day) + time;
  if (zone === UTC) return shown;
  for (const { from, to, offset } of offsetSegments(zone, shown - DAY, shown + DAY)) {
    const instant = Math.max(shown - offset, from);
    if (instant < to) return instant;
  }
  return shown;
}

/** When a day begins on the clocks of a zone: where they are put forward at midnight, with the change. */
export function startOfDay(zone: string, day: string): number {
  return instantOf(zone, day, 0);
}

/** A day so many days later; before it where they are negative. */
export function shiftDay(day: string, days: number): string {
  return new Date(Date.parse(day) + days * DAY).toISOString().slice(0, 10);
}

export function nextDay(day: string): string {
  return shiftDay(day, 1);
}

/** The days from one to another, both included. */
export function daysBetween(from: string, to: string): string[] {
  const days: string[] = [];
  for (let day = from; day <= to; day = nextDay(day)) days.push(day);
  return days;
}
