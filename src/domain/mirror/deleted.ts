import type { AppContext } from '../../context.ts';
import type { ErasureRow } from '../../models/erasure.ts';
import type { MirrorRow } from '../../models/mirror.ts';
import { LeaseLost } from '../consumers/lease.ts';
import { LAST_LOOK_MS, WIPE_TICKET } from '../erasure/work.ts';
import { native, oid } from '../log/collections.ts';
import { scheduleWork } from '../schedule.ts';
import { nothingMirrored } from './mirrors.ts';

export type { ErasureRow, MirrorRow };

/** How long the bridge may still have a ticket in hand that was deleted, in milliseconds. */
const SETTLED_MS = 60_000;

/** The receipt of a ticket that was deleted; undefined where it was not. */
export async function findDeleted(
  ctx: AppContext,
  ticketId: string,
): Promise<ErasureRow | undefined> {
  const row = await native(ctx.db.erasures).findOne({ _id: oid(ticketId), kind: 'ticket' });
  return row ?? undefined;
}

/**
 * The mirror of a ticket that is gone, taken over by the lease's epoch; undefined where there is none.
 * @throws LeaseLost where a newer lease has written it
 */
export async function takeMirror(
  ctx: AppContext,
  ticketId: string,
  epoch: number,
): Promise<MirrorRow | undefined> {
  const _id = oid(ticketId);
  const mirrors = native(ctx.db.mirrors);
  const row = await mirrors.findOneAndUpdate({ _id, epoch: { $lte: epoch } }, { $set: { epoch } });
  if (row) return row;
  if (await mirrors.findOne({ _id }, { projection: { _id: 1 } })) throw new LeaseLost();
  return undefined;
}

/** What the bridge has taken away. */
export interface Removed {
  transcripts: number;
  /** False where a transcript may be there that was not found. */
  isSure: boolean;
}

/** True where the bridge has nothing left to do in Discord. */
export const isRemoved = ({ discord }: Pick<ErasureRow, 'discord'>): boolean =>
  discord === 'done' || discord === 'unsure';

/** Makes the next start of a bridge look at a deleted ticket, should it have missed the deletion. */
export async function markDeleted(ctx: AppContext, ticketId: string): Promise<void> {
  await native(ctx.db.mirrors).updateOne(
    { _id: oid(ticketId) },
    { $set: { lagging: true }, $setOnInsert: { ...nothingMirrored(), epoch: 0 } },
    { upsert: true },
  );
}

/**
 * The bridge has taken out of Discord what it found of a deleted ticket. What the mirror knew goes; its row
 * goes at the last look, since this very bridge may still have the ticket in hand.
 */
export async function noteDiscordWiped(
  ctx: AppContext,
  ticketId: string,
  { transcripts, isSure }: Removed,
  epoch: number,
): Promise<void> {
  const _id = oid(ticketId);
  await native(ctx.db.posts).deleteMany({ ticket_id: _id, epoch: { $lte: epoch } });
  await native(ctx.db.mirrors).updateOne(
    { _id, epoch: { $lte: epoch } },
    {
      $set: { ...nothingMirrored(), state: 'done' },
      $unset: { transcripts: '', kept: '', lagging: '' },
    },
  );
  const noted = await native(ctx.db.erasures).findOneAndUpdate(
    { _id, discord: { $nin: ['done', 'unsure'] } },
    { $set: { discord: isSure ? 'done' : 'unsure' }, $inc: { 'counts.transcripts': transcripts } },
  );
  if (!noted || noted.done_at !== null) return;
  // The last look waits for it.
  const at = Math.max((noted.wiped_at ?? noted.at) + LAST_LOOK_MS, ctx.clock() + SETTLED_MS);
  if (noted.wiped_at !== null) await scheduleWork(ctx, { kind: WIPE_TICKET, key: ticketId, at });
}
