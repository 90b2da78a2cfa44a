import type { ObjectId } from 'mongodb';
import type { AppContext } from '../../context.ts';
import type { ErasureView } from '../../contract/erasures.ts';
import type { PageQuery } from '../../contract/pages.ts';
import { notFound } from '../../errors.ts';
import type { ErasureRow } from '../../models/erasure.ts';
import type { Actor } from '../access/actor.ts';
import { requireRight } from '../access/policy.ts';
import { majority, native, oid } from '../log/collections.ts';
import { type Page, readRows } from '../pages.ts';

/** What the parts of a customer's erasure come to together. */
export interface Parts {
  /** Of its tickets, those that are not wiped, and those that are not done. */
  unwiped: number;
  undone: number;
  /** Those of which Discord may have something, and those of which it had. */
  waiting: number;
  removed: number;
  /** Those of which it may still have a transcript that was not found. */
  unsure: number;
  entries: number;
  files: number;
  transcripts: number;
}

const noParts: Parts = {
  unwiped: 0,
  undone: 0,
  waiting: 0,
  removed: 0,
  unsure: 0,
  entries: 0,
  files: 0,
  transcripts: 0,
};

export async function sumParts(ctx: AppContext, id: ObjectId): Promise<Parts> {
  const count = (condition: object) => ({ $sum: { $cond: [condition, 1, 0] } });
  const [sum] = await native(ctx.db.erasures)
    .aggregate<Parts>(
      [
        { $match: { part_of: id } },
        {
          $group: {
            _id: null,
            unwiped: count({ $eq: ['$wiped_at', null] }),
            undone: count({ $eq: ['$done_at', null] }),
            waiting: count({ $eq: ['$discord', 'waiting'] }),
            removed: count({ $eq: ['$discord', 'done'] }),
            unsure: count({ $eq: ['$discord', 'unsure'] }),
            entries: { $sum: '$counts.entries' },
            files: { $sum: '$counts.files' },
            transcripts: { $sum: '$counts.transcripts' },
          },
        },
        { $project: { _id: 0 } },
      ],
      { readConcern: majority },
    )
    .toArray();
  return sum ?? noParts;
}

function view(row: ErasureRow, counts = row.counts, discord = row.discord): ErasureView {
  const { _id, kind, why, part_of, by, at, wiped_at, done_at, ticket } = row;
  return {
    id: _id.toHexString(),
    kind,
    why,
    part_of: part_of?.toHexString() ?? null,
    by,
    at,
    wiped_at,
    done_at,
    discord,
    counts,
    ...(ticket && {
      ticket: {
        number: ticket.number,
        created_at: ticket.created_at,
        closed_at: ticket.closed_at,
      },
    }),
  };
}

/** The worst of a customer's tickets says how it stands with all of them. */
function discordOf({ waiting, unsure, removed }: Parts): ErasureRow['discord'] {
  if (waiting > 0) return 'waiting';
  if (unsure > 0) return 'unsure';
  return removed > 0 ? 'done' : 'none';
}

/** A receipt as it is now: that of a customer with what its tickets have come to. */
export async function erasureView(ctx: AppContext, row: ErasureRow): Promise<ErasureView> {
  if (row.kind === 'ticket') return view(row);
  const parts = await sumParts(ctx, row._id);
  const { entries, files, transcripts } = parts;
  const { counts } = row;
  const all = { ...counts, entries, files: counts.files + files, transcripts };
  return view(row, all, discordOf(parts));
}

/** @throws AppError FORBIDDEN, NOT_FOUND */
export async function getErasure(ctx: AppContext, actor: Actor, id: string): Promise<ErasureView> {
  requireRight(ctx.config, actor, 'erase_customer', undefined);
  const row = await native(ctx.db.erasures).findOne({ _id: oid(id) }, { readConcern: majority });
  if (!row) throw notFound('erasure');
  return erasureView(ctx, row);
}

/** Receipts, newest first. */
export async function listErasures(
  ctx: AppContext,
  actor: Actor,
  query: PageQuery,
): Promise<Page<ErasureView>> {
  requireRight(ctx.config, actor, 'erase_customer', undefined);
  const { rows, total } = await readRows(native(ctx.db.erasures), query, { at: -1, _id: -1 });
  return { rows: await Promise.all(rows.map((row) => erasureView(ctx, row))), total };
}
