import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  type Calendar,
  calendar as calendarSchema,
  weekdays,
} from '../../src/contract/calendar.ts';
import {
  addWorkingMs,
  isOpen,
  nextOpening,
  workingMsBetween,
} from '../../src/domain/calendar/working-time.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const noHours = { mon: [], tue: [], wed: [], thu: [], fri: [], sat: [], sun: [] };
const officeHours = (timezone: string, holidays: string[] = []): Calendar => {
  const day: [string, string][] = [
    ['09:00', '12:00'],
    ['13:00', '17:00'],
  ];
  const weekly = { ...noHours, mon: day, tue: day, wed: day, thu: day, fri: day };
  return calendarSchema.parse({ timezone, weekly, holidays });
};
const everyDay = (timezone: string, start: string, end: string): Calendar => {
  const weekly = Object.fromEntries(weekdays.map((name) => [name, [[start, end]]]));
  return calendarSchema.parse({ timezone, weekly, holidays: [] });
};
const at = (text: string) => Date.parse(text);

/** Asks the time zone what its clock says at one minute, and the calendar's text whether that is open. */
function createMinuteCheck({ timezone, weekly, holidays }: Calendar) {
  const format = new Intl.DateTimeFormat('sv-SE', {
    timeZone: timezone,
    dateStyle: 'short',
    timeStyle: 'short',
  });
  const name = new Intl.DateTimeFormat('en-US', { timeZone: timezone, weekday: 'short' });
  return (minute: number): boolean => {
    const [date = '', clock = ''] = format.format(minute).split(' ');
    if (holidays.includes(date)) return false;
    const weekday = name.format(minute).toLowerCase() as keyof typeof weekly;
    return weekly[weekday].some(([start, end]) => start <= clock && clock < end);
  };
}

const zones = [
  'UTC',
  'Europe/Berlin',
  'America/New_York',
  'America/St_Johns',
  'America/Sao_Paulo',
  'Australia/Lord_Howe',
  'Africa/Casablanca',
  'Asia/Kathmandu',
  'Asia/Tehran',
  'Pacific/Apia',
  'Pacific/Chatham',
];
/** Around changes of clocks, and the day that Samoa left out. */
const moments = [
  at('2024-03-30T12:00Z'),
  at('2024-10-26T12:00Z'),
  at('2024-03-09T12:00Z'),
  at('2024-11-02T12:00Z'),
  at('2024-04-06T06:00Z'),
  at('2024-10-05T06:00Z'),
  at('2018-11-03T12:00Z'),
  at('2018-02-17T12:00Z'),
  at('2006-10-28T18:00Z'),
  at('2011-12-29T12:00Z'),
  at('2024-03-09T18:00Z'),
  at('2021-03-21T12:00Z'),
];

const clock = (quarters: number) =>
  `${String(Math.floor(quarters / 4)).padStart(2, '0')}:${String((quarters % 4) * 15).padStart(2, '0')}`;
const periods = fc
  .uniqueArray(fc.integer({ min: 0, max: 96 }), { minLength: 0, maxLength: 6 })
  .map((marks) => {
    const sorted = [...marks].sort((a, b) => a - b);
    const pairs: [string, string][] = [];
    for (let i = 0; i + 1 < sorted.length; i += 2) {
      pairs.push([clock(sorted[i] as number), clock(sorted[i + 1] as number)]);
    }
    return pairs;
  });
const anyMoment = fc.oneof(
  fc.constantFrom(...moments),
  fc
    .integer({ min: at('1999-01-01') / MINUTE, max: at('2037-01-01') / MINUTE })
    .map((m) => m * MINUTE),
);
const anyCase = fc.record({
  timezone: fc.constantFrom(...zones),
  weekly: fc.record({
    ...{ mon: periods, tue: periods, wed: periods, thu: periods },
    ...{ fri: periods, sat: periods, sun: fc.constant([['00:00', '24:00']]) },
  }),
  from: anyMoment,
  shift: fc.integer({ min: -2000, max: 2000 }),
  minutes: fc.integer({ min: 1, max: 4 * 1440 }),
  holiday: fc.integer({ min: -1, max: 4 }),
});

function read({
  timezone,
  weekly,
  from,
  shift,
  holiday,
}: typeof anyCase extends fc.Arbitrary<infer T> ? T : never) {
  const start = from + shift * MINUTE;
  const holidays = [new Date(start + holiday * DAY).toISOString().slice(0, 10)];
  return { start, calendar: calendarSchema.parse({ timezone, weekly, holidays }) };
}

test('working time is what counting minute by minute gives, in every zone, whatever the clocks do', () => {
  fc.assert(
    fc.property(anyCase, (drawn) => {
      const { start, calendar } = read(drawn);
      const check = createMinuteCheck(calendar);
      let open = 0;
      for (let nth = 0; nth < drawn.minutes; nth++) {
        if (check(start + nth * MINUTE)) open++;
      }
      const end = start + drawn.minutes * MINUTE;
      expect(workingMsBetween(calendar, start, end)).toBe(open * MINUTE);
      expect(isOpen(calendar, start)).toBe(check(start));
    }),
    { numRuns: 150 },
  );
});

test('adding working time ends at the first instant by which it has passed, and opening is the next open one', () => {
  fc.assert(
    fc.property(anyCase, fc.integer({ min: 1, max: 100 * HOUR }), (drawn, ms) => {
      const { start, calendar } = read(drawn);
      const end = addWorkingMs(calendar, start, ms);
      expect(workingMsBetween(calendar, start, end)).toBe(ms);
      expect(isOpen(calendar, end - 1)).toBe(true);
      const opening = nextOpening(calendar, start) as number;
      expect(isOpen(calendar, opening)).toBe(true);
      expect(workingMsBetween(calendar, start, opening)).toBe(0);
    }),
    { numRuns: 500 },
  );
});

test('over years it is the sum of its days, and adding that much comes back to where the last one closed', () => {
  const far = fc.tuple(anyCase, fc.integer({ min: 1, max: 700 }), fc.integer({ min: 0, max: DAY }));
  fc.assert(
    fc.property(far, ([drawn, days, more]) => {
      const { start, calendar } = read(drawn);
      let sum = 0;
      for (let day = 0; day < days; day++) {
        sum += workingMsBetween(calendar, start + day * DAY, start + (day + 1) * DAY);
      }
      const end = start + days * DAY;
      expect(workingMsBetween(calendar, start, end)).toBe(sum);
      expect(workingMsBetween(calendar, start, end + more)).toBe(
        sum + workingMsBetween(calendar, end, end + more),
      );
      const by = addWorkingMs(calendar, start, sum);
      expect(by).toBeLessThanOrEqual(end);
      expect(workingMsBetween(calendar, by, end)).toBe(0);
      expect(sum === 0 || isOpen(calendar, by - 1)).toBe(true);
    }),
    { numRuns: 80 },
  );
});

test('a desk that hardly works costs no more than others: years are not gone through day by day', () => {
  const scant = calendarSchema.parse({
    timezone: 'America/St_Johns',
    weekly: { ...noHours, mon: [['00:00', '00:01']] },
    holidays: [],
  });
  const now = at('2026-11-28T12:00Z');
  addWorkingMs(scant, now, DAY);
  const begin = performance.now();
  for (let nth = 0; nth < 200; nth++) {
    expect(addWorkingMs(scant, now + nth * MINUTE, 8 * HOUR)).toBeLessThan(
      Number.POSITIVE_INFINITY,
    );
    expect(addWorkingMs(scant, now + nth * MINUTE, 5 * DAY)).toBe(Number.POSITIVE_INFINITY);
    expect(workingMsBetween(scant, now - 7000 * DAY, now + nth * MINUTE)).toBe(1000 * MINUTE);
  }
  expect(performance.now() - begin).toBeLessThan(500);
});

test('an hour that the clocks leave out is no working time, and one they show twice is two', () => {
  const nights = everyDay('Europe/Berlin', '02:00', '03:00');
  const worked = (day: string) =>
    workingMsBetween(nights, at(`${day}T00:00+01:00`), at(`${day}T00:00+01:00`) + 26 * HOUR);
  expect(worked('2024-03-30')).toBe(HOUR);
  expect(workingMsBetween(nights, at('2024-03-31T00:00+01:00'), at('2024-04-01T00:00+02:00'))).toBe(
    0,
  );
  expect(workingMsBetween(nights, at('2024-10-27T00:00+02:00'), at('2024-10-28T00:00+01:00'))).toBe(
    2 * HOUR,
  );
});

test('office hours leave out nights, lunch, weekends and holidays', () => {
  const desk = officeHours('Europe/Berlin', ['2026-12-25']);
  const thursday = at('2026-12-24T16:00+01:00');
  // One hour on Thursday, none on the holiday and the weekend, the second on Monday.
  expect(addWorkingMs(desk, thursday, 2 * HOUR)).toBe(at('2026-12-28T10:00+01:00'));
  expect(nextOpening(desk, at('2026-12-24T17:00+01:00'))).toBe(at('2026-12-28T09:00+01:00'));
  expect(isOpen(desk, at('2026-12-24T12:30+01:00'))).toBe(false);
  expect(workingMsBetween(desk, at('2026-12-21T00:00+01:00'), at('2026-12-28T00:00+01:00'))).toBe(
    4 * 7 * HOUR,
  );
});

test('without a calendar it is always open', () => {
  expect(workingMsBetween(undefined, 5, 12)).toBe(7);
  expect(workingMsBetween(undefined, 12, 5)).toBe(0);
  expect(addWorkingMs(undefined, 5, 7)).toBe(12);
  expect(isOpen(undefined, 0)).toBe(true);
  expect(nextOpening(undefined, 9)).toBe(9);
});

test('what is never reached is said to be, after twenty years', () => {
  const sundays = calendarSchema.parse({
    timezone: 'UTC',
    weekly: { ...noHours, sun: [['00:00', '00:01']] },
    holidays: [],
  });
  expect(addWorkingMs(sundays, 0, 365 * DAY)).toBe(Number.POSITIVE_INFINITY);
  const closed = { ...sundays, weekly: noHours };
  expect(nextOpening(closed, 0)).toBeUndefined();
});

test.each([
  ['a zone that is none', { timezone: 'Europe/Nowhere' }],
  ['no hours at all', { weekly: noHours }],
  ['a period that ends before it begins', { weekly: { ...noHours, mon: [['10:00', '09:00']] } }],
  [
    'periods that overlap',
    {
      weekly: {
        ...noHours,
        mon: [
          ['09:00', '12:00'],
          ['11:00', '13:00'],
        ],
      },
    },
  ],
  ['a time that is none', { weekly: { ...noHours, mon: [['09:00', '24:30']] } }],
  ['a day that is none', { holidays: ['2026-02-30'] }],
])('a calendar with %s is refused', (_what, change) => {
  const valid = { ...officeHours('UTC') };
  expect(calendarSchema.safeParse(valid).success).toBe(true);
  expect(calendarSchema.safeParse({ ...valid, ...change }).success).toBe(false);
});
