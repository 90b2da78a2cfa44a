import { expect, test } from '@jest/globals';
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

test('those that waited for a slot wait for others, unless they fill a query; a lone one never does', async () => {
  const { load, queries } = createHeld({ slots: 1, most: 3, gatherMs: 100 });
  const answerTo = async (nth: number, answer: Promise<unknown>) => {
    queries[nth]?.answer();
    await answer;
    await turn();
    await turn();
  };
  const first = load(1);
  await turn();
  expect(queries).toHaveLength(1);
  const second = load(2);
  await answerTo(0, first);
  expect(queries).toHaveLength(1);
  const third = load(3);
  await eventually(() => expect(queries[1]?.keys).toEqual([2, 3]));
  const last = [4, 5, 6].map((key) => load(key));
  await answerTo(1, Promise.all([second, third]));
  expect(queries[2]?.keys).toEqual([4, 5, 6]);
  queries[2]?.answer();
  await Promise.all(last);
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
