import type { AvailabilityView } from '../../../src/contract/availability.ts';
import type { Words } from '../chat/words.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** Closed days to come that are worth a word. */
const SOON_DAYS = 14;
const SHOWN_HOLIDAYS = 3;
const weekdays = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
/** A Monday, as a time without a zone. */
const MONDAY = Date.UTC(2024, 0, 1);

/** YYYY-MM-DD on the wall of a time zone. */
function dayIn(timeZone: string, at: number): string {
  const parts = { year: 'numeric', month: '2-digit', day: '2-digit' } as const;
  return new Intl.DateTimeFormat('en-CA', { timeZone, ...parts }).format(at);
}

/** "10 minutes", as people say it: the longer, the rounder. */
export function durationText(ms: number, locale: string): string {
  const [size, unit, step] =
    ms < HOUR - 4 * MINUTE
      ? [MINUTE, 'minute', ms > 10 * MINUTE ? 5 : 1]
      : ms <= 23 * HOUR
        ? [HOUR, 'hour', 1]
        : [DAY, 'day', 1];
  const count = Math.max(1, Math.ceil(ms / (size as number) / (step as number)) * (step as number));
  const style = { style: 'unit', unit: unit as string, unitDisplay: 'long' } as const;
  return new Intl.NumberFormat(locale, style).format(count);
}

/** The time alone today, with the day of the week in the next ones, else with the date. */
function momentText(at: number, locale: string, now: number): string {
  const clock = { hour: '2-digit', minute: '2-digit' } as const;
  const isToday = new Date(at).toDateString() === new Date(now).toDateString();
  const day =
    at - now < 6 * DAY
      ? ({ weekday: 'long' } as const)
      : ({ day: 'numeric', month: 'long' } as const);
  return new Intl.DateTimeFormat(locale, { ...(!isToday && day), ...clock }).format(at);
}

/** Whether somebody is there, in words; where it is closed, until when and why. */
export function statusOf(view: AvailabilityView, { say, locale }: Words, now: number) {
  if (view.open) {
    return { isHere: view.staff_online, text: say(view.staff_online ? 'here' : 'answerLater') };
  }
  const isHoliday = view.holidays.includes(dayIn(view.timezone, now));
  const why = say(isHoliday ? 'holiday' : 'closedNow');
  const time = view.opens_at === undefined ? '' : momentText(view.opens_at, locale, now);
  return { isHere: false, text: time ? `${why}, ${say('backAt', { time })}` : why };
}

/** How long an answer usually takes; undefined while nobody knows. */
export function replyText(view: AvailabilityView, { say, locale }: Words): string | undefined {
  const { expected_reply_ms: ms } = view;
  return ms === null ? undefined : say('replyTime', { time: durationText(ms, locale) });
}

/** The working hours, day by day; undefined where none are set. */
export function weekOf(view: AvailabilityView, { say, locale }: Words, now: number) {
  const { hours, timezone } = view;
  if (!hours) return undefined;
  const zone = { timeZone: 'UTC' } as const;
  const clock = new Intl.DateTimeFormat(locale, { ...zone, timeStyle: 'short' });
  const name = new Intl.DateTimeFormat(locale, { ...zone, weekday: 'long' });
  const timeText = (text: string) => {
    // The end of a day, which clocks do not show.
    if (text === '24:00') return text;
    const [hour = 0, minute = 0] = text.split(':').map(Number);
    return clock.format(MONDAY + hour * HOUR + minute * MINUTE);
  };
  const today = new Date(`${dayIn(timezone, now)}T00:00:00Z`).getUTCDay();
  return weekdays.map((key, nth) => {
    const periods = hours[key].map(([from, to]) => `${timeText(from)} – ${timeText(to)}`);
    return {
      day: name.format(MONDAY + nth * DAY),
      text: periods.join(', ') || say('closedDay'),
      isToday: (nth + 1) % 7 === today,
    };
  });
}

/** The next days on which it is closed; undefined where there are none soon. */
export function holidaysText(view: AvailabilityView, words: Words, now: number) {
  const last = dayIn(view.timezone, now + SOON_DAYS * DAY);
  const near = view.holidays.filter((day) => day <= last).slice(0, SHOWN_HOLIDAYS);
  if (near.length === 0) return undefined;
  const format = { timeZone: 'UTC', weekday: 'short', day: 'numeric', month: 'long' } as const;
  const days = near.map((day) =>
    new Intl.DateTimeFormat(words.locale, format).format(Date.parse(day)),
  );
  return words.say('closedOn', {
    days: new Intl.ListFormat(words.locale, { type: 'conjunction' }).format(days),
  });
}
