import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, jest, test } from '@jest/globals';
import { createGrantCheck } from '../../src/domain/consumers/grant-check.ts';
import {
  type Grant,
  type HeldLease,
  LeaseLost,
  takeLease,
} from '../../src/domain/consumers/lease.ts';
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

/** A lease that is held, and what takes it away. */
async function held(name: string) {
  const grant = (await takeLease(app.ctx, name, 'one', 60_000)) as Grant;
  const leases = app.ctx.db.leases.collection;
  return {
    grant,
    takeOver: () => leases.updateOne({ _id: name } as never, { $inc: { epoch: 1 } }),
  };
}

async function readsOfLeases(work: () => Promise<void>): Promise<number> {
  const { db } = app.ctx.db.connection;
  await db?.command({ profile: 2 });
  await work();
  await db?.command({ profile: 0 });
  const profile = db?.collection('system.profile');
  const count = await profile?.countDocuments({ ns: /\.leases$/, op: 'query' });
  await profile?.drop();
  return count ?? 0;
}

test('when a grant is asked for ahead and passes on meanwhile, then what is done late asks again', async () => {
  const { grant, takeOver } = await held('asked-late');
  const check = createGrantCheck(app.ctx, 'asked-late', grant);
  const ahead = check.ask();
  await ahead.answer;
  await takeOver();
  await sleep(30);
  await expect(check.require(ahead)).rejects.toThrow(LeaseLost);
});

test('what asks after the grant has passed on is refused, however lately another was told that it stands', async () => {
  const { grant, takeOver } = await held('asked-anew');
  const check = createGrantCheck(app.ctx, 'asked-anew', grant);
  await check.require();
  await takeOver();
  await expect(check.require(check.ask())).rejects.toThrow(LeaseLost);
});

test('those who ask at the same time share one question', async () => {
  const { grant } = await held('asked-together');
  const check = createGrantCheck(app.ctx, 'asked-together', grant);
  const reads = await readsOfLeases(async () => {
    const asked = Array.from({ length: 16 }, () => check.ask());
    await Promise.all(asked.map((one) => check.require(one)));
  });
  expect(reads).toBe(1);
});
