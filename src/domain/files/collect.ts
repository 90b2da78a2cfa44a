import type { AppContext } from '../../context.ts';
import type { StoredFileRow } from '../../models/file.ts';
import { native } from '../log/collections.ts';
import { livingHolders } from './holders.ts';
import { release } from './quota.ts';

/** How long a file that could not be collected waits for the next try, in milliseconds. */
const RETRY_MS = 5 * 60_000;

/** Changes a row unless somebody else has changed it since it was read. */
async function changeIfSame(
  ctx: AppContext,
  { _id, state, holders, due }: StoredFileRow,
  change: Partial<StoredFileRow>,
): Promise<boolean> {
  const { matchedCount } = await native(ctx.db.storedFiles).updateOne(
    { _id, state, holders, due } as never,
    { $set: change },
  );
  return matchedCount > 0;
}

/** Each step may be repeated: bytes first, the row and its count last. */
async function collect(ctx: AppContext, row: StoredFileRow): Promise<boolean> {
  if (row.state === 'stored' || row.state === 'doubtful') {
    if ((await livingHolders(ctx, row)).length > 0) {
      await changeIfSame(ctx, row, { state: 'stored', due: null });
      return false;
    }
  }
  return removeFile(ctx, row);
}

/**
 * Removes a file, whoever has it; from the first step on its links are dead.
 * @returns false where somebody else has changed it meanwhile
 */
export async function removeFile(ctx: AppContext, row: StoredFileRow): Promise<boolean> {
  if (row.state !== 'removing') {
    const marked = await changeIfSame(ctx, row, { state: 'removing', due: ctx.clock() });
    if (!marked) return false;
  }
  ctx.failpoint('before-file-removal');
  await ctx.files.remove(row._id.toHexString());
  ctx.failpoint('after-file-removal');
  await release(ctx, row);
  return true;
}

export interface CollectedFiles {
  removed: number;
  /** True where more may be due. */
  more: boolean;
}

/**
 * One round of the collector: looks at files that are due, the oldest first, and removes those that no
 * message has: uploads that were given up, those not named for a day, those of deleted messages. A
 * file that cannot be collected now holds up no other.
 * @param limit files looked at
 */
export async function collectFiles(ctx: AppContext, limit: number): Promise<CollectedFiles> {
  const rows = await native(ctx.db.storedFiles)
    .find({ due: { $lte: ctx.clock() } })
    .sort({ due: 1 })
    .limit(limit)
    .toArray();
  let removed = 0;
  for (const row of rows) {
    try {
      if (await collect(ctx, row)) removed++;
    } catch (error) {
      await changeIfSame(ctx, row, { due: ctx.clock() + RETRY_MS });
      ctx.log.warn(
        { file: row._id.toHexString(), reason: (error as Error).message },
        'a file could not be collected',
      );
    }
  }
  return { removed, more: rows.length === limit };
}
