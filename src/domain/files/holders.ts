import type { AppContext } from '../../context.ts';
import type { FileHolder, StoredFileRow } from '../../models/file.ts';
import type { LogId } from '../log/entry.ts';
import { readMessage } from '../log/message-reads.ts';

/** The message a holder names, as it is now; undefined where it never came to be, or not yet. */
async function messageOf(ctx: AppContext, file: StoredFileRow, holder: FileHolder) {
  const log: LogId = { ticketId: file.ticket_id.toHexString(), stream: holder.stream };
  if ('message' in holder) return readMessage(ctx.db, log, holder.message.toHexString());
  const entry = await ctx.store.findByClientId(log, file.uploader, holder.client_id);
  return entry && (await readMessage(ctx.db, log, entry.id));
}

/** Those of a file's holders that have it now, as the log says. */
export async function livingHolders(
  ctx: AppContext,
  file: StoredFileRow,
): Promise<readonly FileHolder[]> {
  const id = file._id.toHexString();
  const living: FileHolder[] = [];
  for (const holder of file.holders) {
    const message = await messageOf(ctx, file, holder);
    if (message?.files.some((row) => row.id === id) && !message.deleted) living.push(holder);
  }
  return living;
}
