import { describe, expect, test } from '@jest/globals';
import { createBatchLoader } from '../../src/domain/log/batch-loader.ts';
import { eventually } from '../support/eventually.ts';

/** A loader whose queries are answered when the test says so. */
function createHeld(options?: Parameters<typeof createBatchLoader>[1]) {
  const queries: { keys: number[]; answer(): void }[] = [];
  const load = createBatchLoader<number, string>(
    (keys) =>
      new Promise((resolve) => {
        queries.push({
          keys,
          answer: () => resolve(new Map(keys.map((key) => [key, `value ${key}`]))),
        });
      }),
    options,
  );
  return { load, queries };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

test('a lone question goes at once; those that come while every slot is taken go as one', async () => {
  const { load, queries } = createHeld({ slots: 2 });
  const answers: Promise<string | undefined>[] = [];
  for (const key of [1, 2, 3, 4, 4]) {
    answers.push(load(key));
    await turn();
  }
  expect(queries.map(({ keys }) => keys)).toEqual([[1], [2]]);
  queries[0]?.answer();
  await answers[0];
  await turn();
  await turn();
  expect(queries.map(({ keys }) => keys)).toEqual([[1], [2], [3, 4]]);
  for (const { answer } of queries) answer();
  expect(await Promise.all(answers)).toEqual([
    'value 1',
    'value 2',
    'value 3',
    'value 4',
    'value 4',
  ]);
});

test('a query has no more keys than it may; those left over go with the next', async () => {
  const { load, queries } = createHeld({ slots: 1, most: 3 });
  const answers = [1, 2, 3, 4, 5].map((key) => load(key));
  await turn();
  expect(queries.map(({ keys }) => keys)).toEqual([[1, 2, 3]]);
  queries[0]?.answer();
  await answers[0];
  await turn();
  await turn();
  expect(queries.map(({ keys }) => keys)).toEqual([
    [1, 2, 3],
    [4, 5],
  ]);
  queries[1]?.answer();
  expect(await answers[4]).toBe('value 5');
});

/** Keeps every turn of the event loop busy for a millisecond, until it is told to stop. */
function keepBusy() {
  let isBusy = true;
  const work = () => {
    for (const until = performance.now() + 1; performance.now() < until; );
    if (isBusy) setImmediate(work);
  };
  work();
  return () => {
    isBusy = false;
  };
}

describe('where questions may gather', () => {
  const GATHER_MS = 200;

  test('while the event loop is busy they wait for others, but not longer than that', async () => {
    const { load, queries } = createHeld({ slots: 1, gatherMs: GATHER_MS });
    const stop = keepBusy();
    const asked = performance.now();
    const answers = [load(1)];
    for (const key of [2, 3]) {
      await turn();
      answers.push(load(key));
    }
    await eventually(() => expect(queries).toHaveLength(1));
    stop();
    expect(performance.now() - asked).toBeGreaterThanOrEqual(GATHER_MS);
    expect(queries[0]?.keys).toEqual([1, 2, 3]);
    queries[0]?.answer();
    await Promise.all(answers);
  });

  test('an idle event loop asks at once', async () => {
    const { load, queries } = createHeld({ slots: 1, gatherMs: 60_000 });
    const answer = load(1);
    await eventually(() => expect(queries).toHaveLength(1));
    queries[0]?.answer();
    expect(await answer).toBe('value 1');
  });

  test('as many as fill a query do not wait, however busy the event loop', async () => {
    const { load, queries } = createHeld({ slots: 1, most: 3, gatherMs: 60_000 });
    const stop = keepBusy();
    const first = [1, 2, 3].map((key) => load(key));
    await eventually(() => expect(queries.map(({ keys }) => keys)).toEqual([[1, 2, 3]]));
    const second = [4, 5, 6].map((key) => load(key));
    queries[0]?.answer();
    await eventually(() => expect(queries[1]?.keys).toEqual([4, 5, 6]));
    stop();
    queries[1]?.answer();
    await Promise.all([...first, ...second]);
  });
});

test('a query that is stuck lets others pass after a while, and counts for nothing when it is answered', async () => {
  const { load, queries } = createHeld({ slots: 1, slotMs: 50 });
  const stuck = load(1);
  await turn();
  const second = load(2);
  await eventually(() => expect(queries.map(({ keys }) => keys)).toEqual([[1], [2]]));
  queries[0]?.answer();
  expect(await stuck).toBe('value 1');
  const third = load(3);
  await turn();
  expect(queries).toHaveLength(2);
  queries[1]?.answer();
  expect(await second).toBe('value 2');
  await eventually(() => expect(queries).toHaveLength(3));
  queries[2]?.answer();
  expect(await third).toBe('value 3');
});

test('a query that fails is everybody’s who asked, and the next one is asked all the same', async () => {
  let fails = true;
  const load = createBatchLoader<number, number>(async (keys) => {
    if (fails) throw new Error('away');
    return new Map(keys.map((key) => [key, key]));
  });
  const asked = [load(1), load(2)];
  for (const answer of asked) await expect(answer).rejects.toThrow('away');
  fails = false;
  expect(await load(1)).toBe(1);
  expect(await load(2)).toBe(2);
});
