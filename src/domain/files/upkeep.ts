import { Types } from 'mongoose';
import type { WorkHandler } from '../schedule.ts';
import { adoptFiles } from './adopt.ts';
import { collectFiles } from './collect.ts';

const COLLECT_EVERY_MS = 60_000;
const COLLECTED_AT_ONCE = 200;
const ADOPT_EVERY_MS = 24 * 60 * 60_000;
const ADOPTED_AT_ONCE = 100;

/** Removes what no message has; a bounded round a minute, the next at once where more is due. */
const collect: WorkHandler = {
  recurring: true,
  async run(ctx) {
    const { more } = await collectFiles(ctx, COLLECTED_AT_ONCE);
    return { again: more ? 0 : COLLECT_EVERY_MS };
  },
};

/**
 * Goes through the bytes that have no row: all there are at first, a page after the other, then once a
 * day those of the last two days, which a node of an earlier version may still have written.
 */
const adopt: WorkHandler = {
  recurring: true,
  async run(ctx, { data }) {
    const { after } = (data ?? {}) as { after?: string };
    const next = await adoptFiles(ctx, after, ADOPTED_AT_ONCE);
    if (next) return { again: 0, data: { after: next } };
    const seconds = (ctx.clock.now() - 2 * ADOPT_EVERY_MS) / 1000;
    const from = Types.ObjectId.createFromTime(Math.floor(seconds)).toHexString();
    return { again: ADOPT_EVERY_MS, data: { after: from } };
  },
};

export const fileUpkeep = { 'collect-files': collect, 'adopt-files': adopt };
