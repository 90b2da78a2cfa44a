import type { Day } from './day.ts';

/** Something that goes wrong, and what mends it at the end of the day. */
export type Trouble = (day: Day) => Promise<unknown>;

export const troubles: readonly Trouble[] = [(day) => day.killBot(300 + day.random() * 1500)];
