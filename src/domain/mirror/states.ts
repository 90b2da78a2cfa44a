import { Types } from 'mongoose';
import type { AppContext } from '../context.ts';
import type { MirrorState } from '../contract/messages.ts';
import { native } from './log/collections.ts';

/** How far each message of a ticket has come in Discord, by its `rev`. */
export async function mirrorStates(
  ctx: AppContext,
  ticketId: string,
): Promise<(rev: number) => MirrorState> {
  const row = await native(ctx.db.mirrors).findOne({
    _id: Types.ObjectId.createFromHexString(ticketId),
  });
  if (!row) return () => 'none';
  return (rev) => (rev <= row.seq ? 'posted' : row.state === 'failed' ? 'failed' : 'waiting');
}
