import type { Readable } from 'node:stream';
import busboy, { type FileInfo } from 'busboy';
import type { AppContext } from '../context.ts';
import { sizes } from '../contract/limits.ts';
import type { Actor } from '../domain/access/actor.ts';
import { forgetUnused } from '../domain/files/attach.ts';
import { requireUploadable, uploadFile } from '../domain/files/upload.ts';
import { AppError } from '../errors.ts';
import { openBody } from './body.ts';
import { guarded } from './guarded.ts';
import type { RequestContext } from './request-context.ts';

/** What a form held: its texts as a body, the ids of its files among them. */
export interface Form {
  fields: Record<string, unknown>;
  /** Gives up the files of a form that came to nothing. */
  forget(): Promise<void>;
}

const MOST_FIELDS = 30;

export function isForm({ req }: RequestContext): boolean {
  return /^multipart\/form-data\s*;/i.test(req.headers['content-type'] ?? '');
}

function createParser({ req }: RequestContext) {
  try {
    return busboy({
      headers: req.headers,
      defParamCharset: 'utf8',
      limits: {
        // One more than allowed of each, so that it is seen that it was too much.
        files: sizes.filesPerMessage + 1,
        fields: MOST_FIELDS + 1,
        fieldSize: sizes.body,
        fileSize: sizes.file + 1,
      },
    });
  } catch (error) {
    throw new AppError('BAD_REQUEST', (error as Error).message);
  }
}

/** A text of a form: an object where the field is one, nothing where an input was left empty. */
function parseField(name: string, value: string): unknown {
  if (name !== 'context') return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}

/**
 * Reads a form of texts and files, whatever the files' fields are called. Files are stored as they come,
 * as uploads that no ticket has yet.
 * @param into the field that takes the ids of the files
 * @throws AppError FORBIDDEN, BAD_REQUEST, PAYLOAD_TOO_LARGE; what was stored is given up then
 */
export async function readForm(
  ctx: AppContext,
  actor: Actor,
  request: RequestContext,
  into: string,
): Promise<Form> {
  await requireUploadable(ctx, actor, null);
  const parser = createParser(request);
  const { req } = request;
  const fields: Record<string, unknown> = {};
  const uploads: Promise<{ id: string }>[] = [];
  const forget = async () => {
    const stored = await Promise.allSettled(uploads);
    const ids = stored.flatMap((one) => (one.status === 'fulfilled' ? one.value.id : []));
    await forgetUnused(ctx, actor, ids);
  };
  openBody(request);
  const read = new Promise<void>((resolve, reject) => {
    let size = 0;
    let count = 0;
    // A part may have no name, whatever the parser's types say.
    const onField = (name: string | undefined, value: string) => {
      if (name === undefined) throw new AppError('BAD_REQUEST', 'a field of the form has no name');
      size += Buffer.byteLength(name) + Buffer.byteLength(value);
      count += 1;
      if (size > sizes.body || count > MOST_FIELDS) {
        const message = `a form may have ${MOST_FIELDS} fields and ${sizes.body} bytes of text`;
        reject(new AppError('PAYLOAD_TOO_LARGE', message));
      } else if (value !== '' && name !== into) fields[name] = parseField(name, value);
    };
    const onFile = (_field: unknown, bytes: Readable, { filename }: FileInfo) => {
      bytes.on('error', () => undefined);
      // A browser sends an empty part for a file input nobody used.
      if (!filename) return void bytes.resume();
      if (uploads.length >= sizes.filesPerMessage) {
        bytes.resume();
        const message = `a ticket may have at most ${sizes.filesPerMessage} files`;
        return void reject(new AppError('PAYLOAD_TOO_LARGE', message));
      }
      const upload = uploadFile(ctx, actor, null, filename, bytes);
      uploads.push(upload);
      upload.catch((error) => {
        bytes.resume();
        reject(error);
      });
    };
    parser.on('field', guarded(reject, onField));
    parser.on('file', guarded(reject, onFile));
    parser.on('error', (error: Error) => reject(new AppError('BAD_REQUEST', error.message)));
    parser.on('close', resolve);
    req.on('aborted', () => parser.destroy(new Error('the request was cut off')));
    req.pipe(parser);
  }).finally(() => req.unpipe(parser));
  try {
    await read;
    const stored = await Promise.all(uploads);
    if (stored.length > 0) fields[into] = stored.map(({ id }) => id);
    return { fields, forget };
  } catch (error) {
    await forget();
    throw error;
  }
}
