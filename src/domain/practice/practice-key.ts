import type { AppContext } from '../../context.ts';
import { scheduleWork } from '../schedule.ts';

/** Due work of this kind, one for each ticket that is for practice; the key is its id. */
export const PRACTICE = 'practice';
/** How long their customer takes to answer, in milliseconds. */
const ANSWERS_AFTER_MS = 1500;

/** Three parts that do not begin with `staff`: no token's user has such a key. */
export function practiceKey(key: string): string {
  return `practice||${key.replaceAll('|', ':')}`;
}

/** True for the owner of a ticket that is for practice: such are in no number of the desk. */
export function isPractice(owner: string): boolean {
  return owner.startsWith('practice||');
}

/** What the rows of tickets have that are not for practice. */
export const isReal = { owner: { $not: /^practice\|\|/ } };

/** Has the customer of a ticket for practice answer soon. */
export function planAnswer(ctx: AppContext, ticketId: string): Promise<void> {
  const at = ctx.clock.now() + ANSWERS_AFTER_MS;
  return scheduleWork(ctx, { kind: PRACTICE, key: ticketId, at });
}
