import type { ClientSession } from 'mongodb';
import type { Types } from 'mongoose';
import type { AppContext } from '../../context.ts';
import { AppError, unavailable } from '../../errors.ts';
import type { StoredFileRow } from '../../models/file.ts';
import { native } from '../log/collections.ts';
import { inTransaction } from '../transactions.ts';

/** How long an upload may take before it counts as given up, in milliseconds. */
export const UPLOAD_WITHIN_MS = 10 * 60_000;
/** How long a file waits to be named in a message before it is collected, in milliseconds. */
export const UNATTACHED_FOR_MS = 24 * 60 * 60_000;

type Owned = Pick<StoredFileRow, 'ticket_id' | 'uploader'>;

export const userRow = ({ uploader }: Owned) => `user ${uploader}`;
const ticketRow = (id: Types.ObjectId) => `ticket ${id.toHexString()}`;

async function add(ctx: AppContext, _id: string, bytes: number, session: ClientSession) {
  const row = await native(ctx.db.usage).findOneAndUpdate(
    { _id },
    { $inc: { bytes } },
    { upsert: true, returnDocument: 'after', session },
  );
  return row?.bytes ?? bytes;
}

/** Counts bytes, or takes them off, for a file's uploader and its ticket, where it has one. */
export async function countBytes(
  ctx: AppContext,
  file: Owned,
  bytes: number,
  session: ClientSession,
): Promise<{ ofUser: number; ofTicket: number }> {
  const ofUser = await add(ctx, userRow(file), bytes, session);
  const { ticket_id: id } = file;
  return { ofUser, ofTicket: id ? await add(ctx, ticketRow(id), bytes, session) : 0 };
}

/**
 * Counts a file that had no ticket for the one that has it now.
 * @throws AppError PAYLOAD_TOO_LARGE where the ticket's quota is used up
 */
export async function countForTicket(
  ctx: AppContext,
  ticketId: Types.ObjectId,
  bytes: number,
  session: ClientSession,
): Promise<void> {
  const most = ctx.config.maxUploadBytesPerTicket;
  const ofTicket = await add(ctx, ticketRow(ticketId), bytes, session);
  if (ofTicket - bytes >= most) throw full('the files of this ticket', most);
}

const full = (what: string, limit: number) =>
  new AppError('PAYLOAD_TOO_LARGE', `${what} may have at most ${limit} bytes together`);

/**
 * Reservation: sets bytes aside for an upload that is about to begin. A user who has room for one
 * byte may store one more file, so several at once pass the quota by one file at most.
 * @param isLimited false for staff, whose files count for the ticket's quota only
 * @throws AppError PAYLOAD_TOO_LARGE where a quota is used up; nothing is counted then
 */
export function reserve(ctx: AppContext, row: StoredFileRow, isLimited: boolean): Promise<void> {
  const { maxUploadBytesPerUser: perUser, maxUploadBytesPerTicket: perTicket } = ctx.config;
  return inTransaction(ctx, userRow(row), async (session) => {
    const { ofUser, ofTicket } = await countBytes(ctx, row, row.bytes, session);
    if (isLimited && ofUser - row.bytes >= perUser) throw full('your files', perUser);
    if (row.ticket_id && ofTicket - row.bytes >= perTicket)
      throw full('the files of this ticket', perTicket);
    await native(ctx.db.storedFiles).insertOne(row, { session });
  });
}

/**
 * The bytes are there: what was set aside becomes what they are.
 * @throws AppError SERVICE_UNAVAILABLE where the upload took so long that it was collected
 */
export function settle(ctx: AppContext, row: StoredFileRow, size: number): Promise<void> {
  return inTransaction(ctx, userRow(row), async (session) => {
    const { modifiedCount } = await native(ctx.db.storedFiles).updateOne(
      { _id: row._id, state: 'uploading' },
      { $set: { state: 'stored', bytes: size, due: ctx.clock() + UNATTACHED_FOR_MS } },
      { session },
    );
    if (modifiedCount === 0) throw unavailable('the upload took too long');
    await countBytes(ctx, row, size - row.bytes, session);
  });
}

/** Takes a file off the quotas, once, and forgets it. Its bytes must be gone already. */
export function release(ctx: AppContext, { _id, ...owned }: StoredFileRow): Promise<void> {
  return inTransaction(ctx, userRow(owned), async (session) => {
    const row = await native(ctx.db.storedFiles).findOneAndDelete({ _id }, { session });
    if (row) await countBytes(ctx, row, -row.bytes, session);
  });
}
