import { expect, test } from '@jest/globals';
import { digestText } from '../../bot/outbound/alerts/digest-text.ts';
import type { Digest } from '../../src/domain/digest/numbers.ts';
import { slotsAround } from '../../src/domain/digest/slots.ts';

const at = (text: string) => Date.parse(text);
const around = (time: string, zone: string, now: string) => {
  const { last, next } = slotsAround(time, zone, at(now));
  return [last, next].map((slot) => `${slot.day} ${new Date(slot.at).toISOString()}`);
};

test.each([
  ['before it on its day', 'mon 09:00', 'UTC', '2026-11-23T08:59:59Z', '16', '23'],
  ['at it', 'mon 09:00', 'UTC', '2026-11-23T09:00:00Z', '23', '30'],
  ['on the day before', 'mon 09:00', 'UTC', '2026-11-22T23:00:00Z', '16', '23'],
  ['on another day', 'fri 09:00', 'UTC', '2026-11-24T00:00:00Z', '20', '27'],
])('%s', (_name, time, zone, now, last, next) => {
  expect(around(time, zone, now)).toEqual([
    `2026-11-${last} 2026-11-${last}T09:00:00.000Z`,
    `2026-11-${next} 2026-11-${next}T09:00:00.000Z`,
  ]);
});

test('it goes by the clocks of the zone, also over a change of them', () => {
  expect(around('mon 09:00', 'Europe/Berlin', '2026-10-20T12:00:00Z')).toEqual([
    '2026-10-19 2026-10-19T07:00:00.000Z',
    '2026-10-26 2026-10-26T08:00:00.000Z',
  ]);
  // A time that clocks leave out is when they go past it; one they show twice is the first.
  expect(around('sun 02:30', 'Europe/Berlin', '2026-03-29T12:00:00Z')[0]).toBe(
    '2026-03-29 2026-03-29T01:00:00.000Z',
  );
  expect(around('sun 02:30', 'Europe/Berlin', '2026-10-25T12:00:00Z')[0]).toBe(
    '2026-10-25 2026-10-25T00:30:00.000Z',
  );
  // There it is Monday already.
  expect(around('mon 00:30', 'Pacific/Auckland', '2026-11-22T12:00:00Z')[0]).toBe(
    '2026-11-23 2026-11-22T11:30:00.000Z',
  );
});

const nothing = { first_response: null, resolution: null, rating: { count: 0, average: null } };
const digest: Digest = {
  slot: 1_764_000_000_000,
  from: '2026-11-16',
  to: '2026-11-22',
  week: {
    ...{ opened: 12, closed: 9, first_response: 600_000, resolution: 7_200_000, breaches: 2 },
    rating: { count: 4, average: 4.25 },
  },
  before: { opened: 0, closed: 0, breaches: 0, ...nothing },
  categories: [
    { name: 'BILLING', count: 7 },
    { name: '', count: 5 },
  ],
  agents: [{ name: '*Kim*', count: 8 }],
};

test('the digest has each number beside that of the week before', () => {
  expect(digestText(digest).split('\n')).toEqual([
    '**The week 2026-11-16 to 2026-11-22**',
    'Opened: **12** (week before: 0)',
    'Closed: **9** (week before: 0)',
    'First answer, median: **10 min** (week before: —)',
    'Resolution, median: **2 h** (week before: —)',
    'Overdue: **2** (week before: 0)',
    'Satisfaction: **4.3 of 5 (4)** (week before: —)',
    'Busiest categories: BILLING 7, none 5',
    'Most tickets: \\*Kim\\* 8',
    '-# Weekly digest, due <t:1764000000:f>',
  ]);
});

test('the longest names fit into a message', () => {
  const long = Array.from({ length: 3 }, () => ({ name: '*'.repeat(5000), count: 1 }));
  const text = digestText({ ...digest, agents: long, categories: long });
  expect(text.length).toBeLessThanOrEqual(2000);
  expect(text).toMatch(/-# Weekly digest, due <t:1764000000:f>$/);
});
