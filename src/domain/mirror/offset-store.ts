import type { Types } from 'mongoose';
import type { AppContext } from '../../context.ts';
import type { OffsetStore } from '../consumers/offsets.ts';
import { majority, native, oid } from '../log/collections.ts';
import { publicLog } from '../log/entry.ts';
import { openStatuses } from '../tickets/workflow.ts';
import { markMirrors } from './mirrors.ts';

type Ids = AsyncIterable<{ _id: Types.ObjectId }>;

/** Tickets that may have been there before the bridge and are to be in Discord: open, or closed since. */
function listMeant(ctx: AppContext, since: number, after: string | undefined): Ids {
  return native(ctx.db.tickets).aggregate<{ _id: Types.ObjectId }>(
    [
      {
        $match: {
          ...(after && { _id: { $gt: oid(after) } }),
          $or: [{ status: { $in: openStatuses } }, { closed_at: { $gte: since } }],
        },
      },
      { $sort: { _id: 1 } },
      { $project: { _id: 1 } },
      { $lookup: { from: 'mirrors', localField: '_id', foreignField: '_id', as: 'mirror' } },
      { $match: { 'mirror.state': { $nin: ['open', 'failed'] } } },
      { $project: { _id: 1 } },
    ],
    { readConcern: majority, allowDiskUse: true },
  );
}

/**
 * The offset of the bridge is in its own rows, written together with what it has done in Discord.
 * @param epoch the lease's fencing token
 * @param since when the lease was first held ever: what was closed before is not the bridge's
 */
export function createMirrorOffsets(ctx: AppContext, epoch: number, since: number): OffsetStore {
  return {
    /** Those under way, and those that had something new when their process ended. */
    async *listLagging() {
      for (const filter of [{ state: { $in: ['open', 'failed'] } }, { lagging: true }]) {
        const rows: Ids = native(ctx.db.mirrors)
          .find(filter as never, { projection: { _id: 1 } })
          .sort({ _id: 1 }) as never;
        for await (const { _id } of rows) yield publicLog(_id.toHexString());
      }
    },
    markLagging: (logs) =>
      markMirrors(
        ctx,
        logs.map(({ ticketId }) => ticketId),
        epoch,
      ),
    async *listFirst(after) {
      for await (const { _id } of listMeant(ctx, since, after)) yield publicLog(_id.toHexString());
    },
  };
}
