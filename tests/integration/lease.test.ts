import { afterAll, afterEach, beforeAll, expect, jest, test } from '@jest/globals';
import type { HeldLease } from '../../src/domain/consumers/lease.ts';
import { keepUnderLease } from '../../src/domain/consumers/under-lease.ts';
import { type RunningApp, startApp } from '../support/app.ts';
import { eventually } from '../support/eventually.ts';

let app: RunningApp;
const open: { stop(): Promise<void> }[] = [];
beforeAll(async () => {
  app = await startApp();
});
afterEach(async () => {
  jest.restoreAllMocks();
  for (const one of open.splice(0)) await one.stop();
});
afterAll(() => app.stop());

/** What a process sees that was frozen, at the moment before the answer to its renewal is read. */
function lookLate(lease: HeldLease): boolean {
  const late = performance.now() + 60_000;
  const clock = jest.spyOn(performance, 'now').mockReturnValueOnce(late);
  const held = lease.isHeld();
  clock.mockRestore();
  return held;
}

test('when work has once heard that its lease is lost, then it is begun anew, though the lease was renewed in time', async () => {
  const begun: HeldLease[] = [];
  let stops = 0;
  open.push(
    keepUnderLease(app.ctx, { lease: 'a-lease', part: 'a-part' }, (lease) => {
      begun.push(lease);
      return { stop: async () => void stops++ };
    }),
  );
  await eventually(() => expect(begun).toHaveLength(1));
  const [first] = begun as [HeldLease];
  expect(first.isHeld()).toBe(true);
  expect(lookLate(first)).toBe(false);
  expect(first.isHeld()).toBe(false);
  expect(() => first.require()).toThrow('the lease is lost');
  expect(first.signal.aborted).toBe(true);
  await eventually(() => expect(begun).toHaveLength(2));
  expect({ stops, held: begun[1]?.isHeld() }).toEqual({ stops: 1, held: true });
});
