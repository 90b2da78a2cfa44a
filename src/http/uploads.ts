import type { Readable } from 'node:stream';
import busboy, { type FileInfo } from 'busboy';
import { sizes } from '../contract/limits.ts';
import { linkToFile } from '../domain/files/read.ts';
import { requireUploadable, uploadFile } from '../domain/files/upload.ts';
import { AppError, invalidField } from '../errors.ts';
import { openBody } from './body.ts';
import type { Handlers } from './endpoint.ts';
import { guarded } from './guarded.ts';
import type { RequestContext } from './request-context.ts';

/** Multipart framing and the other fields of a form, beside the file itself. */
const FORM_OVERHEAD = 64 * 1024;
/** How much of a form's start is looked at to say what is wrong with it. */
const EXAMINED_BYTES = 4096;

const wrongFile = (message: string, type: string) => invalidField('file', message, type);

/** Why a form that has ended had no file in it. */
function describeMissing(start: Buffer, others: readonly string[]): AppError {
  // The parser drops a part without a word where it cannot read what the part says of itself.
  const header = /^content-disposition:.*\bname="?file"?(?:[\s;].*)?$/im.exec(
    start.toString('latin1'),
  );
  if (header && others.length === 0) {
    const quoted = /filename\*\s*=\s*"/i.test(header[0]);
    const why = quoted ? ': the value of filename* must not be in quotes' : '';
    return wrongFile(
      `has a Content-Disposition that cannot be read (RFC 7578)${why}`,
      'invalid_header',
    );
  }
  if (others.length === 0) return wrongFile('is required', 'required');
  const names = others.map((name) => (name ? `named "${name.slice(0, 50)}"` : 'without a name'));
  return wrongFile(`is required; the form has a file ${names.join(', ')}`, 'required');
}

function createForm({ req }: RequestContext) {
  if (!/^multipart\/form-data\s*;/i.test(req.headers['content-type'] ?? '')) {
    throw new AppError('UNSUPPORTED_MEDIA_TYPE', 'the body must be multipart/form-data');
  }
  if (Number(req.headers['content-length'] ?? 0) > sizes.file + FORM_OVERHEAD) {
    throw new AppError('PAYLOAD_TOO_LARGE', `a file may have at most ${sizes.file} bytes`);
  }
  try {
    return busboy({
      headers: req.headers,
      defParamCharset: 'utf8',
      // One byte more than allowed, so that the verb sees that it was too much.
      limits: { files: 1, fields: 10, fieldSize: 1024, fileSize: sizes.file + 1 },
    });
  } catch (error) {
    throw new AppError('BAD_REQUEST', (error as Error).message);
  }
}

/**
 * Hands the field `file` of a form to `take` while it arrives. Ends as soon as `take` fails: what is
 * left of the form is the answer's to discard.
 */
function readFileField<T>(
  request: RequestContext,
  take: (name: string, bytes: Readable) => Promise<T>,
): Promise<T> {
  const form = createForm(request);
  const { req } = request;
  openBody(request);
  return new Promise<T>((resolve, reject) => {
    let taken: Promise<T> | undefined;
    let start = Buffer.alloc(0);
    const others: string[] = [];
    const examine = (chunk: Buffer) => {
      start = Buffer.concat([start, chunk.subarray(0, EXAMINED_BYTES - start.length)]);
      if (start.length >= EXAMINED_BYTES) req.off('data', examine);
    };
    req.on('data', examine);
    // A part may have no name, whatever the parser's types say.
    const onFile = (field: string | undefined, bytes: Readable, { filename }: FileInfo) => {
      // The parser ends every part with an error where the form is cut off, whoever reads it.
      bytes.on('error', () => undefined);
      if (field !== 'file' || taken !== undefined) {
        others.push(field ?? '');
        bytes.resume();
        return;
      }
      taken = take(filename ?? 'file', bytes);
      taken.catch((error) => {
        bytes.resume();
        reject(error);
      });
    };
    const onClose = () => {
      if (taken !== undefined) taken.then(resolve, reject);
      else reject(describeMissing(start, others));
    };
    form.on('file', guarded(reject, onFile));
    form.on('error', (error: Error) => reject(new AppError('BAD_REQUEST', error.message)));
    form.on('close', guarded(reject, onClose));
    req.on('aborted', () => form.destroy(new Error('the request was cut off')));
    req.pipe(form);
  }).finally(() => req.unpipe(form));
}

export const uploadHandlers = {
  async uploadFile({ ctx, actor, params: { ticketId }, request }) {
    await requireUploadable(ctx, actor, ticketId);
    // Of the whole form: the file cannot be larger.
    const atMost = Number(request.req.headers['content-length']) || undefined;
    const file = await readFileField(request, (name, bytes) =>
      uploadFile(ctx, actor, ticketId, name, bytes, atMost),
    );
    return { status: 201, body: file };
  },
  async uploadAttachment({ ctx, actor, request }) {
    await requireUploadable(ctx, actor, null);
    const atMost = Number(request.req.headers['content-length']) || undefined;
    const file = await readFileField(request, (name, bytes) =>
      uploadFile(ctx, actor, null, name, bytes, atMost),
    );
    return { status: 201, body: file };
  },
  async findAttachment({ ctx, actor, params }) {
    const Location = await linkToFile(ctx, actor, params.attachmentId);
    return { status: 302, body: undefined, headers: { Location } };
  },
} satisfies Partial<Handlers>;
