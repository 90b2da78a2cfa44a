import { LRUCache } from 'lru-cache';
import { type Calendar, weekdays } from '../../contract/calendar.ts';
import { offsetSegments } from './time-zone.ts';

/** From the first instant up to, without, the second one; milliseconds since 1970. */
type Period = readonly [from: number, to: number];

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
/** How far anything is looked for or counted, in days: twenty years. */
const HORIZON = 7305;
const REMEMBERED_DAYS = 4000;
/** Days that are counted as one where all of them lie in between, so that far is not slow. */
const BLOCK = 64;
const REMEMBERED_BLOCKS = 1000;

/** A calendar in numbers. */
interface Prepared {
  /** By weekday from Monday: minutes of the clock, in milliseconds since midnight. */
  week: readonly (readonly Period[])[];
  /** Days since 1970. */
  holidays: ReadonlySet<number>;
  /** Working periods by the day since 1970, in UTC. */
  days: LRUCache<number, readonly Period[]>;
  /** Working time of `BLOCK` days, by the first of them over `BLOCK`. */
  blocks: LRUCache<number, number>;
}

const prepared = new WeakMap<Calendar, Prepared>();

function clockTime(text: string): number {
  const [hours = 0, minutes = 0] = text.split(':').map(Number);
  return (hours * 60 + minutes) * MINUTE;
}

function prepare(calendar: Calendar): Prepared {
  let known = prepared.get(calendar);
  if (!known) {
    const periodsOf = (name: (typeof weekdays)[number]) =>
      calendar.weekly[name].map(([start, end]) => [clockTime(start), clockTime(end)] as const);
    known = {
      week: weekdays.map(periodsOf),
      holidays: new Set(calendar.holidays.map((day) => Date.parse(day) / DAY)),
      days: new LRUCache({ max: REMEMBERED_DAYS }),
      blocks: new LRUCache({ max: REMEMBERED_BLOCKS }),
    };
    prepared.set(calendar, known);
  }
  return known;
}

/** By the clock on the wall of day `day` since 1970; that day was a Thursday. */
function localPeriods({ week, holidays }: Prepared, day: number): readonly Period[] {
  if (holidays.has(day)) return [];
  return week[(((day + 3) % 7) + 7) % 7] ?? [];
}

/**
 * Open instants of a day of UTC, in order: for each stretch in which the offset is the same, what of the
 * local days lies in it. So an hour that the clock shows twice counts twice, and one it leaves out never.
 */
function measureDay(calendar: Calendar, known: Prepared, day: number): readonly Period[] {
  const periods: [number, number][] = [];
  for (const { from, to, offset } of offsetSegments(
    calendar.timezone,
    day * DAY,
    (day + 1) * DAY,
  )) {
    const last = Math.floor((to + offset - 1) / DAY);
    for (let local = Math.floor((from + offset) / DAY); local <= last; local++) {
      for (const [start, end] of localPeriods(known, local)) {
        const opens = Math.max(from, local * DAY + start - offset);
        const closes = Math.min(to, local * DAY + end - offset);
        if (opens < closes) periods.push([opens, closes]);
      }
    }
  }
  return periods;
}

function periodsOf(calendar: Calendar, day: number): readonly Period[] {
  const known = prepare(calendar);
  let periods = known.days.get(day);
  if (!periods) {
    periods = measureDay(calendar, known, day);
    known.days.set(day, periods);
  }
  return periods;
}

/** The working time of a whole block that begins with a day; undefined where it would begin before or reach behind. */
function wholeBlock(calendar: Calendar, day: number, last: number): number | undefined {
  if (day % BLOCK !== 0 || day + BLOCK - 1 > last) return undefined;
  const { blocks } = prepare(calendar);
  let sum = blocks.get(day / BLOCK);
  if (sum === undefined) {
    sum = 0;
    for (let one = day; one < day + BLOCK; one++) {
      for (const [opens, closes] of periodsOf(calendar, one)) sum += closes - opens;
    }
    blocks.set(day / BLOCK, sum);
  }
  return sum;
}

const dayOf = (at: number) => Math.floor(at / DAY);

/** Whether the desk works at an instant; always where there is no calendar. */
export function isOpen(calendar: Calendar | undefined, at: number): boolean {
  if (!calendar) return true;
  return periodsOf(calendar, dayOf(at)).some(([from, to]) => from <= at && at < to);
}

/**
 * Working time between two instants, in milliseconds; 0 where `to` is not after `from`. Of more than
 * twenty years the last twenty are counted.
 */
export function workingMsBetween(calendar: Calendar | undefined, from: number, to: number): number {
  if (to <= from) return 0;
  if (!calendar) return to - from;
  const since = Math.max(from, to - HORIZON * DAY);
  let sum = 0;
  const last = dayOf(to);
  for (let day = dayOf(since); day <= last; day++) {
    const whole = day * DAY >= since ? wholeBlock(calendar, day, last - 1) : undefined;
    if (whole !== undefined) {
      sum += whole;
      day += BLOCK - 1;
      continue;
    }
    for (const [opens, closes] of periodsOf(calendar, day)) {
      sum += Math.max(0, Math.min(closes, to) - Math.max(opens, since));
    }
  }
  return sum;
}

/**
 * The first instant by which so much working time has passed since `from`; `from` itself for none.
 * Infinity where it is more than twenty years away.
 */
export function addWorkingMs(calendar: Calendar | undefined, from: number, ms: number): number {
  if (ms <= 0) return from;
  if (!calendar) return from + ms;
  let left = ms;
  const first = dayOf(from);
  for (let day = first; day <= first + HORIZON; day++) {
    const whole = day - first > BLOCK ? wholeBlock(calendar, day, first + HORIZON) : undefined;
    if (whole !== undefined && whole < left) {
      left -= whole;
      day += BLOCK - 1;
      continue;
    }
    for (const [opens, closes] of periodsOf(calendar, day)) {
      const start = Math.max(opens, from);
      if (start >= closes) continue;
      if (left <= closes - start) return start + left;
      left -= closes - start;
    }
  }
  return Number.POSITIVE_INFINITY;
}

/** The next instant at which the desk works, `at` itself where it does; undefined for never. */
export function nextOpening(calendar: Calendar | undefined, at: number): number | undefined {
  if (!calendar) return at;
  const first = dayOf(at);
  for (let day = first; day <= first + HORIZON; day++) {
    if (day - first > BLOCK && wholeBlock(calendar, day, first + HORIZON) === 0) {
      day += BLOCK - 1;
      continue;
    }
    const found = periodsOf(calendar, day).find(([, closes]) => closes > at);
    if (found) return Math.max(found[0], at);
  }
  return undefined;
}
