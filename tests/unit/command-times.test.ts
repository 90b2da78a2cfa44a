import { expect, test } from '@jest/globals';
import { parseDelay, requireMoment } from '../../bot/commands/times.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

test.each([
  ['10m', 10 * MINUTE],
  ['2h', 2 * HOUR],
  [' 1d 12H ', 36 * HOUR],
  ['1w', 7 * DAY],
  ['0m', undefined],
  ['2', undefined],
  ['h', undefined],
  ['-2h', undefined],
  ['2 hours', undefined],
  ['99999m', undefined],
  ['', undefined],
])('%j is a length of %s milliseconds', (text, wanted) => {
  expect(parseDelay(text)).toBe(wanted);
});

test.each([
  ['2h', 1000 + 2 * HOUR],
  ['2026-01-31', Date.UTC(2026, 0, 31)],
  ['2028-02-29', Date.UTC(2028, 1, 29)],
  ['2026-01-31 9:30', Date.UTC(2026, 0, 31, 9, 30)],
  ['2026-01-31T09:30:15Z', Date.UTC(2026, 0, 31, 9, 30, 15)],
  ['2026-01-31 09:30 +02:00', Date.UTC(2026, 0, 31, 7, 30)],
])('%j is the moment %d', (text, wanted) => {
  expect(requireMoment('until', text, 1000)).toBe(wanted);
});

test.each([
  'tomorrow',
  '2026-13-01',
  '2026-01-31 25:00',
  '2027-02-29',
  '2027-02-31 09:00',
  '2026-04-31',
  '31.1.2026',
  '',
])('%j is no moment', (text) => {
  expect(() => requireMoment('until', text, 0)).toThrow(
    expect.objectContaining({
      code: 'BAD_REQUEST',
      details: { errors: [expect.objectContaining({ location: 'until' })] },
    }),
  );
});
