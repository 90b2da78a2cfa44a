import { describe, expect, test } from '@jest/globals';
import { createYielding, factorAt, LONGEST_WAIT } from '../../src/domain/consumers/pace.ts';

describe('how long work waits that can', () => {
  test('when the process is half idle, then no longer than it says; when saturated, half as long again', () => {
    expect([0, 0.3, 0.5].map(factorAt)).toEqual([1, 1, 1]);
    expect(factorAt(0.7)).toBeCloseTo(1.25);
    expect([0.9, 1].map(factorAt)).toEqual([LONGEST_WAIT, LONGEST_WAIT]);
    expect(LONGEST_WAIT).toBe(1.5);
  });

  test('when many yield at once, then each goes on in a turn of its own, with room for others between', async () => {
    const yieldTurn = createYielding();
    const order: string[] = [];
    const worker = async (name: string) => {
      await yieldTurn();
      order.push(name);
    };
    const all = Promise.all(['a', 'b', 'c'].map(worker));
    const request = () => {
      order.push('request');
      if (order.length < 6) setImmediate(request);
    };
    setImmediate(request);
    await all;
    const places = ['a', 'b', 'c'].map((name) => order.indexOf(name));
    expect(places[1]).toBeGreaterThan((places[0] ?? 0) + 1);
    expect(places[2]).toBeGreaterThan((places[1] ?? 0) + 1);
  });
});
