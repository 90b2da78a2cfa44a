import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Types } from 'mongoose';
import type { AppContext } from '../../context.ts';
import { sizes } from '../../contract/limits.ts';
import type { FileView } from '../../contract/messages.ts';
import { AppError, invalidField } from '../../errors.ts';
import type { FileRow } from '../../models/entry.ts';
import type { StoredFileRow } from '../../models/file.ts';
import { type Actor, isStaff } from '../access/actor.ts';
import { requireRight } from '../access/policy.ts';
import { requireUnblocked } from '../blocks/block-list.ts';
import { fileView } from '../links.ts';
import { oid } from '../log/collections.ts';
import { readTicket } from '../tickets/read.ts';
import { requireOpen } from '../tickets/workflow.ts';

import { cleanFileName, peek, sniff } from './content.ts';
import { release, reserve, settle, UPLOAD_WITHIN_MS } from './quota.ts';

const tooLarge = () =>
  new AppError('PAYLOAD_TOO_LARGE', `a file may have at most ${sizes.file} bytes`);

const empty = () => invalidField('file', 'is empty', 'too_short');

/** Writes the bytes. @returns how many there were */
async function writeBytes(ctx: AppContext, row: StoredFileRow, source: Readable): Promise<number> {
  let size = 0;
  const count = async function* (chunks: AsyncIterable<Buffer>) {
    for await (const chunk of chunks) {
      size += chunk.length;
      if (size > sizes.file) throw tooLarge();
      yield chunk;
    }
  };
  const { _id, name, type, uploader, ticket_id } = row;
  const meta = { ticket_id: ticket_id?.toHexString() ?? '', uploader, type };
  await pipeline(source, count, ctx.files.create(_id.toHexString(), name, meta));
  return size;
}

/**
 * Stores one file for a ticket; the caller may then name its id in a message, within a day. Without a
 * ticket it belongs to nobody but the caller until one of theirs, or a message in it, names it.
 * @param atMost how many bytes it can have at most, where that is known: so many are set aside for it
 * @throws AppError PAYLOAD_TOO_LARGE (the file, or a quota used up), BAD_REQUEST (empty); nothing is
 *   kept then
 */
export async function storeFile(
  ctx: AppContext,
  actor: Actor,
  ticketId: string | null,
  name: string,
  source: Readable,
  atMost: number = sizes.file,
): Promise<FileRow> {
  const { start, whole } = await peek(source);
  if (start.length === 0) throw empty();
  const now = ctx.clock();
  const row: StoredFileRow = {
    _id: new Types.ObjectId(),
    ticket_id: ticketId === null ? null : oid(ticketId),
    uploader: actor.key,
    ...(isStaff(actor) && { side: 'staff' }),
    name: cleanFileName(name),
    type: await sniff(start),
    bytes: Math.min(Math.max(atMost, start.length), sizes.file),
    state: 'uploading',
    holders: [],
    due: now + UPLOAD_WITHIN_MS,
    created_at: now,
  };
  try {
    await reserve(ctx, row, !isStaff(actor));
    ctx.failpoint('after-reserve');
    const size = await writeBytes(ctx, row, whole);
    ctx.failpoint('after-bytes');
    await settle(ctx, row, size);
    return { id: row._id.toHexString(), name: row.name, type: row.type, size };
  } catch (error) {
    // What is still on its way has to go somewhere, or its sender never reads the answer.
    whole.resume();
    await giveUp(ctx, row);
    throw error;
  }
}

/** Takes back what is there of an upload; where that fails too, the collector does. */
async function giveUp(ctx: AppContext, row: StoredFileRow): Promise<void> {
  try {
    await ctx.files.remove(row._id.toHexString());
    await release(ctx, row);
  } catch (error) {
    ctx.log.warn({ reason: (error as Error).message }, 'a failed upload is left to the collector');
  }
}

/** Takes an upload of somebody who may write in the ticket, or without one may open one. */
export async function uploadFile(
  ctx: AppContext,
  actor: Actor,
  ticketId: string | null,
  name: string,
  source: Readable,
  atMost?: number,
): Promise<FileView> {
  return fileView(ctx, await storeFile(ctx, actor, ticketId, name, source, atMost));
}

/** Checks that the actor may upload to an open ticket, or for one to come, before any byte is read. */
export async function requireUploadable(
  ctx: AppContext,
  actor: Actor,
  ticketId: string | null,
): Promise<void> {
  if (ticketId === null) requireRight(ctx.config, actor, 'open_ticket', undefined);
  else {
    const { ticket } = await readTicket(ctx, actor, ticketId);
    requireRight(ctx.config, actor, 'upload_file', ticket);
    requireOpen(ticket);
  }
  await requireUnblocked(ctx, actor);
}
