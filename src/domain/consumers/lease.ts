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

/**
 * A grant. The fencing token (`epoch` in stored rows) grows by one with each new holder: a write under
 * an older one is refused. `since` is when the lease was first held ever, milliseconds since 1970.
 */
export interface Grant {
  fencingToken: number;
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
  ttlMs: number,
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
            until: ifFree({ $add: [now, ttlMs] }, '$until'),
            since: { $ifNull: ['$since', now] },
          },
        },
      ],
      { upsert: true, returnDocument: 'after' },
    );
    if (row?.holder !== holder) return undefined;
    return { fencingToken: Number(row.epoch), since: Number(row.since) };
  } catch (error) {
    // Two processes made the row at the same moment; the other one has it.
    if (isDuplicateKey(error)) return undefined;
    throw error;
  }
}

/** Whether anybody holds a lease now, by the database's clock. */
export async function isLeaseHeld(ctx: AppContext, name: string): Promise<boolean> {
  const held = { _id: name, $expr: { $gt: ['$until', { $toLong: '$$NOW' }] } };
  return (await native(ctx.db.leases).findOne(held, { projection: { _id: 1 } })) !== null;
}

/** Gives a lease back, so that the next holder need not wait for its end. */
export async function releaseLease(ctx: AppContext, name: string, holder: string): Promise<void> {
  await native(ctx.db.leases).updateOne({ _id: name, holder }, { $set: { until: 0 } });
}

export interface LeaseTimes {
  /** How long a grant lives without being renewed, in milliseconds. */
  ttlMs: number;
  /** How often it is renewed, or asked for again. */
  renewIntervalMs: number;
  /** Told of each request that failed, and with undefined of one that was answered. */
  onAsked?(error: Error | undefined): void;
}

export const defaultLeaseTimes: LeaseTimes = { ttlMs: 15_000, renewIntervalMs: 5000 };

/** A lease while it is held. */
export interface HeldLease extends Grant {
  /**
   * False as soon as another process may have it, by this process's own monotonic clock; and from then
   * on, since whoever has heard so has stopped, even where it could be renewed in time after all.
   */
  isHeld(): boolean;
  /** @throws LeaseLost where `isHeld` is false */
  require(): void;
  /** Aborted when it is lost or given back. */
  signal: AbortSignal;
  /** Gives it back. */
  release(): Promise<void>;
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
  const margin = times.ttlMs / 8;
  let askedAt = performance.now();
  const ask = async () => {
    const at = performance.now();
    try {
      const grant = await takeLease(ctx, name, holder, times.ttlMs);
      if (grant) askedAt = at;
      times.onAsked?.(undefined);
      return grant;
    } catch (error) {
      const { message: reason } = error as Error;
      ctx.log.debug({ reason, lease: name }, 'the lease could not be asked for');
      times.onAsked?.(error as Error);
      return undefined;
    }
  };
  let grant = await ask();
  while (!grant && !stop.aborted) {
    await sleep(times.renewIntervalMs * (0.4 + Math.random() * 0.4), undefined, {
      signal: stop,
    }).catch(() => undefined);
    if (!stop.aborted) grant = await ask();
  }
  if (!grant) return undefined;
  const { fencingToken, since } = grant;
  const lost = new AbortController();
  const isHeld = () => {
    if (performance.now() - askedAt >= times.ttlMs - margin) end();
    return !lost.signal.aborted;
  };
  const checking = setInterval(isHeld, times.renewIntervalMs / 5).unref();
  const renewing = setInterval(async () => {
    const renewed = await ask();
    if (renewed && renewed.fencingToken !== fencingToken) end();
  }, times.renewIntervalMs).unref();
  const end = () => {
    clearInterval(checking);
    clearInterval(renewing);
    lost.abort(new LeaseLost());
  };
  return {
    fencingToken,
    since,
    isHeld,
    require() {
      if (!isHeld()) throw new LeaseLost();
    },
    signal: lost.signal,
    async release() {
      end();
      await releaseLease(ctx, name, holder).catch(() => undefined);
    },
  };
}
