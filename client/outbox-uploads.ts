import type { FileView } from '../src/contract/messages.ts';
import { DeskError, isRefusal, toDeskError } from './errors.ts';
import type { LocalFile, OutboxItem } from './outbox-item.ts';
import type { BlobStore } from './storage.ts';
import type { UploadWatch } from './upload.ts';

export type UploadFile = (
  ticketId: string,
  file: Blob,
  name: string,
  watch: UploadWatch,
) => Promise<FileView>;

interface UploadOptions {
  blobs: BlobStore;
  upload: UploadFile;
  signal: AbortSignal;
  /** The item with one file more that the server has. */
  onStored(item: OutboxItem): void;
  /** Of all the bytes still to be uploaded. */
  onProgress(share: number): void;
}

/**
 * Uploads what an item still has to bring, one file after the other; each step is kept, so that a
 * reload goes on with the next file.
 * @throws DeskError which names the file it is about
 */
export async function uploadFiles(
  item: OutboxItem,
  { blobs, upload, signal, onStored, onProgress }: UploadOptions,
): Promise<OutboxItem> {
  let current = item;
  const total = (item.uploads ?? []).reduce((sum, { size }) => sum + size, 0) || 1;
  let done = 0;
  for (const local of item.uploads ?? []) {
    const report = (share: number) => onProgress((done + share * local.size) / total);
    try {
      const blob = await blobs.get(local.key);
      if (!blob) throw new DeskError('FILE_GONE', 'the browser has not kept the file');
      report(0);
      const view = await upload(item.ticket_id, blob, local.name, { signal, onProgress: report });
      const uploads = (current.uploads ?? []).filter(({ key }) => key !== local.key);
      current = { ...current, files: [...current.files, view], uploads };
      done += local.size;
      onStored(current);
    } catch (thrown) {
      if (signal.aborted) throw new DeskError('DISCARDED', 'the message was discarded');
      throw aboutFile(toDeskError(thrown), local);
    }
  }
  return current;
}

function aboutFile(error: DeskError, { name }: LocalFile): DeskError {
  if (!isRefusal(error)) return error;
  const { code, message, errors, retryAfter } = error;
  return new DeskError(code, message, { errors, retryAfter, file: name, cause: error });
}
