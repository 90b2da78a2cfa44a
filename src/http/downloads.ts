import { pipeline } from 'node:stream/promises';
import { encodeExtended } from 'content-disposition';
import { isHexId } from '../contract/ids.ts';
import { sizes } from '../contract/limits.ts';
import { countRequest } from '../domain/access/rate.ts';
import { isInline } from '../domain/files/content.ts';
import { findFile } from '../domain/files/read.ts';
import { isSignedLink } from '../domain/links.ts';
import { AppError, notFound } from '../errors.ts';
import type { OpenHandler } from './endpoint.ts';
import { sendError } from './reply.ts';
import type { RequestContext } from './request-context.ts';

/** The bytes of a file never change, so its id is as good a validator as any. */
const etagOf = (id: string) => `"${id}"`;

/**
 * `bytes=from-to`, both included; undefined for the whole file, which several ranges and what makes
 * no sense get too. (The package range-parser refuses a suffix longer than the file, and ranges that
 * RFC 9110 says to ignore.)
 */
function rangeOf({ req }: RequestContext, id: string, size: number) {
  const { range, 'if-range': validator } = req.headers;
  if (validator !== undefined && validator !== etagOf(id)) return undefined;
  const match = /^bytes=(\d*)-(\d*)$/.exec(range ?? '');
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

function fileHeaders(id: string, name: string, type: string): Record<string, string> {
  const disposition = isInline(type) ? 'inline' : 'attachment';
  return {
    'Content-Type': type,
    'Content-Disposition': `${disposition}; filename*=${encodeExtended(name)}`,
    'Content-Security-Policy': "default-src 'none'; sandbox",
    'X-Content-Type-Options': 'nosniff',
    'Cross-Origin-Resource-Policy': 'cross-origin',
    'Cache-Control': `private, max-age=${sizes.fileCacheSeconds}`,
    'Accept-Ranges': 'bytes',
    ETag: etagOf(id),
  };
}

/** GET /files/:id/:name — the link is the permission; no token is needed. */
export const serveFile: OpenHandler = async (ctx, request, { id = '' }) => {
  const { req, res, query, unsent } = request;
  try {
    if (!isHexId(id)) throw notFound('file');
    if (!isSignedLink(ctx, id, Number(query.get('exp')), query.get('sig') ?? '')) {
      throw new AppError('FORBIDDEN', 'the link is not signed by us, or has expired');
    }
    // Per file, not per link: a list of messages makes new links whenever it is asked for.
    await countRequest(ctx, 'download', id);
    const file = await findFile(ctx, id);
    const range = rangeOf(request, id, file.size);
    const length = range ? range.end - range.start + 1 : file.size;
    // The driver reads ahead, as far as the file goes.
    if (req.method !== 'HEAD') unsent?.add(res, length);
    res.writeHead(range ? 206 : 200, {
      ...fileHeaders(id, file.name, file.type),
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
