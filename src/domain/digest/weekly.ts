import type { AppContext } from '../../context.ts';
import { AppError } from '../../errors.ts';
import { reportZone } from '../reports/refresh.ts';
import type { WorkHandler } from '../schedule.ts';
import { makeDigest } from './numbers.ts';
import { storeDigest } from './outbox.ts';
import { digestTimeOf, OFF } from './settings.ts';
import { slotsAround } from './slots.ts';

/** Under this kind, and no key, digests are made. */
export const DIGEST = 'weekly-digest';

/** A change of the time, or of the calendar, is noticed within this. */
const LOOK_MS = 60_000;
/** While the statistics are behind. */
const SOON_MS = 2000;

/** Kept with the due work: the last slot that was dealt with, and by which time and zone. */
interface Dealt {
  by: string;
  slot: number;
}

async function digestAt(ctx: AppContext, slot: Parameters<typeof makeDigest>[1]) {
  try {
    return await makeDigest(ctx, slot);
  } catch (error) {
    if (error instanceof AppError && error.code === 'SERVICE_UNAVAILABLE') return undefined;
    throw error;
  }
}

/**
 * Makes the digest of each week when its slot has come, for the bridge to post. Idempotent, since a slot's
 * digest is stored once. Of slots that were missed only the last one is made up for; a time that is new, or
 * in another zone, counts from then on.
 */
export const weeklyDigest: Readonly<Record<string, WorkHandler>> = {
  [DIGEST]: {
    recurring: true,
    async run(ctx, { data }) {
      const dealt = data as Dealt | null | undefined;
      const [{ at: time }, zone] = await Promise.all([digestTimeOf(ctx), reportZone(ctx)]);
      if (time === OFF) return { again: LOOK_MS, data: null };
      const now = ctx.clock.now();
      const { last, next } = slotsAround(time, zone, now);
      const by = `${time} ${zone}`;
      if (dealt?.by === by && dealt.slot < last.at) {
        const digest = await digestAt(ctx, last);
        if (!digest) return { again: SOON_MS };
        await storeDigest(ctx, digest);
      }
      const again = Math.min(LOOK_MS, next.at - now);
      return { again, data: { by, slot: last.at } satisfies Dealt };
    },
  },
};
