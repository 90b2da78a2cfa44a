import { buffer } from 'node:stream/consumers';
import type { AppContext } from '../../context.ts';
import { notFound } from '../../errors.ts';
import type { FileRow } from '../../models/entry.ts';
import { readRows } from './adopt.ts';
import { toFileRow } from './attach.ts';
import { livingHolders } from './holders.ts';

/**
 * A stored file by its id: one that a message has, or a fresh upload.
 * @throws AppError NOT_FOUND, from the moment on at which no message has it any more
 */
export async function findFile(ctx: AppContext, id: string): Promise<FileRow> {
  const [row] = await readRows(ctx, [id]);
  if (row?.state === 'stored') return toFileRow(row);
  if (row?.state !== 'doubtful') throw notFound('file');
  if ((await livingHolders(ctx, row)).length === 0) throw notFound('file');
  return toFileRow(row);
}

/** All bytes of a file; undefined where it is gone, though the log still names it. */
export async function loadFile(ctx: AppContext, id: string): Promise<Buffer | undefined> {
  try {
    return await buffer(ctx.files.read(id));
  } catch (error) {
    const [known] = await ctx.files.find([id]);
    if (known) throw error;
    return undefined;
  }
}
