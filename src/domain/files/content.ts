import { PassThrough, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { fileTypeFromBuffer } from 'file-type';
import { sizes } from '../../contract/limits.ts';
import { isBlank, stripHidden } from '../../contract/text.ts';

const SNIFFED_BYTES = 4100;
const inlineTypes = new Set(['image/png', 'image/jpeg', 'image/gif', 'image/webp', 'image/avif']);

/** Images a browser may show in place; everything else is a download. */
export function isInline(type: string): boolean {
  return inlineTypes.has(type);
}

/** A name without a path or anything unseen, cut from the front of its ending. */
export function cleanFileName(name: string): string {
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
export async function sniff(start: Buffer): Promise<string> {
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
export async function peek(source: Readable): Promise<{ start: Buffer; whole: Readable }> {
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
