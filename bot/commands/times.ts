import { invalidField } from '../../src/errors.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const units: Readonly<Record<string, number>> = { m: MINUTE, h: HOUR, d: DAY, w: 7 * DAY };

const part = /(\d{1,4})\s*([mhdw])/gi;
const delay = /^(?:\d{1,4}\s*[mhdw]\s*)+$/i;
/** A day, perhaps with a time of day, perhaps with its distance from UTC. */
const moment = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{1,2}:\d{2}(?::\d{2})?))?\s*(Z|[+-]\d{2}:?\d{2})?$/i;

const refuse = (location: string, message: string) =>
  invalidField(location, message, 'invalid_format');

/** Milliseconds of `10m`, `2h`, `1d12h` or `1w`; undefined for anything else. */
export function parseDelay(text: string): number | undefined {
  if (!delay.test(text.trim())) return undefined;
  let sum = 0;
  for (const [, count, unit = ''] of text.matchAll(part)) {
    sum += Number(count) * (units[unit.toLowerCase()] ?? 0);
  }
  return sum > 0 ? sum : undefined;
}

/** @throws AppError BAD_REQUEST where a text is no length of time */
export function requireDelay(option: string, text: string): number {
  const ms = parseDelay(text);
  if (ms === undefined) throw refuse(option, 'must be like 10m, 2h, 3d or 1w');
  return ms;
}

/** Whether the calendar has it: of the 31st of February JavaScript makes a day of March. */
function isDay(day: string): boolean {
  const at = Date.parse(`${day}T00:00Z`);
  return !Number.isNaN(at) && new Date(at).toISOString().startsWith(day);
}

/**
 * A moment: so long from now, or a day with or without a time, in UTC where it does not say.
 * @throws AppError BAD_REQUEST
 */
export function requireMoment(option: string, text: string, now: number): number {
  const ms = parseDelay(text);
  if (ms !== undefined) return now + ms;
  const [, day, time = '00:00', zone = 'Z'] = moment.exec(text.trim()) ?? [];
  const padded = time.replace(/^\d:/, '0$&');
  const at = day && isDay(day) ? Date.parse(`${day}T${padded}${zone.toUpperCase()}`) : Number.NaN;
  if (Number.isNaN(at)) throw refuse(option, 'must be like 2h, 3d, 2026-01-31 or 2026-01-31 09:00');
  return at;
}
