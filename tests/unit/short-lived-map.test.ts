import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from '@jest/globals';
import { ShortLivedMap } from '../../src/infra/short-lived-map.ts';

test('holds what was set last, in the order of setting', () => {
  const map = new ShortLivedMap<string, number>();
  map.set('a', 1);
  map.set('b', 2);
  map.set('a', 3);
  expect([map.get('a'), map.get('b'), map.get('c'), map.size]).toEqual([3, 2, undefined, 2]);
  expect([...map]).toEqual([
    ['b', 2],
    ['a', 3],
  ]);
  expect([map.delete('b'), map.delete('b'), map.size]).toEqual([true, false, 1]);
  expect([...map.values()]).toEqual([3]);
});

test('may be emptied while it is walked', () => {
  const map = new ShortLivedMap<number, string>();
  for (const key of [1, 2, 3]) map.set(key, `value ${key}`);
  const walked = [];
  for (const [key] of map) {
    walked.push(key);
    map.delete(key);
  }
  expect([walked, map.size]).toEqual([[1, 2, 3], 0]);
});

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc') as (options?: { type: 'minor' }) => void;

function oldBytes(): number {
  const spaces = getHeapSpaceStatistics().filter(({ space_name }) => space_name === 'old_space');
  return spaces.reduce((sum, { space_used_size }) => sum + space_used_size, 0);
}

/** Bytes that collections of the young generation leave behind of 20,000 values of half a kilobyte. */
function leftBehind(map: ShortLivedMap<number, unknown>): number {
  const values = 20_000;
  const add = (key: number) =>
    map.set(
      key,
      Array.from({ length: 64 }, () => key),
    );
  for (let key = -3; key < 0; key++) add(key);
  // Its table is in the old generation from here on, as that of a server at work.
  gc();
  gc({ type: 'minor' });
  const before = oldBytes();
  for (let key = 0; key < values; key++) {
    add(key);
    map.delete(key - 3);
    if (key % 5000 === 0) gc({ type: 'minor' });
  }
  for (let times = 0; times < 3; times++) gc({ type: 'minor' });
  return oldBytes() - before;
}

test('what has gone is not kept by a table it was in', () => {
  // A Map of V8 keeps eight of these ten megabytes.
  expect(leftBehind(new ShortLivedMap())).toBeLessThan(3_000_000);
});
