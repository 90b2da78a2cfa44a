import type { AppContext } from '../../context.ts';
import { isHexId } from '../../contract/ids.ts';
import type { FileHolder, StoredFileRow } from '../../models/file.ts';
import { isStaffKey } from '../access/actor.ts';
import { entryRows, majority, native, oid } from '../log/collections.ts';
import { inTransaction } from '../transactions.ts';
import { countBytes, UNATTACHED_FOR_MS, UPLOAD_WITHIN_MS, userRow } from './quota.ts';

type FileId = StoredFileRow['_id'];

/** Every message of the ticket that ever carried the file. */
async function holdersIn(ctx: AppContext, ticketId: string, id: string): Promise<FileHolder[]> {
  const rows = await entryRows(ctx.db)
    .find(
      { ticket_id: oid(ticketId), 'files.id': id },
      {
        readConcern: majority,
        projection: { stream: 1, 'of.id': 1 },
      },
    )
    .hint('entry_seq')
    .toArray();
  const holders = new Map<string, FileHolder>();
  for (const row of rows as unknown as { _id: FileId; stream: 'public'; of?: { id: FileId } }[]) {
    const message = row.of?.id ?? row._id;
    holders.set(message.toHexString(), { stream: row.stream, message });
  }
  return [...holders.values()];
}

/**
 * Makes the row of a file that has none, because an earlier version of the program has stored it, and
 * counts it. Which messages have it is read from the ticket's log, once.
 * @returns undefined where there is no such file
 */
export async function adoptFile(ctx: AppContext, id: FileId): Promise<StoredFileRow | undefined> {
  const hex = id.toHexString();
  const [file] = await ctx.files.find([hex]);
  if (!file) return undefined;
  const isTickets = isHexId(file.ticket_id);
  const holders = isTickets ? await holdersIn(ctx, file.ticket_id, hex) : [];
  const row: StoredFileRow = {
    _id: id,
    ticket_id: isTickets ? oid(file.ticket_id) : null,
    uploader: file.uploader,
    ...(isStaffKey(file.uploader) && { side: 'staff' }),
    name: file.name,
    type: file.type,
    bytes: file.size,
    state: holders.length > 0 ? 'doubtful' : 'stored',
    holders,
    due: holders.length > 0 ? ctx.clock() : file.created_at + UNATTACHED_FOR_MS,
    created_at: file.created_at,
  };
  try {
    await inTransaction(ctx, userRow(row), async (session) => {
      await native(ctx.db.storedFiles).insertOne(row, { session });
      await countBytes(ctx, row, row.bytes, session);
    });
    return row;
  } catch (error) {
    const known = await native(ctx.db.storedFiles).findOne({ _id: id });
    if (known) return known;
    throw error;
  }
}

/** The rows of these files, as a majority has them; of files that have none yet, made now. */
export async function readRows(ctx: AppContext, ids: readonly string[]): Promise<StoredFileRow[]> {
  if (ids.length === 0) return [];
  const wanted = ids.map(oid);
  const rows: StoredFileRow[] = await native(ctx.db.storedFiles)
    .find({ _id: { $in: wanted } }, { readConcern: majority })
    .toArray();
  const known = new Set(rows.map(({ _id }) => _id.toHexString()));
  for (const id of wanted) {
    if (known.has(id.toHexString())) continue;
    const adopted = await adoptFile(ctx, id);
    if (adopted) rows.push(adopted);
  }
  return rows;
}

/**
 * Goes through what bytes there are, in the order of the files' ids: makes the rows that are missing,
 * and removes what an upload of an earlier version has left that nobody can name.
 * @param after the last id of the page before
 * @returns the last id of this page; undefined where there are no more
 */
export async function adoptFiles(
  ctx: AppContext,
  after: string | undefined,
  limit: number,
): Promise<string | undefined> {
  const ids = await ctx.files.listIds(after, limit);
  const wanted = ids.map(oid);
  const rows = await native(ctx.db.storedFiles)
    .find({ _id: { $in: wanted } }, { projection: { _id: 1 } })
    .toArray();
  const known = new Set(rows.map(({ _id }) => _id.toHexString()));
  for (const id of wanted) {
    if (known.has(id.toHexString())) continue;
    const isOld = id.getTimestamp().getTime() + UPLOAD_WITHIN_MS < ctx.clock();
    if (!(await adoptFile(ctx, id)) && isOld) await ctx.files.remove(id.toHexString());
  }
  return ids.length < limit ? undefined : ids.at(-1);
}
