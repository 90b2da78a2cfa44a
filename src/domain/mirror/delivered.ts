import type { AppContext } from '../../context.ts';
import { isStaffRole } from '../../contract/identity.ts';
import type { MirrorRow } from '../../models/mirror.ts';
import type { Entry } from '../log/entry.ts';
import { readProgress } from './progress.ts';

/**
 * Up to which entry of the public log all that was said has come to where staff read it: 0 is the
 * description, null before that. A row from before it was written down showed all up to its offset.
 */
export function deliveredOf({
  delivered,
  seq,
  steps,
}: Pick<MirrorRow, 'delivered' | 'seq' | 'steps'>): number | null {
  if (delivered !== undefined) return delivered;
  return seq > 0 || steps.includes('described') ? seq : null;
}

/** True for what a customer has said, who is told when it stands where staff read it. */
export const isCustomersMessage = (entry: Entry): boolean =>
  entry.stream === 'public' && entry.type === 'message' && !isStaffRole(entry.author.role);

/**
 * The same behind one more entry. It stays below what Discord shows only a notice of, until staff next
 * write: whoever answers has read what was said before, there or elsewhere.
 * @param isWhole whether staff can read all of the entry in its place in Discord
 */
export function deliveredAfter(before: number | null, entry: Entry, isWhole: boolean) {
  const isStaffs = entry.type === 'message' && isStaffRole(entry.author.role);
  if (isStaffs && entry.origin !== 'system') return entry.seq;
  return isWhole && before === entry.seq - 1 ? entry.seq : before;
}

/** The same of a ticket; undefined where nothing of it has come there, or there is no Discord. */
export async function readDelivered(
  ctx: Pick<AppContext, 'db'>,
  ticketId: string,
): Promise<number | undefined> {
  const row = await readProgress(ctx, ticketId);
  return (row && deliveredOf(row)) ?? undefined;
}
