import { describe, expect, test } from '@jest/globals';
import { sizes } from '../../src/contract/limits.ts';
import type { MessageView } from '../../src/contract/messages.ts';
import type { TicketView } from '../../src/contract/tickets.ts';
import { buildRows, topicOf } from '../../widget/src/chat/rows.ts';
import { countCodePoints, isVisible, limits, trimUrl } from '../../widget/src/chat/text-rules.ts';
import { findGone } from '../../widget/src/chat/ticket-list.ts';
import { Words } from '../../widget/src/chat/words.ts';
import { strings as ar } from '../../widget/src/locales/ar.ts';
import { strings as en } from '../../widget/src/locales/en.ts';
import { contrast, paletteOf, parseColour } from '../../widget/src/shared/colour.ts';

test('when the contract changes a number the widget has a copy of, then the copy has changed too', () => {
  expect(limits).toEqual({
    content: sizes.content,
    topic: sizes.topic,
    comment: sizes.comment,
    file: sizes.file,
    filesPerMessage: sizes.filesPerMessage,
    contextKeys: sizes.contextKeys,
    contextKey: sizes.contextKey,
    contextValue: sizes.contextValue,
  });
});

describe('an address in a sentence', () => {
  test.each([
    ['https://example.com/help.', 'https://example.com/help'],
    ['https://example.com/x),', 'https://example.com/x'],
    ['https://example.com/a_(b)', 'https://example.com/a_(b)'],
    ['https://example.com/a?b=1&c=[2]!', 'https://example.com/a?b=1&c=[2]'],
    ['https://example.com/”', 'https://example.com/'],
    ['https://example.com/path/', 'https://example.com/path/'],
  ])('%s leads to %s', (found, url) => {
    expect(trimUrl(found)).toBe(url);
  });
});

test('lengths count code points, and what shows nothing is no message', () => {
  expect(countCodePoints('👍🏽a')).toBe(3);
  expect(isVisible(' \u200b\u2060\ufeff\n')).toBe(false);
  expect(isVisible('\u200bа')).toBe(true);
  expect(isVisible('👍')).toBe(true);
});

test('the first words make the topic, cut between words', () => {
  expect(topicOf('  Where is\nmy order? ')).toBe('Where is my order?');
  const long = topicOf('word '.repeat(30));
  expect(long).toMatch(/^(word )+word…$/);
  expect([...long].length).toBeLessThanOrEqual(61);
});

test('whatever the brand’s colour, text on it and of it can be read', () => {
  const surfaces = { light: '#f4f5f8', dark: '#2a2e38' } as const;
  for (const colour of ['#ffee00', '#777777', '#ff5a5f', '#000', '#fff', '#1f6f4a', 'nonsense']) {
    const palette = paletteOf(colour);
    const ratio = (a: string, b: string) =>
      contrast(parseColour(a) ?? [0, 0, 0], parseColour(b) ?? [0, 0, 0]);
    expect([colour, ratio(palette.brand, palette.onBrand) >= 4.5]).toEqual([colour, true]);
    for (const side of ['light', 'dark'] as const) {
      expect([colour, side, ratio(palette[side], surfaces[side]) >= 4.5]).toEqual([
        colour,
        side,
        true,
      ]);
    }
  }
});

test('plural forms follow the language, and a partner’s words win', () => {
  expect(new Words('en', en).say('unread', { count: 1 })).toBe('1 new message');
  expect(new Words('ar', ar).say('unread', { count: 2 })).toBe('رسالتان جديدتان');
  expect(new Words('ar', ar).direction).toBe('rtl');
  expect(new Words('en', { title: 'Help' }).say('title')).toBe('Help');
});

test('a conversation is its opening, its days, its messages in groups, and its end', () => {
  const at = new Date(2026, 4, 1, 10).getTime();
  const ticket = {
    ...{ id: 't', topic: 'Hello', description: 'Hello', status: 'CLOSED', created_at: at },
    ...{ closed_at: at + 90_000_000, close_reason: 'Solved', updated_at: at },
  } as TicketView;
  const messages = [
    { id: 'a', author_id: 'me', created_at: at + 1000 },
    { id: 'b', author_id: 'kim', created_at: at + 2000 },
    { id: 'c', author_id: 'kim', created_at: at + 3000 },
    { id: 'd', author_id: 'kim', created_at: at + 86_400_000 },
  ].map((message) => ({
    key: message.id,
    state: 'sent' as const,
    message: message as MessageView,
  }));
  const rows = buildRows({ me: 'me', ticket, pending: undefined, messages, hasOlder: false });
  const shape = rows.map((row) =>
    row.kind === 'message'
      ? `${row.key}${row.isMine ? ' mine' : ''}${row.isFirst ? ' first' : ''}${row.isLast ? ' last' : ''}`
      : row.kind,
  );
  expect(shape).toEqual([
    'day',
    'opening',
    'a mine first last',
    'b first',
    'c last',
    'day',
    'd first last',
    'closed',
  ]);
});

test('of tickets a list does not name, only those are gone that a full page would have named', () => {
  const ids = Array.from({ length: 100 }, (_, index) => String(index + 100));
  const listed = ids.toReversed().map((id) => ({ id }) as TicketView);
  expect(findGone(['099', '100', '1005', '200'], listed)).toEqual(['1005', '200']);
  expect(findGone(['099', '199'], listed.slice(0, 99))).toEqual(['099']);
  expect(findGone(['099'], [])).toEqual(['099']);
});
