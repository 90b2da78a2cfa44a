import { PassThrough, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { fileTypeFromBuffer } from 'file-type';
import { Types } from 'mongoose';
import type { AppContext } from '../context.ts';
import { sizes } from '../contract/limits.ts';
import type { FileView } from '../contract/messages.ts';
import { isBlank, stripHidden } from '../contract/text.ts';
import { AppError, notFound } from '../errors.ts';
import type { FileMeta, StoredFile } from '../infra/file-store.ts';
import type { FileRow } from '../models/entry.ts';
import type { Actor } from './access/actor.ts';
import { fileView } from './links.ts';
import { readTicket } from './tickets/read.ts';
import { requireOpen } from './tickets/workflow.ts';

const SNIFFED_BYTES = 4100;
const inlineTypes = new Set(['image/png', 'image/jpeg', 'image/gif', 'image/webp', 'image/avif']);

/** Images a browser may show in place; everything else is a download. */
export function isInline(type: string): boolean {
  return inlineTypes.has(type);
}

/** A name without a path or anything unseen, cut from the front of its ending. */
function cleanFileName(name: string): string {
  const base = name.toWellFormed().split(/[\\/]/).pop() ?? '';
  const printable = stripHidden(base)
    .replace(/["<>|:*?]/g, '')
    .trim();
  const characters = [...printable.replace(/^\.+/, '')];
  if (isBlank(printable)) return 'file';
  if (characters.length <= sizes.fileName) return characters.join('');
  const ending = /\.[\p{L}\p{N}]{1,10}$/u.exec(characters.join(''))?.[0] ?? '';
  return characters.slice(0, sizes.fileName - ending.length).join('') + ending;
}

/** The type the bytes have, whatever the sender called them. */
async function sniff(start: Buffer): Promise<string> {
  const found = await fileTypeFromBuffer(start);
  if (found) return found.mime;
  try {
    // A cut character at the end of the sample is not an error.
    new TextDecoder('utf-8', { fatal: true }).decode(start, { stream: true });
    return start.includes(0) ? 'application/octet-stream' : 'text/plain; charset=utf-8';
  } catch {
    return 'application/octet-stream';
  }
}

/** Reads the first bytes of a stream, and gives it back with nothing missing. */
async function peek(source: Readable): Promise<{ start: Buffer; whole: Readable }> {
  const chunks: Buffer[] = [];
  let size = 0;
  const iterator = source[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  while (size < SNIFFED_BYTES) {
    const { value, done } = await iterator.next();
    if (done) break;
    chunks.push(value);
    size += value.length;
  }
  const rest = async function* () {
    yield* chunks;
    for (;;) {
      const { value, done } = await iterator.next();
      if (done) return;
      yield value;
    }
  };
  const whole = new PassThrough();
  void pipeline(rest, whole).catch(() => undefined);
  return { start: Buffer.concat(chunks), whole };
}

const tooLarge = () =>
  new AppError('PAYLOAD_TOO_LARGE', `a file may have at most ${sizes.file} bytes`);

/**
 * Stores one file for a ticket; the caller may then name its id in a message.
 * @throws AppError PAYLOAD_TOO_LARGE, BAD_REQUEST (empty); nothing is kept then
 */
export async function storeFile(
  ctx: AppContext,
  actor: Actor,
  ticketId: string,
  name: string,
  source: Readable,
): Promise<FileRow> {
  const { start, whole } = await peek(source);
  if (start.length === 0) {
    throw new AppError('BAD_REQUEST', 'Invalid form of body', {
      errors: [{ location: 'file', message: 'is empty', type: 'too_short', in: 'body' }],
    });
  }
  const id = new Types.ObjectId().toHexString();
  const type = await sniff(start);
  const clean = cleanFileName(name);
  const meta: FileMeta = { ticket_id: ticketId, uploader: actor.key, type };
  let size = 0;
  const count = async function* (chunks: AsyncIterable<Buffer>) {
    for await (const chunk of chunks) {
      size += chunk.length;
      if (size > sizes.file) throw tooLarge();
      yield chunk;
    }
  };
  await pipeline(whole, count, ctx.files.create(id, clean, meta));
  return { id, name: clean, type, size };
}

/** Takes an upload of somebody who may write in the ticket. */
export async function uploadFile(
  ctx: AppContext,
  actor: Actor,
  ticketId: string,
  name: string,
  source: Readable,
): Promise<FileView> {
  return fileView(ctx, await storeFile(ctx, actor, ticketId, name, source));
}

/** Checks that the actor may upload to an open ticket, before any byte is read. */
export async function requireUploadable(
  ctx: AppContext,
  actor: Actor,
  ticketId: string,
): Promise<void> {
  const { ticket } = await readTicket(ctx, actor, ticketId);
  requireOpen(ticket);
}

/**
 * The files a message is to carry, each once, in the order they were named.
 * @throws AppError BAD_REQUEST where one is missing, another ticket's or somebody else's
 */
export async function attachFiles(
  ctx: AppContext,
  actor: Actor,
  ticketId: string,
  ids: readonly string[],
): Promise<FileRow[]> {
  const found = new Map((await ctx.files.find(ids)).map((file) => [file.id, file]));
  return ids.flatMap((id, index) => {
    const file = found.get(id);
    if (file && file.ticket_id === ticketId && file.uploader === actor.key) {
      return ids.indexOf(id) === index ? [toFileRow(file)] : [];
    }
    throw new AppError('BAD_REQUEST', 'Invalid form of body', {
      errors: [
        {
          location: `attachments.${index}`,
          message: 'is not a file you have uploaded to this ticket',
          type: 'unknown_file',
          in: 'body',
        },
      ],
    });
  });
}

function toFileRow({ id, name, type, size }: StoredFile): FileRow {
  return { id, name, type, size };
}

/** A stored file by its id. @throws AppError NOT_FOUND */
export async function findFile(ctx: AppContext, id: string): Promise<StoredFile> {
  const [file] = await ctx.files.find([id]);
  if (!file) throw notFound('file');
  return file;
}
