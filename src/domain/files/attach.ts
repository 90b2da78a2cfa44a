import type { ClientSession } from 'mongodb';
import type { AppContext } from '../../context.ts';
import { sizes } from '../../contract/limits.ts';
import { invalidField } from '../../errors.ts';
import type { FileRow } from '../../models/entry.ts';
import type { FileHolder, StoredFileRow } from '../../models/file.ts';
import type { TicketRow } from '../../models/ticket.ts';
import type { Actor } from '../access/actor.ts';
import { native, oid } from '../log/collections.ts';
import { inTransaction } from '../transactions.ts';
import { readRows } from './adopt.ts';
import { livingHolders } from './holders.ts';
import { countForTicket, userRow } from './quota.ts';

/** How long a write that has begun may take to show in the log, in milliseconds. */
const WRITTEN_WITHIN_MS = 10 * 60_000;

const usable: readonly StoredFileRow['state'][] = ['stored', 'doubtful'];
const isUsable = (state: StoredFileRow['state']) => usable.includes(state);
const idsOf = (files: readonly FileRow[]) => files.map(({ id }) => id);

/** What the log and the views say of a stored file. */
export function toFileRow({ _id, name, type, bytes }: StoredFileRow): FileRow {
  return { id: _id.toHexString(), name, type, size: bytes };
}

const refusal = (index: number, message: string, type: string) =>
  invalidField(`attachments.${index}`, message, type);

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

/** Those of the files that may be named where the ticket is, or where there is none yet; null for that. */
async function findOwn(
  ctx: AppContext,
  actor: Actor,
  ticketId: string | null,
  ids: readonly string[],
): Promise<Map<string, StoredFileRow>> {
  const own = (await readRows(ctx, ids)).filter(({ ticket_id, uploader, state }) => {
    const place = ticket_id?.toHexString() ?? null;
    return (place === null || place === ticketId) && uploader === actor.key && isUsable(state);
  });
  const found = new Map(own.map((row) => [row._id.toHexString(), row]));
  const missing = ids.findIndex((id) => !found.has(id));
  if (missing < 0) return found;
  const where = ticketId === null ? 'and not used yet' : 'to this ticket';
  throw refusal(missing, `is not a file you have uploaded ${where}`, 'unknown_file');
}

/** Makes files that had no ticket a ticket's own, and counts them for it; each in a transaction. */
async function moveToTicket(
  ctx: AppContext,
  files: readonly StoredFileRow[],
  ticketId: string,
): Promise<void> {
  for (const row of files) {
    if (row.ticket_id !== null) continue;
    const ticket_id = oid(ticketId);
    await inTransaction(ctx, userRow(row), async (session) => {
      const { matchedCount } = await native(ctx.db.storedFiles).updateOne(
        { _id: row._id, ticket_id: null },
        { $set: { ticket_id } },
        { session },
      );
      if (matchedCount > 0) await countForTicket(ctx, ticket_id, row, session);
    });
  }
}

/**
 * The files that a new ticket is opened with, as they are to stand in its row.
 * @throws AppError BAD_REQUEST where one is missing, somebody else's, or used already
 */
export async function findUnused(
  ctx: AppContext,
  actor: Actor,
  ids: readonly string[],
): Promise<FileRow[]> {
  const found = await findOwn(ctx, actor, null, ids);
  return [...new Set(ids)].map((id) => toFileRow(found.get(id) as StoredFileRow));
}

/**
 * Gives a new ticket its files, in the transaction that inserts it: it has all of them, or is not there.
 * @throws AppError BAD_REQUEST where one is used by now; PAYLOAD_TOO_LARGE
 */
export async function giveToTicket(
  ctx: AppContext,
  { _id, files }: Pick<TicketRow, '_id' | 'files'>,
  uploader: string,
  session: ClientSession,
): Promise<void> {
  const holders: FileHolder[] = [{ stream: 'public', ticket: _id }];
  for (const [index, file] of files.entries()) {
    const row = await native(ctx.db.storedFiles).findOneAndUpdate(
      { _id: oid(file.id), uploader, ticket_id: null, state: 'stored', holders: [] } as never,
      { $set: { ticket_id: _id, holders, due: null } },
      { session },
    );
    if (!row) throw refusal(index, 'is gone, or used already', 'unusable_file');
    await countForTicket(ctx, _id, row, session);
  }
}

/** Has the collector take what was uploaded for nothing, where it is still unused. */
export async function forgetUnused(ctx: AppContext, actor: Actor, ids: readonly string[]) {
  if (ids.length === 0) return;
  await native(ctx.db.storedFiles).updateMany(
    { _id: { $in: ids.map(oid) }, uploader: actor.key, ticket_id: null } as never,
    { $set: { due: ctx.clock() } },
  );
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
  const found = await findOwn(ctx, actor, ticketId, ids);
  const own = [...found.values()];
  await moveToTicket(ctx, own, ticketId);
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
