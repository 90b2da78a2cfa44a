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

type Owned = Pick<StoredFileRow, 'ticket_id' | 'uploader' | 'side'>;

export const userRow = ({ uploader }: Owned) => `user ${uploader}`;

/** Each side of a ticket has a row of its own, so that no customer can measure what is in the notes. */
const ticketRow = (id: Types.ObjectId, { side }: Pick<Owned, 'side'>) =>
  ticketUsage(id.toHexString())[side === 'staff' ? 1 : 0];

/** The usage rows of a ticket: its customer's, and the staff's. */
export const ticketUsage = (ticketId: string): readonly [customer: string, staff: string] => [
  `ticket ${ticketId}`,
  `ticket ${ticketId} staff`,
];

async function add(ctx: AppContext, _id: string, bytes: number, session: ClientSession) {
  const row = await native(ctx.db.usage).findOneAndUpdate(
    { _id },
    { $inc: { bytes } },
    { upsert: true, returnDocument: 'after', session },
  );
  return row?.bytes ?? bytes;
}

/** Counts bytes, or takes them off, for a file's uploader and its side of its ticket, where it has one. */
export async function countBytes(
  ctx: AppContext,
  file: Owned,
  bytes: number,
  session: ClientSession,
): Promise<{ ofUser: number; ofTicket: number }> {
  const ofUser = await add(ctx, userRow(file), bytes, session);
  const { ticket_id: id } = file;
  return { ofUser, ofTicket: id ? await add(ctx, ticketRow(id, file), bytes, session) : 0 };
}

/**
 * Counts a file that had no ticket for the one that has it now.
 * @throws AppError PAYLOAD_TOO_LARGE where the ticket's quota is used up
 */
export async function countForTicket(
  ctx: AppContext,
  ticketId: Types.ObjectId,
  file: Pick<StoredFileRow, 'bytes' | 'side'>,
  session: ClientSession,
): Promise<void> {
  const ofTicket = await add(ctx, ticketRow(ticketId, file), file.bytes, session);
  requireRoom(ctx, file, ofTicket);
}

/** @param ofTicket what its side of the ticket takes up, the file included */
function requireRoom(
  ctx: AppContext,
  { bytes, side }: Pick<StoredFileRow, 'bytes' | 'side'>,
  ofTicket: number,
): void {
  const most = ctx.config.maxUploadBytesPerTicket;
  if (ofTicket - bytes < most) return;
  throw full(side ? 'the staff’s files of this ticket' : 'the files of this ticket', most);
}

const full = (what: string, limit: number) =>
  new AppError('PAYLOAD_TOO_LARGE', `${what} may have at most ${limit} bytes together`);

/**
 * Reservation: sets bytes aside for an upload that is about to begin. A user who has room for one
 * byte may store one more file, so several at once pass the quota by one file at most.
 * @param isLimited false for staff, whose files count for their quota of the ticket only
 * @throws AppError PAYLOAD_TOO_LARGE where a quota is used up; nothing is counted then
 */
export function reserve(ctx: AppContext, row: StoredFileRow, isLimited: boolean): Promise<void> {
  const { maxUploadBytesPerUser: perUser } = ctx.config;
  return inTransaction(ctx, userRow(row), async (session) => {
    const { ofUser, ofTicket } = await countBytes(ctx, row, row.bytes, session);
    if (isLimited && ofUser - row.bytes >= perUser) throw full('your files', perUser);
    if (row.ticket_id) requireRoom(ctx, row, ofTicket);
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
