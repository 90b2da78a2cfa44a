import { afterAll, beforeAll, expect, test } from '@jest/globals';

// By its name alone: it is written for browsers, whose types are not those of the tests.
const { sound } = (await import('../../widget/src/lazy/attention.ts' as string)) as {
  sound(mark: string, shared: unknown, watched: boolean): Promise<void>;
};

const globals = globalThis as Record<string, unknown>;
let tones = 0;

/** Counts tones instead of making them. */
class Silent {
  state = 'running';
  currentTime = 0;
  createOscillator() {
    tones++;
    return { frequency: {}, connect: (next: unknown) => next, start() {}, stop() {} };
  }
  createGain() {
    const ramp = () => {};
    const gain = {
      setValueAtTime: ramp,
      linearRampToValueAtTime: ramp,
      exponentialRampToValueAtTime: ramp,
    };
    return { gain, connect: (next: unknown) => next };
  }
}

const before = Object.getOwnPropertyDescriptor(globalThis, 'navigator');
beforeAll(() => {
  globals.AudioContext = Silent;
  Object.defineProperty(globalThis, 'navigator', { value: {}, configurable: true });
});
afterAll(() => {
  delete globals.AudioContext;
  if (before) Object.defineProperty(globalThis, 'navigator', before);
});

function storage() {
  const kept = new Map<string, string>();
  return {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
  };
}

test('what is read in one tab sounds in none, the one that heard of it first included', async () => {
  const shared = storage();
  const before = tones;
  const hidden = sound('6b0a60a122acd6cd5c1c78e4', shared, false);
  await sound('6b0a60a122acd6cd5c1c78e4', shared, true);
  await hidden;
  expect(tones).toBe(before);
});

test('what one tab has sounded, another that hears of it later does not: each message once, two at once too', async () => {
  const shared = storage();
  const [first, second] = ['6b0a60a122acd6cd5c1c78e5', '6b0a60a122acd6cd5c1c78e6'];
  for (const mark of [first, second]) await sound(mark, shared, false);
  expect(tones).toBe(4);
  // The other tab, a moment behind.
  for (const mark of [first, second]) await sound(mark, shared, false);
  expect(tones).toBe(4);
});
