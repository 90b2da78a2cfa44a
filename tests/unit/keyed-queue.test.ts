import { describe, expect, test } from '@jest/globals';
import { createKeyedQueue } from '../../src/domain/consumers/keyed-queue.ts';
import { eventually } from '../support/eventually.ts';

describe('a keyed queue that lingers', () => {
  test('when a key is woken again and again, then it runs at once and later once for all of it', async () => {
    const runs: string[] = [];
    const queue = createKeyedQueue({
      limit: 1,
      lingerMs: () => 200,
      run: async (key) => void runs.push(key),
      onError: () => undefined,
    });
    queue.schedule('a');
    await eventually(() => expect(runs).toHaveLength(1));
    for (let n = 0; n < 10; n++) queue.schedule('a', 'first');
    expect(queue.keys()).toEqual(['a']);
    await eventually(() => expect(runs).toHaveLength(2));
    await eventually(() => expect(queue.keys()).toEqual([]));
    await queue.stop();
    expect(runs).toHaveLength(2);
  });

  test('when one key lingers, then others do not wait for it, and it counts as no work', async () => {
    const runs: string[] = [];
    const queue = createKeyedQueue({
      limit: 1,
      lingerMs: () => 60_000,
      run: async (key) => void runs.push(key),
      onError: () => undefined,
    });
    queue.schedule('a');
    queue.schedule('b');
    await eventually(() => expect(runs).toEqual(['a', 'b']));
    await eventually(() => expect(queue.keys()).toEqual([]));
    queue.schedule('a');
    expect(queue.keys()).toEqual(['a']);
    await queue.stop();
    expect(runs).toEqual(['a', 'b']);
  });
});

describe('a keyed queue that gathers', () => {
  test('when keys come within its time, then they are taken up together, and later ones with the next', async () => {
    const runs: string[] = [];
    const gathered: number[] = [];
    const queue = createKeyedQueue({
      limit: 2,
      gatherMs() {
        gathered.push(runs.length);
        return 150;
      },
      run: async (key) => void runs.push(key),
      onError: () => undefined,
    });
    for (const key of ['a', 'b', 'c']) queue.schedule(key);
    expect([queue.keys(), queue.has('a'), runs]).toEqual([['a', 'b', 'c'], true, []]);
    await eventually(() => expect(runs).toEqual(['a', 'b', 'c']));
    queue.schedule('d');
    expect(runs).toHaveLength(3);
    await eventually(() => expect(runs).toHaveLength(4));
    expect(gathered).toEqual([0, 3]);
    queue.schedule('e');
    await queue.stop();
    expect([runs.length, queue.has('a')]).toEqual([4, false]);
  });
});

test('a group that is stuck holds up no other, and a key never runs twice at once, whatever its group is by then', async () => {
  const homes = new Map<string, string>();
  const running = new Map<string, number>();
  let most = 0;
  const ran: string[] = [];
  let release: () => void = () => undefined;
  const stuck = new Promise<void>((resolve) => {
    release = resolve;
  });
  const queue = createKeyedQueue({
    limit: 2,
    groupOf: (key) => homes.get(key) ?? key.slice(0, 1),
    async run(key) {
      running.set(key, (running.get(key) ?? 0) + 1);
      most = Math.max(most, running.get(key) ?? 0);
      if (key.startsWith('a')) await stuck;
      ran.push(key);
      running.set(key, (running.get(key) ?? 0) - 1);
    },
    onError: () => undefined,
  });
  for (const key of ['a1', 'a2', 'a3', 'b1', 'b2', 'b3']) queue.schedule(key);
  await eventually(() => expect(ran).toEqual(['b1', 'b2', 'b3']));
  // It is woken where it belongs now, and goes on there when its turn is over.
  homes.set('a1', 'b');
  queue.schedule('a1', 'first');
  queue.schedule('a3', 'first');
  expect([running.get('a1'), running.get('a3')]).toEqual([1, undefined]);
  release();
  await eventually(() =>
    expect(ran.toSorted()).toEqual(['a1', 'a1', 'a2', 'a3', 'b1', 'b2', 'b3']),
  );
  expect(most).toBe(1);
  await queue.stop();
});
