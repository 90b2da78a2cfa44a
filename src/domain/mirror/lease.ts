import { setTimeout as sleep } from 'node:timers/promises';
import type { AppContext } from '../../context.ts';
import { native } from '../log/collections.ts';
import { isDuplicateKey } from '../mongo-errors.ts';

/** Thrown where work is begun, or written down, under a lease that is no longer held. */
export class LeaseLost extends Error {
  constructor() {
    super('the lease is lost: another process has taken over, or may have');
    this.name = 'LeaseLost';
  }
}

/** A grant: `epoch` grows by one with each new holder; `since` is when there was the first one. */
export interface Grant {
  epoch: number;
  since: number;
}

/** Held by the one bot that works; its row is there since the first bot ever was. */
export const bridgeLease = 'discord-bridge';

/**
 * Takes or renews a lease, by the database's clock.
 * @returns undefined while somebody else holds it
 */
export async function takeLease(
  ctx: AppContext,
  name: string,
  holder: string,
  lifeMs: number,
): Promise<Grant | undefined> {
  const now = { $toLong: '$$NOW' };
  const mine = { $eq: ['$holder', holder] };
  const free = { $or: [mine, { $lte: [{ $ifNull: ['$until', 0] }, now] }] };
  const ifFree = (value: unknown, field: string) => ({ $cond: [free, value, field] });
  const epoch = { $cond: [mine, '$epoch', { $add: [{ $ifNull: ['$epoch', 0] }, 1] }] };
  try {
    const row = await native(ctx.db.leases).findOneAndUpdate(
      { _id: name },
      [
        {
          $set: {
            epoch: ifFree(epoch, '$epoch'),
            holder: ifFree({ $literal: holder }, '$holder'),
            until: ifFree({ $add: [now, lifeMs] }, '$until'),
            since: { $ifNull: ['$since', now] },
          },
        },
      ],
      { upsert: true, returnDocument: 'after' },
    );
    if (row?.holder !== holder) return undefined;
    return { epoch: Number(row.epoch), since: Number(row.since) };
  } catch (error) {
    // Two processes made the row at the same moment; the other one has it.
    if (isDuplicateKey(error)) return undefined;
    throw error;
  }
}

/** Gives a lease back, so that the next holder need not wait for its end. */
export async function dropLease(ctx: AppContext, name: string, holder: string): Promise<void> {
  await native(ctx.db.leases).updateOne({ _id: name, holder }, { $set: { until: 0 } });
}

export interface LeaseTimes {
  /** How long a grant lives without being renewed, in milliseconds. */
  lifeMs: number;
  /** How often it is renewed, or asked for again. */
  renewMs: number;
}

export const defaultLeaseTimes: LeaseTimes = { lifeMs: 15_000, renewMs: 5000 };

/** A lease while it is held. */
export interface HeldLease extends Grant {
  /** False as soon as another process may have it, by this process's own monotonic clock. */
  owned(): boolean;
  /** @throws LeaseLost where `owned` is false */
  require(): void;
  /** Aborted when it is lost or given back. */
  signal: AbortSignal;
  /** Gives it back. */
  drop(): Promise<void>;
}

/**
 * Waits until the lease is this holder's, and keeps renewing it. A frozen process finds its grant
 * too old when it wakes, since the age is taken from before the request for it went out.
 * @returns undefined when `stop` was aborted first
 */
export async function holdLease(
  ctx: AppContext,
  name: string,
  holder: string,
  times: LeaseTimes,
  stop: AbortSignal,
): Promise<HeldLease | undefined> {
  const margin = times.lifeMs / 8;
  let askedAt = performance.now();
  const ask = async () => {
    const at = performance.now();
    const grant = await takeLease(ctx, name, holder, times.lifeMs).catch((error: Error) => {
      ctx.log.debug({ reason: error.message, lease: name }, 'the lease could not be asked for');
      return undefined;
    });
    if (grant) askedAt = at;
    return grant;
  };
  let grant = await ask();
  while (!grant && !stop.aborted) {
    await sleep(times.renewMs * (0.4 + Math.random() * 0.4), undefined, { signal: stop }).catch(
      () => undefined,
    );
    if (!stop.aborted) grant = await ask();
  }
  if (!grant) return undefined;
  const { epoch, since } = grant;
  const lost = new AbortController();
  const owned = () => !lost.signal.aborted && performance.now() - askedAt < times.lifeMs - margin;
  const checking = setInterval(() => {
    if (!owned()) end();
  }, times.renewMs / 5).unref();
  const renewing = setInterval(async () => {
    const renewed = await ask();
    if (renewed && renewed.epoch !== epoch) end();
  }, times.renewMs).unref();
  const end = () => {
    clearInterval(checking);
    clearInterval(renewing);
    lost.abort(new LeaseLost());
  };
  return {
    epoch,
    since,
    owned,
    require() {
      if (!owned()) throw new LeaseLost();
    },
    signal: lost.signal,
    async drop() {
      end();
      await dropLease(ctx, name, holder).catch(() => undefined);
    },
  };
}
