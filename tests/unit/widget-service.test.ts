import { describe, expect, test } from '@jest/globals';
import type { AvailabilityView } from '../../src/contract/availability.ts';
import type { MessageView } from '../../src/contract/messages.ts';
import type { TicketView } from '../../src/contract/tickets.ts';
import { Words } from '../../widget/src/chat/words.ts';
import { buildCopy } from '../../widget/src/lazy/copy-page.ts';
import {
  durationText,
  holidaysText,
  replyText,
  statusOf,
  weekOf,
} from '../../widget/src/lazy/working-hours.ts';
import { strings as en } from '../../widget/src/locales/en.ts';

const words = new Words('en-GB', en);
/** A Thursday. */
const NOW = Date.UTC(2026, 10, 26, 12);
const HOUR = 3_600_000;

function buildAvailability(overrides: Partial<AvailabilityView> = {}): AvailabilityView {
  return {
    open: true,
    timezone: 'UTC',
    hours: null,
    holidays: [],
    staff_online: true,
    expected_reply_ms: null,
    ...overrides,
  };
}

describe('what is said of working hours', () => {
  test.each([
    ['somebody there', {}, true, 'We are here'],
    ['nobody there', { staff_online: false }, false, 'We will answer here'],
    ['no hours to come', { open: false }, false, 'Closed now'],
    ['a holiday', { open: false, holidays: ['2026-11-26'] }, false, 'Today is a holiday'],
    [
      'another day',
      { open: false, opens_at: NOW + 48 * HOUR },
      false,
      /^Closed now, back Saturday (at )?\d\d:00$/,
    ],
    [
      'another month',
      { open: false, opens_at: NOW + 400 * HOUR },
      false,
      /^Closed now, back 13 December (at )?\d\d:00$/,
    ],
  ])('with %s', (_, overrides, isHere, text) => {
    const status = statusOf(buildAvailability(overrides as Partial<AvailabilityView>), words, NOW);
    expect(status.isHere).toBe(isHere);
    expect(status.text).toMatch(text);
  });

  test.each([
    [1000, '1 minute'],
    [5 * 60_000, '5 minutes'],
    [12 * 60_000, '15 minutes'],
    [57 * 60_000, '1 hour'],
    [HOUR + 1, '2 hours'],
    [24 * HOUR, '1 day'],
    [40 * HOUR, '2 days'],
  ])('%d ms are %s', (ms, text) => {
    expect(durationText(ms, 'en')).toBe(text);
    expect(replyText(buildAvailability({ expected_reply_ms: ms }), words)).toBe(
      `Usual reply time: ${text}`,
    );
  });

  test('the week begins on Monday, by the clock of the desk, and knows which day it is there', () => {
    const none: [string, string][] = [];
    const hours = { mon: [['09:00', '17:30']] as [string, string][], tue: none, wed: none };
    const rest = {
      thu: [['00:00', '24:00']] as [string, string][],
      fri: none,
      sat: none,
      sun: none,
    };
    const view = buildAvailability({ hours: { ...hours, ...rest } });
    const week = weekOf(view, words, NOW);
    expect(week?.map(({ day }) => day.slice(0, 2)).join(' ')).toBe('Mo Tu We Th Fr Sa Su');
    expect(week?.[0]).toEqual({ day: 'Monday', text: '09:00 – 17:30', isToday: false });
    expect(week?.[1]).toEqual({ day: 'Tuesday', text: 'Closed', isToday: false });
    expect(week?.[3]).toEqual({ day: 'Thursday', text: '00:00 – 24:00', isToday: true });
    expect(weekOf(buildAvailability(), words, NOW)).toBeUndefined();
  });

  test('of the holidays those of two weeks are named', () => {
    const holidays = ['2026-11-28', '2026-12-25'];
    expect(holidaysText(buildAvailability({ holidays }), words, NOW)).toMatch(
      /^Closed on Sat,? 28 November$/,
    );
    expect(holidaysText(buildAvailability(), words, NOW)).toBeUndefined();
  });
});

test('of a conversation that is too long for a copy, the copy says so; nothing of it is markup', () => {
  const ticket = {
    ...{ id: 't', user_id: 'ana', username: 'Ana "<"', topic: '<i>Fern</i>', number: 7, files: [] },
    ...{ description: 'a & b', created_at: NOW, closed_at: NOW, reference: 'TICK-20261126-0007' },
  } as unknown as TicketView;
  const file = {
    id: 'f',
    name: '<img src=x>.png',
    type: 'image/png',
    size: 2048,
    url: 'https://x',
  };
  const message = {
    ...{ author_id: 'kim', author_name: 'Kim', content: '</style><script>', created_at: NOW },
    files: [file],
  } as unknown as MessageView;
  const parts = { ticket, words, me: 'ana', now: NOW };
  const shown = { key: 'm', state: 'sent', message } as const;
  const page = buildCopy({ ...parts, messages: [shown], isPart: true });
  for (const part of [
    'Older messages are not in this copy.',
    '&lt;i&gt;Fern&lt;/i&gt;',
    'Ana &quot;&lt;&quot; (You)',
    'a &amp; b',
    '&lt;/style&gt;&lt;script&gt;',
    '&lt;img src=x&gt;.png (2 kB)',
    'Conversation ended',
  ]) {
    expect(page).toContain(part);
  }
  expect(page).not.toContain('https://x');
  expect(page).not.toContain('<script');
  expect(buildCopy({ ...parts, messages: [], isPart: false })).not.toContain('Older messages');
});
