import { describe, expect, test } from '@jest/globals';
import { createFeeds } from '../../src/domain/consumers/feeds.ts';
import type { Entry } from '../../src/domain/log/entry.ts';

const entry = (seq: number, content = 'x') => ({ seq, content }) as Entry;
const seqs = (entries: readonly Entry[]) => entries.map(({ seq }) => seq);

describe('what the bus has brought of a log', () => {
  test('when it follows what is dealt with, then it is taken once, without what was dealt with', () => {
    const feeds = createFeeds();
    for (const seq of [4, 5, 5, 6]) feeds.note('a', entry(seq));
    expect(feeds.reaches('a', 4, 6)).toBe(true);
    expect(seqs(feeds.take('a', 4))).toEqual([5, 6]);
    expect([feeds.has('a'), feeds.take('a', 6)]).toEqual([false, []]);
  });

  test('when there is a hole, then nothing in front of it is taken, nor behind it', () => {
    const feeds = createFeeds();
    feeds.note('a', entry(2));
    expect([feeds.reaches('a', 0, 2), feeds.take('a', 0)]).toEqual([false, []]);
    for (const seq of [1, 2, 4]) feeds.note('a', entry(seq));
    expect(feeds.reaches('a', 0, 4)).toBe(false);
    expect(feeds.take('a', 0)).toEqual([]);
    for (const seq of [6, 5]) feeds.note('a', entry(seq));
    expect(feeds.take('a', 4)).toEqual([]);
  });

  test('when there is too much, then it is left to be read, and what comes later fits again', () => {
    const feeds = createFeeds(3);
    for (const seq of [1, 2, 3, 4]) feeds.note('a', entry(seq));
    expect(feeds.take('a', 0)).toEqual([]);
    for (const seq of [1, 2]) feeds.note('b', entry(seq));
    expect(seqs(feeds.take('b', 0))).toEqual([1, 2]);
    feeds.note('c', entry(1, 'x'.repeat(9 * 1024 * 1024)));
    feeds.note('d', entry(1, 'x'.repeat(9 * 1024 * 1024)));
    expect([feeds.has('c'), feeds.has('d')]).toEqual([true, false]);
  });

  test('when one log has a thousand waiting, then the next one is left to be read', () => {
    const feeds = createFeeds();
    for (let seq = 1; seq <= 1000; seq++) feeds.note('a', entry(seq));
    expect(feeds.has('a')).toBe(true);
    feeds.note('a', entry(1001));
    expect(feeds.has('a')).toBe(false);
  });
});
