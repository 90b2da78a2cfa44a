import { localDay, offsetSegments } from '../calendar/time-zone.ts';

const HOUR = 3_600_000;
export const DAY = 24 * HOUR;

/** The zone of reports where no calendar is set. */
export const UTC = 'UTC';

export function dayOf(zone: string, at: number): string {
  return zone === UTC ? new Date(at).toISOString().slice(0, 10) : localDay(zone, at);
}

/** When a day begins on the clocks of a zone, in milliseconds since 1970. */
export function startOfDay(zone: string, day: string): number {
  const midnight = Date.parse(day);
  if (zone === UTC) return midnight;
  for (const { from, to, offset } of offsetSegments(zone, midnight - DAY, midnight + DAY)) {
    // Where clocks are put forward at midnight, the day begins with the change.
    const start = Math.max(midnight - offset, from);
    if (start < to) return start;
  }
  return midnight;
}

export function nextDay(day: string): string {
  return new Date(Date.parse(day) + DAY).toISOString().slice(0, 10);
}

/** The days from one to another, both included. */
export function daysBetween(from: string, to: string): string[] {
  const days: string[] = [];
  for (let day = from; day <= to; day = nextDay(day)) days.push(day);
  return days;
}
