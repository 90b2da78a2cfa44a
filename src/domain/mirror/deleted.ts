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

/**
 * Discord has nothing of a deleted ticket any more. What the mirror knew goes; its row goes at the last look,
 * since this very bridge may still have the ticket in hand.
 */
export async function noteDiscordWiped(
  ctx: AppContext,
  ticketId: string,
  transcripts: number,
  epoch: number,
): Promise<void> {
  const _id = oid(ticketId);
  await native(ctx.db.posts).deleteMany({ ticket_id: _id, epoch: { $lte: epoch } });
  await native(ctx.db.mirrors).updateOne(
    { _id, epoch: { $lte: epoch } },
    { $set: { ...nothingMirrored(), state: 'done' }, $unset: { transcripts: '', lagging: '' } },
  );
  const noted = await native(ctx.db.erasures).findOneAndUpdate(
    { _id, discord: { $ne: 'done' } },
    { $set: { discord: 'done' }, $inc: { 'counts.transcripts': transcripts } },
  );
  if (!noted || noted.done_at !== null) return;
  // The last look waits for it.
  const at = Math.max((noted.wiped_at ?? noted.at) + LAST_LOOK_MS, ctx.clock() + SETTLED_MS);
  if (noted.wiped_at !== null) await scheduleWork(ctx, { kind: WIPE_TICKET, key: ticketId, at });
}
