import { buffer } from 'node:stream/consumers';
import type { AppContext } from '../../context.ts';
import { AppError, notFound } from '../../errors.ts';
import type { FileRow } from '../../models/entry.ts';
import type { StoredFileRow } from '../../models/file.ts';
import { type Actor, isSelf, isStaff } from '../access/actor.ts';
import { fileView } from '../links.ts';
import { hideTicket, readTicket } from '../tickets/read.ts';
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

/** Whether the ticket a file is in shows it to the actor: that of a note alone is the staff's. */
async function isShown(ctx: AppContext, actor: Actor, row: StoredFileRow): Promise<boolean> {
  if (isSelf(actor, row.uploader)) return true;
  if (!row.ticket_id) return false;
  await readTicket(ctx, actor, row.ticket_id.toHexString());
  const holders = await livingHolders(ctx, row);
  return isStaff(actor) ? holders.length > 0 : holders.some(({ stream }) => stream === 'public');
}

/**
 * The signed link of a file, for whoever may see it: its uploader, and those who see what carries it.
 * @throws AppError NOT_FOUND, alike for a file that is missing and for one they may not see
 */
export async function linkToFile(ctx: AppContext, actor: Actor, id: string): Promise<string> {
  const startedAt = performance.now();
  try {
    const [row] = await readRows(ctx, [id]);
    if (row && (await isShown(ctx, actor, row))) return fileView(ctx, await findFile(ctx, id)).url;
  } catch (error) {
    if (!(error instanceof AppError && error.code === 'NOT_FOUND')) throw error;
  }
  // A file's id is no ticket's: nothing is found there, at the pace of what is hidden.
  await hideTicket(ctx, id, startedAt, false);
  throw notFound('file');
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
