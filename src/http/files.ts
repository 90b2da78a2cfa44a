import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import busboy from 'busboy';
import { isHexId } from '../contract/ids.ts';
import { sizes } from '../contract/limits.ts';
import { countRequest } from '../domain/access/rate.ts';
import { findFile, isInline, requireUploadable, uploadFile } from '../domain/files.ts';
import { isSignedLink } from '../domain/links.ts';
import { AppError, notFound } from '../errors.ts';
import type { Handlers, OpenHandler } from './endpoint.ts';
import { sendError } from './reply.ts';
import type { RequestContext } from './request-context.ts';

/** Multipart framing and the other fields of a form, beside the file itself. */
const FORM_OVERHEAD = 64 * 1024;

function missingFile(): AppError {
  return new AppError('BAD_REQUEST', 'Invalid form of body', {
    errors: [{ location: 'file', message: 'is required', type: 'required', in: 'body' }],
  });
}

function openForm({ req }: RequestContext) {
  if (!/^multipart\/form-data\s*;/i.test(req.headers['content-type'] ?? '')) {
    throw new AppError('UNSUPPORTED_MEDIA_TYPE', 'the body must be multipart/form-data');
  }
  if (Number(req.headers['content-length'] ?? 0) > sizes.file + FORM_OVERHEAD) {
    throw new AppError('PAYLOAD_TOO_LARGE', `a file may have at most ${sizes.file} bytes`, {
      headers: { Connection: 'close' },
    });
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

/** Hands the field `file` of a form to `take` while it arrives. */
function readFileField<T>(
  request: RequestContext,
  take: (name: string, bytes: Readable) => Promise<T>,
): Promise<T> {
  const form = openForm(request);
  return new Promise((resolve, reject) => {
    let taken: Promise<T> | undefined;
    form.on('file', (field, bytes, { filename }) => {
      if (field !== 'file' || taken !== undefined) {
        bytes.resume();
        return;
      }
      taken = take(filename ?? 'file', bytes);
      taken.catch(() => void bytes.resume());
    });
    form.on('error', (error: Error) => reject(new AppError('BAD_REQUEST', error.message)));
    form.on('close', () => {
      if (taken !== undefined) taken.then(resolve, reject);
      else reject(missingFile());
    });
    request.req.on('aborted', () => form.destroy(new Error('the request was cut off')));
    request.req.pipe(form);
  });
}

/** `bytes=from-to`, both included; undefined where there is no such header, or none that makes sense. */
function parseRange(header: string | undefined, size: number) {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? '');
  if (!match || (match[1] === '' && match[2] === '')) return undefined;
  const [, from = '', to = ''] = match;
  if (from !== '' && to !== '' && Number(to) < Number(from)) return undefined;
  const start = from === '' ? Math.max(0, size - Number(to)) : Number(from);
  const end = from === '' || to === '' ? size - 1 : Math.min(Number(to), size - 1);
  if (start < size) return { start, end };
  throw new AppError('RANGE_NOT_SATISFIABLE', 'the range lies outside the file', {
    headers: { 'Content-Range': `bytes */${size}` },
  });
}

/** A name as RFC 8187 wants it, which reserves more than a URL does. */
function encodeFileName(name: string): string {
  const encode = (character: string) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
  return encodeURIComponent(name).replace(/['()*]/g, encode);
}

function fileHeaders(name: string, type: string): Record<string, string> {
  const disposition = isInline(type) ? 'inline' : 'attachment';
  return {
    'Content-Type': type,
    'Content-Disposition': `${disposition}; filename*=UTF-8''${encodeFileName(name)}`,
    'Content-Security-Policy': "default-src 'none'; sandbox",
    'X-Content-Type-Options': 'nosniff',
    'Cross-Origin-Resource-Policy': 'cross-origin',
    'Cache-Control': `private, max-age=${sizes.fileCacheSeconds}`,
    'Accept-Ranges': 'bytes',
  };
}

/** GET /files/:id/:name — the link is the permission; no token is needed. */
const serveFile: OpenHandler = async (ctx, request, params) => {
  const { req, res, query } = request;
  try {
    const { id = '' } = params;
    const sig = query.get('sig') ?? '';
    if (!isHexId(id)) throw notFound('file');
    if (!isSignedLink(ctx, id, Number(query.get('exp')), sig)) {
      throw new AppError('FORBIDDEN', 'the link is not signed by us, or has expired');
    }
    await countRequest(ctx, 'download', sig);
    const file = await findFile(ctx, id);
    const range = parseRange(req.headers.range, file.size);
    const length = range ? range.end - range.start + 1 : file.size;
    res.writeHead(range ? 206 : 200, {
      ...fileHeaders(file.name, file.type),
      'Content-Length': length,
      ...(range && { 'Content-Range': `bytes ${range.start}-${range.end}/${file.size}` }),
    });
    if (req.method === 'HEAD') res.end();
    else await pipeline(ctx.files.read(id, range), res);
  } catch (error) {
    if (res.headersSent) res.destroy();
    else sendError(ctx, request, error);
  }
};

export const fileHandlers = {
  async uploadFile({ ctx, actor, params: { ticketId }, request }) {
    await requireUploadable(ctx, actor, ticketId);
    const file = await readFileField(request, (name, bytes) =>
      uploadFile(ctx, actor, ticketId, name, bytes),
    );
    return { status: 201, body: file };
  },
  downloadFile: serveFile,
} satisfies Partial<Handlers>;
