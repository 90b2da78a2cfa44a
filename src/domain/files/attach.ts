import type { AppContext } from '../../context.ts';
import { sizes } from '../../contract/limits.ts';
import { AppError } from '../../errors.ts';
import type { FileRow } from '../../models/entry.ts';
import type { FileHolder, StoredFileRow } from '../../models/file.ts';
import type { Actor } from '../access/actor.ts';
import { native, oid } from '../log/collections.ts';
import { readRows } from './adopt.ts';
import { livingHolders } from './holders.ts';

/** How long a write that has begun may take to show in the log, in milliseconds. */
const WRITTEN_WITHIN_MS = 10 * 60_000;

const usable: readonly StoredFileRow['state'][] = ['stored', 'doubtful'];
const isUsable = (state: StoredFileRow['state']) => usable.includes(state);
const idsOf = (files: readonly FileRow[]) => files.map(({ id }) => id);

/** What the log and the views say of a stored file. */
export function toFileRow({ _id, name, type, bytes }: StoredFileRow): FileRow {
  return { id: _id.toHexString(), name, type, size: bytes };
}

function refusal(index: number, message: string, type: string): AppError {
  const location = `attachments.${index}`;
  return new AppError('BAD_REQUEST', 'Invalid form of body', {
    errors: [{ location, message, type, in: 'body' }],
  });
}

/**
 * Claims files for a message before it is written, so that none is collected under it. A claim whose
 * message never comes to be is found out when the collector looks at the file.
 * @returns ids of those that were claimed
 */
async function claim(ctx: AppContext, files: StoredFileRow[], holder: FileHolder) {
  const { storedFiles } = ctx.db;
  const last = `holders.${sizes.messagesPerFile - 1}`;
  const claimed = new Set<string>();
  for (const { _id } of files) {
    const filter = {
      _id,
      state: { $in: usable },
      $or: [{ [last]: { $exists: false } }, { holders: holder }],
    };
    const { matchedCount } = await native(storedFiles).updateOne(filter as never, [
      {
        $set: {
          holders: { $setUnion: ['$holders', [{ $literal: holder }]] },
          // A file that is never to be looked at again stays so until this message is deleted.
          due: { $cond: ['$due', { $max: ['$due', ctx.clock() + WRITTEN_WITHIN_MS] }, null] },
        },
      },
    ]);
    if (matchedCount > 0) claimed.add(_id.toHexString());
  }
  return claimed;
}

/**
 * The files a message is to carry, each once, in the order they were named; they are its from now on.
 * @param holder the message that is about to be written
 * @throws AppError BAD_REQUEST where one is missing, another ticket's or somebody else's, or in too
 *   many messages already
 */
export async function attachFiles(
  ctx: AppContext,
  actor: Actor,
  ticketId: string,
  ids: readonly string[],
  holder: FileHolder,
): Promise<FileRow[]> {
  const rows = await readRows(ctx, ids);
  const own = rows.filter(
    ({ ticket_id, uploader, state }) =>
      ticket_id.toHexString() === ticketId && uploader === actor.key && isUsable(state),
  );
  const found = new Map(own.map((row) => [row._id.toHexString(), row]));
  const missing = ids.findIndex((id) => !found.has(id));
  if (missing >= 0) {
    throw refusal(missing, 'is not a file you have uploaded to this ticket', 'unknown_file');
  }
  const claimed = await claim(ctx, own, holder);
  ctx.failpoint('after-claim');
  const refused = ids.findIndex((id) => !claimed.has(id));
  if (refused >= 0) {
    throw refusal(refused, 'is gone, or in too many messages already', 'unusable_file');
  }
  return [...new Set(ids)].map((id) => toFileRow(found.get(id) as StoredFileRow));
}

/** Claims files for a message that is there already, and is about to be edited to carry them. */
export async function holdFiles(
  ctx: AppContext,
  files: readonly FileRow[],
  holder: FileHolder,
): Promise<void> {
  await claim(ctx, await readRows(ctx, idsOf(files)), holder);
}

/**
 * Says that a message is about to lose these files. From here on their links ask the log, so that they
 * die with the message whatever happens to this process.
 */
export async function doubtFiles(ctx: AppContext, files: readonly FileRow[]): Promise<void> {
  if (files.length === 0) return;
  const rows = await readRows(ctx, idsOf(files));
  await native(ctx.db.storedFiles).updateMany(
    { _id: { $in: rows.map(({ _id }) => _id) }, state: { $in: usable } } as never,
    { $set: { state: 'doubtful', due: ctx.clock() + WRITTEN_WITHIN_MS } },
  );
}

/** Gives up those files that no message has any more; their bytes go with the collector's next round. */
export async function dropFiles(ctx: AppContext, files: readonly FileRow[]): Promise<void> {
  if (files.length === 0) return;
  const rows = await native(ctx.db.storedFiles)
    .find({ _id: { $in: files.map(({ id }) => oid(id)) } })
    .toArray();
  for (const row of rows) {
    if (row.state !== 'doubtful' || (await livingHolders(ctx, row)).length > 0) continue;
    await native(ctx.db.storedFiles).updateOne(
      { _id: row._id, state: 'doubtful', holders: row.holders } as never,
      { $set: { state: 'removing', due: ctx.clock() } },
    );
  }
}
