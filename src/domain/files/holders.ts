import type { AppContext } from '../../context.ts';
import type { FileHolder, StoredFileRow } from '../../models/file.ts';
import { majority, native } from '../log/collections.ts';
import type { LogId } from '../log/entry.ts';
import { readMessage } from '../log/message-reads.ts';

type MessageHolder = Exclude<FileHolder, { ticket: unknown }>;

/** The message a holder names, as it is now; undefined where it never came to be, or not yet. */
async function messageOf(ctx: AppContext, file: StoredFileRow, holder: MessageHolder) {
  if (!file.ticket_id) return undefined;
  const log: LogId = { ticketId: file.ticket_id.toHexString(), stream: holder.stream };
  if ('message' in holder) return readMessage(ctx.db, log, holder.message.toHexString());
  const entry = await ctx.store.findByClientId(log, file.uploader, holder.client_id);
  return entry && (await readMessage(ctx.db, log, entry.id));
}

async function isHeld(ctx: AppContext, file: StoredFileRow, holder: FileHolder): Promise<boolean> {
  const id = file._id.toHexString();
  if ('ticket' in holder) {
    const filter = { _id: holder.ticket, 'files.id': id };
    const options = { projection: { _id: 1 }, readConcern: majority };
    return (await native(ctx.db.tickets).findOne(filter as never, options)) !== null;
  }
  const message = await messageOf(ctx, file, holder);
  return message !== undefined && !message.deleted && message.files.some((row) => row.id === id);
}

/** Those of a file's holders that have it now, as the log says. */
export async function livingHolders(
  ctx: AppContext,
  file: StoredFileRow,
): Promise<readonly FileHolder[]> {
  const living: FileHolder[] = [];
  for (const holder of file.holders) {
    if (await isHeld(ctx, file, holder)) living.push(holder);
  }
  return living;
}
